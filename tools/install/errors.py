"""What can go wrong that a person can mend."""

from typing import ClassVar


class InstallError(Exception):
    """Shown as it is, without a traceback, with exit code 2."""

    for_people: ClassVar[bool] = True


class NotReachableError(InstallError):
    """The official release could not be fetched from here; building may still be possible."""

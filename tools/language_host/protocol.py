"""Makes the protocol's modules importable without the rest of the Pulumi SDK."""

import sys
from importlib.machinery import PathFinder
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def skip_sdk_start_up() -> None:
    """Let `pulumi.runtime.proto.x` be imported alone, without executing the packages above it.

    Does nothing when the SDK is already imported, or is not installed (the import itself then says so).
    """
    # The engine starts two hosts per run and waits for each. `import pulumi` executes the whole SDK with its
    # tracing libraries, about 180 ms of processor time, of which a host needs nothing. So empty modules that
    # only know where their submodules are take the packages' places.
    if "pulumi" in sys.modules:
        return
    found = PathFinder.find_spec("pulumi")
    if found is None or found.submodule_search_locations is None:
        return
    folders = list(found.submodule_search_locations)
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = ["/".join([folder, *name.split(".")[1:]]) for folder in folders]
        sys.modules[name] = package

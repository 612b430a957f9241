"""Whether an environment fits its vCenter, asked before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.diagnosis import what_does_not_fit
from infra.errors import PersonError
from infra.vsphere.examination import examine
from infra.vsphere.places import check_places
from infra.vsphere.session import vcenter_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.diagnosis import Diagnosis
    from infra.model.environment import Environment
    from infra.model.release import Release
    from infra.operate.engine import LayerStack
    from infra.vsphere.session import Credentials


class DoesNotFit(PersonError):
    """An environment that its vCenter has no room for."""

    def __init__(self, server: str, found: Iterable[Diagnosis]) -> None:
        super().__init__("\n".join(f"vCenter {server}: {each.check}: {each.found}; {each.fix}" for each in found))


def check_fit(stack: LayerStack, environment: Environment, release: Release) -> Credentials:
    """Return the login of a vCenter in which an environment fits.

    Raises what is wrong with vCenter, login or places, and `DoesNotFit` with everything that does not fit.
    """
    credentials = stack.credentials(environment)
    with vcenter_session(credentials) as vcenter:
        check_places(vcenter, environment)
        facts = examine(vcenter, environment, credentials.user)
    wrong = what_does_not_fit(environment, release, facts)
    if wrong:
        raise DoesNotFit(environment.vcenter.server, wrong)
    return credentials

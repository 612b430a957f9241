"""The identity of a Kubernetes cluster as a kind of resource: authorities and keys, made once and kept in the state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.errors import PersonError
from infra.identity import RENEWED_BEFORE, Identity, admin_kubeconfig, ca_hash, expires, new_identity
from infra.vsphere.provider.kinds import Change, Found, Login, ResourceKind

if TYPE_CHECKING:
    from infra.vsphere.provider.values import Properties

INPUTS = ("cluster", "address")
PLAIN_OUTPUTS = ("caHash", "caExpires", "adminExpires")
_FIELDS = Identity.property_names()
SECRET_OUTPUTS = (*_FIELDS.values(), "adminKubeconfig")


class NotImportable(PersonError):
    """An identity can't be read from anywhere: it is in the state or lost."""

    def __init__(self, identifier: str) -> None:
        reason = "a cluster identity can't be imported: its keys are in no place that could be asked"
        super().__init__(f"{identifier}: {reason}; restore the stack's state from its backup")


class ClusterIdentity(ResourceKind):
    """Authorities, keys, bootstrap token and administrator's kubeconfig of one cluster.

    `cluster` is its name and never changes: every node was booted with what was made for it. A new `address` of the
    API, or an administrator's certificate that ends soon, makes a new kubeconfig and leaves the rest as it is.
    """

    token = "slipway:index:ClusterIdentity"  # noqa: S105 - a type
    computed = (*SECRET_OUTPUTS, *PLAIN_OUTPUTS)
    renewed = ("adminKubeconfig", "adminExpires")
    secret = SECRET_OUTPUTS

    def problems(self, inputs: Properties) -> dict[str, str]:
        """Return what is wrong with inputs, by property path."""
        unknown = dict.fromkeys(sorted(set(inputs) - set(INPUTS)), "there is no such property")
        return unknown | {name: "is missing" for name in INPUTS if name not in inputs}

    def changes(self, state: Properties, inputs: Properties) -> list[Change]:
        """Return what differs; the kubeconfig does when its certificate ends soon."""
        found = [
            Change(name, "update", replaces=name == "cluster") for name in INPUTS if state.get(name) != inputs[name]
        ]
        found += [Change(name, "add") for name in SECRET_OUTPUTS if name not in state]
        ends, authority_ends = (datetime.fromisoformat(state[name]) for name in ("adminExpires", "caExpires"))
        if ends - datetime.now(UTC) < RENEWED_BEFORE and ends < authority_ends:
            found.append(Change("adminExpires", "update"))
        return found

    def remarks(self, login: Login, state: Properties) -> list[str]:
        """Say that the cluster's authority ends soon: only a new cluster has a new one."""
        del login
        if datetime.fromisoformat(state["caExpires"]) - datetime.now(UTC) > RENEWED_BEFORE:
            return []
        return [
            f"the authority of cluster {state['cluster']} ends on {state['caExpires'][:10]}: plan a new environment"
        ]

    def check_new(self, login: Login, inputs: Properties) -> None:
        """Nothing can be refused: it is made of nothing but chance."""

    def create(self, login: Login, inputs: Properties, owner: str) -> Found:
        """Make everything."""
        del login, owner
        now = datetime.now(UTC)
        identity = new_identity(now)
        made = {camel: getattr(identity, name) for name, camel in _FIELDS.items()}
        made["caHash"] = ca_hash(identity.ca_certificate)
        made["caExpires"] = expires(identity.ca_certificate).isoformat()
        properties = {**inputs, **made, **_admin(identity, inputs, now)}
        return Found(f"{inputs['cluster']}-{made['caHash'][-8:]}", properties, inputs)

    def read(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found | None:
        """Return what is recorded: it stands nowhere else. Raises `NotImportable` without a record."""
        del login
        if not state:
            raise NotImportable(identifier)
        return Found(identifier, state, inputs)

    def update(self, login: Login, identifier: str, state: Properties, inputs: Properties) -> Found:
        """Make a new administrator's kubeconfig, and what an earlier version of the provider did not make yet."""
        del login
        now = datetime.now(UTC)
        fresh = vars(new_identity(now))
        identity = Identity(**{name: state.get(camel, fresh[name]) for name, camel in _FIELDS.items()})
        secrets = {camel: getattr(identity, name) for name, camel in _FIELDS.items()}
        return Found(identifier, {**state, **secrets, **inputs, **_admin(identity, inputs, now)}, inputs)

    def delete(self, login: Login, identifier: str, state: Properties) -> None:
        """Nothing is anywhere but in the state."""


def _admin(identity: Identity, inputs: Properties, now: datetime) -> Properties:
    kubeconfig, until = admin_kubeconfig(identity, inputs["cluster"], inputs["address"], now)
    return {"adminKubeconfig": kubeconfig, "adminExpires": until.isoformat()}

"""Accounts of pipelines: what workflows run as, and what people who sign in look and work with.

Argo's server lets people in as service accounts: the one whose rule their groups meet, and of several the one that
comes first (`precedence`). In a namespace of a team its own accounts come before those that are good for everybody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest
from infra.model.people import administrators, everyone, operators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.model.environment import Environment

RUNNER = "workflow"  # what workflows run as
BUCKETS = "argo-workflows-buckets"  # the Secret with the access key of the pipelines' bucket
NAMESPACE, BUILDS = "argo-workflows", "builds"
_RBAC, _GROUP = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
_ARGO = "argoproj.io"
_RULE = "workflows.argoproj.io/rbac-rule"
ADMINISTRATORS, OPERATORS, PEOPLE = "administrators", "operators", "people"
MEMBERS, VIEWERS, BUILD_VIEWERS = "team-members", "team-viewers", "build-viewers"
_PRECEDENCE = {ADMINISTRATORS: 9, MEMBERS: 5, VIEWERS: 4, OPERATORS: 3, BUILD_VIEWERS: 2, PEOPLE: 1}
# The chart's roles know workflows alone; looking at a run takes its pods, their logs, and the files that it left.
_LOOK, _TEMPLATES = "slipway-pipelines-look", "slipway-pipelines-templates"
_ALL, _READ = "argo-workflows-admin", "argo-workflows-view"


def token_name(account: str) -> str:
    """Return the name of the Secret with an account's token, where Argo looks for it."""
    return f"{account}.service-account-token"


def peoples_tokens() -> list[str]:
    """Return the names of the Secrets that Argo's server has to read, to let people in."""
    return [token_name(account) for account in sorted(_PRECEDENCE)]


def accounts_first(objects: Iterable[Manifest]) -> tuple[tuple[Manifest, ...], tuple[Manifest, ...]]:
    """Return accounts, and what comes after them: Kubernetes takes a token away whose account is not there."""
    everything = tuple(objects)
    accounts = tuple(each for each in everything if each["kind"] == "ServiceAccount")
    return accounts, tuple(each for each in everything if each not in accounts)


def runner(namespace: str) -> tuple[Manifest, ...]:
    """Return what workflows of a namespace run as: it reports what becomes of steps, and takes away what they left."""
    rules = [
        _rule(["workflowtaskresults"], ["create", "patch"]),
        _rule(["workflowartifactgctasks"], ["list", "watch"]),
        _rule(["workflowartifactgctasks/status"], ["patch"]),
    ]
    return (
        *_account(RUNNER, namespace),
        manifest("Role", _RBAC, RUNNER, namespace, rules=rules),
        _bound(RUNNER, "Role", RUNNER, [(RUNNER, namespace)], namespace),
    )


def peoples_accounts(environment: Environment, *, signs_in: bool) -> tuple[Manifest, ...]:
    """Return what people who sign in work with, and what all need to see of the templates for the whole cluster."""
    teams = environment.cluster.teams
    spaces = {space: team for team in teams.values() for space in team.namespaces}
    people = [
        (ADMINISTRATORS, NAMESPACE, administrators(environment)),
        (OPERATORS, NAMESPACE, operators(environment)),
        (PEOPLE, NAMESPACE, everyone(environment)),
        *((MEMBERS, space, team.members) for space, team in sorted(spaces.items())),
        *((VIEWERS, space, team.viewers) for space, team in sorted(spaces.items())),
    ]
    found = [each for each in people if each[2]]
    objects: list[Manifest] = [manifest("ClusterRole", _RBAC, name, rules=rules) for name, rules in _roles().items()]
    objects += _readers_of_templates(environment, [(name, space) for name, space, _ in found] if signs_in else [])
    if signs_in:
        for name, space, groups in found:
            objects += persons_account(name, space, groups)
    return tuple(objects)


def build_viewers(environment: Environment) -> tuple[Manifest, ...]:
    """Return what everybody looks at builds with, if people can sign in; they are nobody's own."""
    groups = everyone(environment)
    if environment.cluster.sign_in is None or not groups:
        return ()
    return persons_account(BUILD_VIEWERS, BUILDS, groups)


def persons_account(name: str, namespace: str, groups: Sequence[str]) -> tuple[Manifest, ...]:
    """Return an account that people of some groups are let in as, with its rights.

    The administrators' and operators' are good in all namespaces, the others' in their own; the one that everybody
    has can do nothing by itself.
    """
    rule = " || ".join(f"{json.dumps(group)} in groups" for group in sorted(groups))
    annotations = {_RULE: rule, f"{_RULE}-precedence": str(_PRECEDENCE[name])}
    objects = list(_account(name, namespace, annotations))
    if name != PEOPLE:
        role = _ALL if name in (ADMINISTRATORS, MEMBERS) else _READ
        where = "" if name in (ADMINISTRATORS, OPERATORS) else namespace
        prefix = "" if where else "slipway-pipelines-"
        for suffix, each in (("workflows", role), ("look", _LOOK)):
            objects.append(_bound(f"{prefix}{name}-{suffix}", "ClusterRole", each, [(name, namespace)], where))
    return tuple(objects)


def _roles() -> dict[str, list[dict[str, Any]]]:
    read = ["get", "list", "watch"]
    files = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [BUCKETS], "verbs": ["get"]}
    pods = {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": read}
    events = _rule(["eventsources", "sensors", "eventbus"], read)
    return {_LOOK: [pods, files, events], _TEMPLATES: [_rule(["clusterworkflowtemplates"], read)]}


def _readers_of_templates(environment: Environment, accounts: list[tuple[str, str]]) -> Iterator[Manifest]:
    """Yield what lets people, by themselves and as their accounts, read templates, which are in no namespace."""
    oidc = environment.first_boot.api_server.oidc
    prefix = oidc.groups_prefix if oidc is not None else ""
    groups = [
        {"kind": "Group", "name": f"{prefix}{group}", "apiGroup": _GROUP} for group in everyone(environment) if oidc
    ]
    subjects = [*groups, *(_subject(name, space) for name, space in accounts)]
    if subjects:
        role = {"kind": "ClusterRole", "name": _TEMPLATES, "apiGroup": _GROUP}
        yield manifest("ClusterRoleBinding", _RBAC, _TEMPLATES, roleRef=role, subjects=subjects)


def _account(name: str, namespace: str, annotations: dict[str, str] | None = None) -> Iterator[Manifest]:
    """Yield a service account and its token, which Kubernetes writes into the Secret; no pod gets it by itself."""
    account = manifest("ServiceAccount", "v1", name, namespace, automountServiceAccountToken=False)
    if annotations:
        account["metadata"]["annotations"] = annotations
    yield account
    token = manifest("Secret", "v1", token_name(name), namespace, type="kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": name}
    yield token


def _bound(name: str, kind: str, role: str, accounts: list[tuple[str, str]], namespace: str) -> Manifest:
    """Return what gives accounts a role: in one namespace, or without one in the whole cluster."""
    return manifest(
        "RoleBinding" if namespace else "ClusterRoleBinding",
        _RBAC,
        name,
        namespace,
        roleRef={"kind": kind, "name": role, "apiGroup": _GROUP},
        subjects=[_subject(each, space) for each, space in accounts],
    )


def _subject(name: str, namespace: str) -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def _rule(resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [_ARGO], "resources": resources, "verbs": verbs}

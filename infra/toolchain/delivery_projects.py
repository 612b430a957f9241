"""What may be brought out by whom: a project of Argo CD for each team, one for the platform, and people's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.components.component import Manifest, manifest
from infra.model.people import administrators, operators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.model.environment import Environment
    from infra.model.teams import Team

CODE = "http://gitea-http.gitea.svc.cluster.local:3000"  # where repositories are, inside the cluster
PLATFORM = "platform"  # the platform's own organization and project
DEPLOY = "deploy"  # a team's repository of what runs: <namespace>/<application>/
_API = "argoproj.io/v1alpha1"
_CLUSTER = "https://kubernetes.default.svc"  # this one: Argo CD brings nothing to another
# What says what a team may do: it is the platform's, and stays so.
_NOT_A_TEAMS = [
    {"group": "", "kind": "ResourceQuota"},
    {"group": "", "kind": "LimitRange"},
    {"group": "rbac.authorization.k8s.io", "kind": "*"},
    {"group": "networking.k8s.io", "kind": "NetworkPolicy"},
    {"group": "cilium.io", "kind": "*"},
    {"group": "gateway.networking.k8s.io", "kind": "Gateway"},
    {"group": "gateway.networking.k8s.io", "kind": "ListenerSet"},
    {"group": "gateway.envoyproxy.io", "kind": "*"},
    {"group": "kueue.x-k8s.io", "kind": "LocalQueue"},
    {"group": "kyverno.io", "kind": "*"},
    {"group": "policies.kyverno.io", "kind": "*"},
]
# What stands in a team's namespaces beside git, on purpose: it is not warned of.
_BESIDE_GIT = [
    {"group": "", "kind": "Secret"},
    {"group": "", "kind": "ServiceAccount"},
    {"group": "", "kind": "Pod"},
    {"group": "", "kind": "PersistentVolumeClaim"},
    {"group": "batch", "kind": "*"},
    {"group": "jobset.x-k8s.io", "kind": "*"},
    {"group": "kueue.x-k8s.io", "kind": "*"},
    {"group": "trainer.kubeflow.org", "kind": "*"},
    {"group": "argoproj.io", "kind": "*"},
]
# All but override, which brings out what is in no repository.
_ON_APPLICATIONS = ["get", "create", "update", "update/*", "delete", "delete/*", "sync", "rollback", "action/*"]


def rbac_policy(environment: Environment) -> str:
    """Return people's rights as Argo CD reads them (`policy.csv`); who is not named has none.

    Roles of teams have names of their own, so that no team's name is that of a role of Argo CD's.
    """
    everything = administrators(environment)
    lines = [_member(group, "role:admin") for group in everything]
    lines += [_member(group, "role:readonly") for group in operators(environment) if group not in everything]
    for name, team in sorted(environment.cluster.teams.items()):
        lines += _team_policy(name, team)
    return "".join(f"{line}\n" for line in lines)


def _team_policy(name: str, team: Team) -> Iterator[str]:
    members, viewers, project = f"role:members-of-{name}", f"role:viewers-of-{name}", project_of(name)
    for role, actions in ((members, _ON_APPLICATIONS), (viewers, ("get",))):
        for action in actions:
            yield f"p, {role}, applications, {action}, {project}/*, allow"
        yield f"p, {role}, applicationsets, get, {project}/*, allow"
        yield f"p, {role}, logs, get, {project}/*, allow"
        yield f"p, {role}, projects, get, {project}, allow"
    yield from (_member(group, members) for group in sorted(team.members))
    yield from (_member(group, viewers) for group in sorted(team.viewers))


def _member(group: str, role: str) -> str:
    """Return the line that gives a group a role; names of groups may hold commas, but no quotation marks."""
    return f'g, "{group}", {role}'


def project_of(team: str) -> str:
    """Return the name of a team's project, and of its organization in Gitea: its own, if it is not the platform's."""
    return team if team != PLATFORM else f"team-{team}"


def team_projects(environment: Environment, namespace: str) -> tuple[Manifest, ...]:
    """Return the projects, and what fills them with applications."""
    found = [_platform_project(namespace), _platform_applications(environment, namespace)]
    for name, team in sorted(environment.cluster.teams.items()):
        found += [_project(name, team, namespace), _team_applications(project_of(name), namespace)]
    return tuple(found)


def _project(name: str, team: Team, namespace: str) -> Manifest:
    """Return a team's project: its own repositories, into its own namespaces, and nothing of the whole cluster."""
    spec = {
        "description": f"Applications of the team {name}",
        "sourceRepos": [f"{CODE}/{project_of(name)}/*"],
        "destinations": [{"server": _CLUSTER, "namespace": each} for each in sorted(team.namespaces)],
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": _NOT_A_TEAMS,
        "orphanedResources": {"warn": True, "ignore": _BESIDE_GIT},
    }
    return manifest("AppProject", _API, project_of(name), namespace, spec=spec)


def _platform_project(namespace: str) -> Manifest:
    spec = {
        "description": "What the platform's people bring out beside the layers",
        "sourceRepos": [f"{CODE}/{PLATFORM}/*"],
        "destinations": [{"server": _CLUSTER, "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    return manifest("AppProject", _API, PLATFORM, namespace, spec=spec)


def _team_applications(project: str, namespace: str) -> Manifest:
    """Return what makes an application of every folder `<namespace>/<application>` of a team's repository."""
    application = {
        "name": f"{project}-{{{{index .path.segments 0}}}}-{{{{.path.basenameNormalized}}}}",
        "namespace": "{{index .path.segments 0}}",
    }
    return _applications(project, f"{CODE}/{project}/{DEPLOY}.git", "*/*", application, namespace)


def _platform_applications(environment: Environment, namespace: str) -> Manifest:
    """Return the same for the platform's folders `deploy/<environment>/<namespace>`, beside the documents."""
    folders = f"{DEPLOY}/{environment.name}/*"
    application = {"name": f"{PLATFORM}-{{{{.path.basenameNormalized}}}}", "namespace": "{{.path.basename}}"}
    return _applications(PLATFORM, f"{CODE}/{PLATFORM}/environments.git", folders, application, namespace)


def _applications(project: str, repository: str, folders: str, application: dict[str, str], namespace: str) -> Manifest:
    """Return an ApplicationSet over the folders of a repository.

    What it has made stays when it goes, as when Argo CD is taken out of an environment: nobody would be left to remove
    it, and applications shall not end with the tool. What a folder made stays, too, when the folder goes; the project
    then warns of what no application owns.
    """
    template: dict[str, Any] = {
        "metadata": {"name": application["name"]},
        "spec": {
            "project": project,
            "source": {"repoURL": repository, "targetRevision": "HEAD", "path": "{{.path.path}}"},
            "destination": {"server": _CLUSTER, "namespace": application["namespace"]},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true"],
                "retry": {"limit": 5, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"}},
            },
        },
    }
    git = {"repoURL": repository, "revision": "HEAD", "directories": [{"path": folders}]}
    spec = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"git": git}],
        "syncPolicy": {"preserveResourcesOnDeletion": True},
        "template": template,
    }
    return manifest("ApplicationSet", _API, project, namespace, spec=spec)

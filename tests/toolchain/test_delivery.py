"""Who may bring out what: rights and projects of Argo CD, host names of routes, and what decides of new versions."""

from __future__ import annotations

import csv
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest

from infra.toolchain.code_organizations import organization_of
from infra.toolchain.delivery import argo_cd, argo_rollouts
from infra.toolchain.delivery_projects import project_of, rbac_policy, team_projects
from infra.toolchain.serving import serving
from infra.toolchain.team_routes import team_routes
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from infra.components.component import Component, Manifest
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")


def lines(environment: Environment) -> list[list[str]]:
    """Return the policy as Argo CD reads it: a line is a record of its own."""
    return [next(csv.reader([line], skipinitialspace=True)) for line in rbac_policy(environment).splitlines()]


def may(environment: Environment, group: str, resource: str, action: str, place: str) -> bool:
    """Whether a group may, by the policy's own lines: built-in roles are another matter."""
    roles = {to for kind, who, to, *_ in lines(environment) if kind == "g" and who == group}
    return any(
        (role in roles, what, fnmatchcase(action, does), fnmatchcase(place, where)) == (True, resource, True, True)
        for kind, role, what, does, where, _ in (line for line in lines(environment) if line[0] == "p")
        if kind == "p"
    )


def roles_of(environment: Environment, group: str) -> list[str]:
    return [line[2] for line in lines(environment) if line[:2] == ["g", group]]


def by_kind(component: Component, kind: str) -> dict[str, Manifest]:
    found = (*component.before, *component.after)
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


def test_groups_have_the_roles_that_the_document_gives_them_and_nobody_else_has_any() -> None:
    assert roles_of(PROD, "platform-admins") == ["role:admin"]
    assert roles_of(PROD, "auditors") == ["role:readonly"]
    assert roles_of(PROD, "ml-engineers") == ["role:members-of-research", "role:viewers-of-serving"]
    assert {line[1] for line in lines(PROD) if line[0] == "g"} == {
        "platform-admins", "auditors", "ml-engineers", "ml-operations",
    }  # fmt: skip
    assert argo_cd(PROD, RELEASE).values["configs"]["rbac"]["policy.default"] == ""


def test_members_work_with_their_team_s_applications_and_viewers_look_at_them() -> None:
    assert may(PROD, "ml-engineers", "applications", "sync", "research/chat")
    assert may(PROD, "ml-engineers", "applications", "action/argoproj.io/Rollout/abort", "research/chat")
    assert may(PROD, "ml-engineers", "applications", "get", "serving/chat")
    assert not may(PROD, "ml-engineers", "applications", "sync", "serving/chat")
    assert not may(PROD, "ml-engineers", "applications", "override", "research/chat")
    assert not may(PROD, "ml-engineers", "projects", "update", "research")
    assert not may(PROD, "auditors", "applications", "sync", "research/chat")


def test_a_group_whose_name_has_commas_is_one_name() -> None:
    name = "CN=ml, OU=groups,DC=example"
    other = changed(DEV, {"cluster.teams.research.members": [name]})
    assert roles_of(other, name) == ["role:members-of-research"]


def test_a_team_s_project_is_for_its_own_repositories_and_namespaces_and_nothing_of_the_whole_cluster() -> None:
    projects = by_kind(argo_cd(PROD, RELEASE), "AppProject")
    spec: dict[str, Any] = projects["research"]["spec"]
    assert [each["namespace"] for each in spec["destinations"]] == ["notebooks", "research"]
    assert {each["server"] for each in spec["destinations"]} == {"https://kubernetes.default.svc"}
    assert spec["sourceRepos"] == ["http://gitea-http.gitea.svc.cluster.local:3000/research/*"]
    assert spec["clusterResourceWhitelist"] == []
    refused = {(each["group"], each["kind"]) for each in spec["namespaceResourceBlacklist"]}
    assert {("", "ResourceQuota"), ("rbac.authorization.k8s.io", "*"), ("cilium.io", "*")} <= refused


def test_a_team_that_is_called_platform_does_not_get_the_platform_s_project() -> None:
    teams = {"platform": DEV.cluster.teams["research"].model_dump(by_alias=True, mode="json", exclude_none=True)}
    other = changed(DEV, {"cluster.teams": teams, "toolchain.notebooks.team": "platform"})
    projects = {each["metadata"]["name"]: each["spec"] for each in team_projects(other, "argo-cd")
                if each["kind"] == "AppProject"}  # fmt: skip
    assert projects["team-platform"]["clusterResourceWhitelist"] == []
    assert len(projects) == 2
    assert [project_of(each) for each in ("platform", "research")] == ["team-platform", "research"]
    assert [organization_of(each) for each in ("platform", "research")] == ["team-platform", "research"]


@pytest.mark.parametrize("project", ["platform", "research", "serving"])
def test_applications_stay_in_their_project_and_outlive_argo_cd(project: str) -> None:
    spec = by_kind(argo_cd(PROD, RELEASE), "ApplicationSet")[project]["spec"]
    assert spec["template"]["spec"]["project"] == project
    assert spec["generators"][0]["git"]["repoURL"].split("/")[3] == project
    assert spec["syncPolicy"]["preserveResourcesOnDeletion"] is True


def test_passwords_are_in_secrets_alone_and_the_administrator_s_is_recognised() -> None:
    component = argo_cd(PROD, RELEASE)
    secrets = {each.name: each for each in component.secrets}
    values = {name: f"value-of-{name}" for each in component.secrets for name in each.sources}
    filled = secrets["argocd-secret"].fill(values)
    assert bcrypt.checkpw(values["made:argo-cd-admin"].encode(), filled["admin.password"].encode())
    assert filled == secrets["argocd-secret"].fill(values)
    assert filled["oidc.dex.clientSecret"] == values["below:client-deliveries"]
    assert "$oidc.dex.clientSecret" in component.values["configs"]["cm"]["oidc.config"]
    assert secrets["gitea-repositories"].labels["argocd.argoproj.io/secret-type"] == "repo-creds"


def test_without_sign_in_there_is_the_administrator_alone() -> None:
    other = changed(DEV, {"cluster.signIn": None, "toolchain.notebooks": None})
    component = argo_cd(other, RELEASE)
    assert "oidc.config" not in component.values["configs"]["cm"]
    assert component.values["configs"]["cm"]["admin.enabled"] is True
    (own,) = [each for each in component.secrets if each.name == "argocd-secret"]
    assert all(not each.startswith("below:") for each in own.sources)


def test_there_are_two_of_what_people_wait_for_where_nodes_are_enough() -> None:
    assert argo_cd(PROD, RELEASE).values["server"]["replicas"] == 2
    assert argo_cd(PROD, RELEASE).values["server"]["pdb"]["enabled"] is True
    assert argo_cd(DEV, RELEASE).values["server"]["replicas"] == 1
    assert argo_rollouts(DEV, RELEASE).values["controller"]["replicas"] == 1


def test_the_dashboard_of_rollouts_that_everybody_sees_changes_nothing() -> None:
    assert argo_rollouts(PROD, RELEASE).values["dashboard"]["readonly"] is True


def test_analyses_are_there_where_figures_are_and_decide_nothing_without_requests() -> None:
    found = by_kind(argo_rollouts(DEV, RELEASE), "ClusterAnalysisTemplate")
    assert sorted(found) == ["latency", "success-rate"]
    for each in found.values():
        (metric,) = each["spec"]["metrics"]
        for condition in ("successCondition", "failureCondition"):
            assert metric[condition].startswith("len(result) > 0 && !isNaN(result[0]) && ")
    without = changed(DEV, {"platform.monitoring": None, "toolchain.applications": None})
    assert by_kind(argo_rollouts(without, RELEASE), "ClusterAnalysisTemplate") == {}


def test_the_rules_for_routes_of_teams_stand_once_whichever_tool_brings_out() -> None:
    kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "SecurityPolicy"]
    assert [each["kind"] for each in team_routes(DEV, "argo-cd")] == kinds
    assert team_routes(DEV, "kserve") == ()
    models_alone = changed(DEV, {"toolchain.delivery": None})
    assert [each["kind"] for each in team_routes(models_alone, "kserve")] == kinds
    assert set(kinds) <= {each["kind"] for each in serving(models_alone, RELEASE).before}


def test_only_the_team_s_people_call_what_its_routes_do_not_open() -> None:
    policies = {each["metadata"]["namespace"]: each["spec"] for each in team_routes(PROD, "argo-cd")
                if each["kind"] == "SecurityPolicy"}  # fmt: skip
    assert sorted(policies) == ["notebooks", "research", "serving"]
    assert policies["serving"]["authorization"]["defaultAction"] == "Deny"
    (rule,) = policies["research"]["authorization"]["rules"]
    assert rule["principal"]["jwt"]["claims"][0]["values"] == ["ml-engineers", "platform-admins"]
    nobody = changed(DEV, {"cluster.teams.research.members": [], "cluster.access.administrators": []})
    (alone,) = [each for each in team_routes(nobody, "argo-cd") if each["kind"] == "SecurityPolicy"]
    assert alone["spec"]["authorization"] == {"defaultAction": "Deny", "rules": []}

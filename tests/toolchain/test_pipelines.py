"""Who may do what with pipelines, as whom they run, and what starts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.toolchain.builds import builds
from infra.toolchain.events import argo_events
from infra.toolchain.pipeline_accounts import persons_account
from infra.toolchain.pipelines import argo_workflows
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from infra.components.component import Component, Manifest
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
ALONE = changed(DEV, {"cluster.signIn": None, "firstBoot.apiServer.oidc": None, "toolchain.notebooks": None})
PRECEDENCE = "workflows.argoproj.io/rbac-rule-precedence"


def of_kind(component: Component, kind: str) -> list[Manifest]:
    return [each for each in (*component.before, *component.after) if each["kind"] == kind]


def rules(environment: Environment) -> dict[tuple[str, str], tuple[str, int]]:
    """Return rule and precedence of people's accounts, by namespace and name."""
    objects = [
        *of_kind(argo_workflows(environment, RELEASE), "ServiceAccount"),
        *of_kind(builds(environment, RELEASE), "ServiceAccount"),
    ]
    found = {}
    for each in objects:
        notes = each["metadata"].get("annotations")
        if notes:
            place = each["metadata"]["namespace"], each["metadata"]["name"]
            found[place] = notes["workflows.argoproj.io/rbac-rule"], int(notes[PRECEDENCE])
    return found


def roles(objects: list[Manifest], account: str, namespace: str) -> set[tuple[str, str]]:
    """Return the roles that an account has, each with the namespace that it is good in (none: in all)."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return {
        (each["roleRef"]["name"], each["metadata"].get("namespace", ""))
        for each in objects
        if each["kind"].endswith("RoleBinding") and subject in each["subjects"]
    }


def test_groups_are_let_in_as_what_the_document_makes_of_them() -> None:
    found = {place: rule for place, (rule, _) in rules(PROD).items()}
    assert found["argo-workflows", "administrators"] == '"platform-admins" in groups'
    assert found["argo-workflows", "operators"] == '"auditors" in groups || "platform-admins" in groups'
    assert found["research", "team-members"] == '"ml-engineers" in groups'
    assert found["notebooks", "team-members"] == '"ml-engineers" in groups'
    assert found["serving", "team-members"] == '"ml-operations" in groups'
    assert found["serving", "team-viewers"] == '"ml-engineers" in groups'
    assert ("research", "team-viewers") not in found


def test_who_is_more_than_one_is_let_in_as_the_most() -> None:
    """A namespace's account is taken if it comes before the one that is good everywhere."""
    order = {name: precedence for (_, name), (_, precedence) in rules(PROD).items()}
    ordered = sorted(order, key=lambda name: -order[name])
    assert ordered == ["administrators", "team-members", "team-viewers", "operators", "build-viewers", "people"]
    assert len(set(order.values())) == len(order)


def test_members_work_in_their_own_namespaces_alone() -> None:
    objects = list(argo_workflows(PROD, RELEASE).after)
    assert roles(objects, "team-members", "serving") == {
        ("argo-workflows-admin", "serving"),
        ("slipway-pipelines-look", "serving"),
        ("slipway-pipelines-templates", ""),
    }
    assert ("argo-workflows-admin", "") in roles(objects, "administrators", "argo-workflows")
    assert ("argo-workflows-view", "") in roles(objects, "operators", "argo-workflows")
    assert roles(objects, "people", "argo-workflows") == {("slipway-pipelines-templates", "")}


def test_teams_look_at_builds_and_can_t_make_any() -> None:
    """Whoever could make a run there could read the keys that images are signed with."""
    objects = list(builds(PROD, RELEASE).after)
    assert roles(objects, "build-viewers", "builds") == {
        ("argo-workflows-view", "builds"),
        ("slipway-pipelines-look", "builds"),
    }
    may_create = [
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == "Role" and any({"create", "*"} & set(rule["verbs"]) for rule in each["rules"])
    ]
    assert sorted(may_create) == ["start-pipelines", "workflow"]
    (runner,) = [each for each in objects if each["kind"] == "Role" and each["metadata"]["name"] == "workflow"]
    assert all("workflows" not in rule["resources"] for rule in runner["rules"])


def test_every_account_has_its_token_where_argo_looks_for_it() -> None:
    for environment in (DEV, PROD):
        component = argo_workflows(environment, RELEASE)
        tokens = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_kind(component, "Secret")}
        accounts = {
            (each["metadata"]["namespace"], f"{each['metadata']['name']}.service-account-token")
            for each in of_kind(component, "ServiceAccount")
        }
        assert tokens == accounts
        readable = set(component.values["server"]["sso"]["rbac"]["secretWhitelist"])
        people = {name for space, name in rules(environment)}
        assert {f"{name}.service-account-token" for name in people} <= readable


def test_accounts_are_there_before_their_tokens() -> None:
    """Kubernetes' controller takes tokens away whose account is not there."""
    for component in (argo_workflows(PROD, RELEASE), builds(PROD, RELEASE)):
        assert "ServiceAccount" not in {each["kind"] for each in component.after}
        assert "Secret" not in {each["kind"] for each in component.before}
        assert of_kind(component, "Secret")


def test_a_group_s_name_can_t_leave_its_rule() -> None:
    account, *_ = persons_account("people", "argo-workflows", ['a" in groups || true || "'])
    assert account["metadata"]["annotations"]["workflows.argoproj.io/rbac-rule"] == (
        '"a\\" in groups || true || \\"" in groups'
    )


def test_without_sign_in_people_come_with_their_own_tokens() -> None:
    component = argo_workflows(ALONE, RELEASE)
    assert component.values["server"]["authModes"] == ["client"]
    assert "sso" not in component.values["server"]
    assert rules(ALONE) == {}


def test_runs_are_kept_as_long_as_the_document_says() -> None:
    controller = argo_workflows(changed(DEV, {"toolchain.pipelines.keepDays": 3}), RELEASE).values["controller"]
    assert controller["persistence"]["archiveTTL"] == "3d"
    assert controller["workflowDefaults"]["spec"]["ttlStrategy"] == {"secondsAfterCompletion": 3 * 24 * 3600}
    assert controller["parallelism"] == 4


def test_workflows_can_run_wherever_a_team_works() -> None:
    component = argo_workflows(PROD, RELEASE)
    spaces = {"research", "notebooks", "serving"}
    buckets = {each.namespace for each in component.secrets if each.name == "argo-workflows-buckets"}
    accounts = {
        each["metadata"]["namespace"]
        for each in of_kind(component, "ServiceAccount")
        if each["metadata"]["name"] == "workflow"
    }
    assert (buckets, accounts) == (spaces | {""}, spaces)


@pytest.mark.parametrize(("environment", "count", "bus"), [(DEV, 1, 1), (PROD, 2, 3)], ids=["dev", "prod"])
def test_a_site_with_several_databases_has_several_of_each(environment: Environment, count: int, bus: int) -> None:
    workflows, events = argo_workflows(environment, RELEASE).values, argo_events(environment, RELEASE)
    assert {part: workflows[part]["replicas"] for part in ("controller", "server")} == dict.fromkeys(
        ("controller", "server"), count
    )
    assert workflows["server"]["pdb"]["enabled"] is (count > 1)
    (eventbus,) = of_kind(events, "EventBus")
    assert eventbus["spec"]["jetstream"]["replicas"] == bus
    assert events.values["configs"]["jetstream"]["streamConfig"]["replicas"] == bus


def sensors(environment: Environment) -> dict[str, Any]:
    found = of_kind(argo_events(environment, RELEASE), "Sensor")
    return {each["metadata"]["name"]: each["spec"] for each in found}


def test_a_push_builds_its_own_repository_and_commit() -> None:
    (trigger,) = sensors(PROD)["pushes"]["triggers"]
    made = trigger["template"]["k8s"]
    run = made["source"]["resource"]
    assert (run["metadata"]["namespace"], run["spec"]["workflowTemplateRef"]["name"]) == ("builds", "pipeline")
    names = [each["name"] for each in run["spec"]["arguments"]["parameters"]]
    told = {each["dest"]: each["src"]["dataKey"] for each in made["parameters"]}
    assert {name: told[f"spec.arguments.parameters.{number}.value"] for number, name in enumerate(names)} == {
        "repository": "body.repository.full_name",
        "revision": "body.after",
    }


def test_a_team_can_have_no_other_team_s_model_packed() -> None:
    """Whose it is comes from the address that its token is good for, not from what is told."""
    component = argo_events(PROD, RELEASE)
    (source,) = [each for each in of_kind(component, "EventSource") if each["metadata"]["name"] == "models"]
    spec = sensors(PROD)["models"]
    teams = {each["name"]: each["eventName"] for each in spec["dependencies"]}
    assert set(teams.values()) == {"research", "serving"}
    for trigger in spec["triggers"]:
        made = trigger["template"]["k8s"]
        first, *others = made["source"]["resource"]["spec"]["arguments"]["parameters"]
        assert first == {"name": "team", "value": teams[trigger["template"]["conditions"]]}
        destinations = [each["dest"] for each in made["parameters"]]
        assert "spec.arguments.parameters.0.value" not in destinations
        assert len(destinations) == len(others)
    keys = {team: each["authSecret"]["key"] for team, each in source["spec"]["webhook"].items()}
    assert keys == {"research": "research", "serving": "serving"}


def test_each_team_has_its_own_token_and_no_other() -> None:
    secrets = [each for each in argo_events(PROD, RELEASE).secrets if each.name == "model-token"]
    own = {each.namespace: each.sources for each in secrets if each.namespace}
    assert own == {
        "research": ("made:model-token-research",),
        "notebooks": ("made:model-token-research",),
        "serving": ("made:model-token-serving",),
    }
    filled = {each.namespace: each.fill({name: name for name in each.sources}) for each in secrets}
    assert filled["serving"]["url"].endswith("/serving")
    assert filled["notebooks"]["url"].endswith("/research")
    assert set(filled[""]) == {"research", "serving"}


def test_without_a_registry_of_models_nothing_waits_for_them() -> None:
    without = changed(DEV, {"toolchain.experiments": None})
    assert set(sensors(without)) == {"pushes"}
    assert [each for each in argo_events(without, RELEASE).secrets if each.name == "model-token"] == []

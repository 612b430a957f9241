"""Models that answer: host names that the gateway's certificate covers, logins in Secrets, pods that teams may run."""

from __future__ import annotations

from infra.toolchain.serving import serving, serving_kinds
from tests.support.environments import CATALOG, PROD, RELEASE, changed

DEV, _ = CATALOG.load("dev")


def test_models_are_named_right_below_the_gateway_s_domain() -> None:
    gateway = serving(DEV, RELEASE).values["kserve"]["controller"]["gateway"]
    template = gateway["domainTemplate"].replace("{{ .Name }}", "chat").replace("{{ .Namespace }}", "research")
    assert template.replace("{{ .IngressDomain }}", gateway["domain"]) == "chat-research.apps.dev.example.internal"
    assert (gateway["urlScheme"], gateway["ingressGateway"]["kserveGateway"]) == (
        "https",
        "envoy-gateway-system/public",
    )


def test_models_need_neither_knative_nor_istio() -> None:
    controller = serving(DEV, RELEASE).values["kserve"]["controller"]
    assert controller["deploymentMode"] == "Standard"
    assert controller["gateway"]["ingressGateway"]["enableGatewayApi"] is True
    assert controller["gateway"]["disableIstioVirtualHost"] is True


def test_every_namespace_of_a_team_reads_models_by_an_account_whose_secret_the_store_knows() -> None:
    component = serving(PROD, RELEASE)
    spaces = ["notebooks", "research", "serving"]
    assert [each.namespace for each in component.secrets] == spaces
    accounts = {e["metadata"]["namespace"]: e for e in component.before if e["kind"] == "ServiceAccount"}
    assert sorted(accounts) == spaces
    s3 = component.values["kserve"]["storage"]["s3"]
    for secret in component.secrets:
        filled = secret.fill({"below:buckets-kserve": "the secret"})
        assert filled == {s3["accessKeyIdName"]: "kserve", s3["secretAccessKeyName"]: "the secret"}
        assert accounts[secret.namespace]["secrets"] == [{"name": secret.name}]
    assert "the secret" not in str(component.values)


def test_what_runs_language_models_fits_namespaces_that_restrict_their_pods() -> None:
    component = serving(DEV, RELEASE)
    (runtime,) = [each for each in component.after if each["kind"] == "ClusterServingRuntime"]
    (container,) = runtime["spec"]["containers"]
    fetching = component.values["kserve"]["storage"]["containerSecurityContext"]
    for context in (container["securityContext"], fetching):
        assert context["runAsNonRoot"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["image"] == RELEASE.images["vllm"].reference
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert runtime["spec"]["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert {"name": "VLLM_NO_USAGE_STATS", "value": "1"} in container["env"]


def test_kserve_stands_on_its_kinds_and_is_watched_where_there_are_figures() -> None:
    component = serving(DEV, RELEASE)
    assert component.needs == (serving_kinds(DEV, RELEASE).name,)
    assert [each["kind"] for each in component.after] == ["ClusterServingRuntime", "PodMonitor"]
    without = changed(DEV, {"platform.monitoring": None, "toolchain.applications": None})
    assert [each["kind"] for each in serving(without, RELEASE).after] == ["ClusterServingRuntime"]

"""The platform and the toolchain of dev: they come up, stay quiet, keep secrets; tools can be chosen and left out."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from infra.components.secrets_mark import ANNOTATION as SECRETS_MARK
from infra.layer_plans import layer_plans
from infra.model.tools import tools_of
from rehearsal.session import rehearsing
from tests.support.commands import slipway
from tests.support.environments import CATALOG
from tests.support.kubernetes import Kubernetes, observed_nodes
from tests.support.reports import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = [pytest.mark.rehearsal, pytest.mark.long]
DEV, RELEASE = CATALOG.load("dev")
LAYERS = ("platform", "toolchain")
LONG_ENOUGH = 16  # characters of a value that can only be a secret
NOT_PREVIEWABLE = 5  # the exit code of a review of layers, one of which could not be
MLFLOW = "/apis/apps/v1/namespaces/mlflow/deployments/mlflow"
MLFLOW_DATABASE = "/api/v1/namespaces/mlflow/secrets/mlflow-database"
ZOT = ("    kind: harbor\n", "    kind: zot\n")
NO_EXPERIMENTS = ("  experiments: {}\n", "")
NO_OBJECT_STORE = ("  objectStore:\n    storageGiB: 200\n", "")


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    checkout.with_tools("dev")
    with rehearsing("dev", root=checkout.root, boot=True) as started:
        yield started


@pytest.fixture(scope="module")
def api(rehearsal: Rehearsal) -> Kubernetes:
    return Kubernetes(rehearsal, "dev")


def test_dev_from_nothing_to_a_toolchain_and_back(
    checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes, golden: Callable[[str, str], None]
) -> None:
    """One rehearsal, step by step; each step begins where the one before ended."""
    what_a_tool_needs_is_named_on_both_sides(checkout, rehearsal)
    said = [everything_comes_up_and_is_quiet_the_second_time(rehearsal)]
    every_tool_is_ready_and_has_an_address(rehearsal)
    secrets = secrets_in(api)
    said += a_secret_that_is_made_anew_reaches_what_reads_it(checkout, rehearsal, api, golden)
    said += a_tool_that_is_left_out_goes(checkout, rehearsal, api)
    said += another_registry_is_one_line(checkout, rehearsal, api)
    no_secret_of_a_tool_is_ever_seen(rehearsal, {**secrets, **secrets_in(api)}, said)
    all_of_it_goes(rehearsal)


def what_a_tool_needs_is_named_on_both_sides(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(NO_OBJECT_STORE)
    said = slipway(rehearsal, "up", "dev", "--yes", code=2)
    assert "toolchain.experiments: (MLflow) needs platform.objectStore (SeaweedFS), which is missing; " in said
    assert "platform.registry: (Harbor) needs platform.objectStore (SeaweedFS), which is missing; " in said
    checkout.restore()


def everything_comes_up_and_is_quiet_the_second_time(rehearsal: Rehearsal) -> str:
    said = slipway(rehearsal, "up", "dev", "--yes")
    observed_nodes(rehearsal, "dev")
    again = slipway(rehearsal, "up", "dev", "--yes")
    assert again.count("unchanged") == 4, again
    assert not any(word in again for word in (" created", " updated", " deleted", " replaced")), again
    return said


def every_tool_is_ready_and_has_an_address(rehearsal: Rehearsal) -> None:
    page = rehearsal.layout.folder / "status.html"
    slipway(rehearsal, "status", "dev", "--page", str(page))
    text = page.read_text(encoding="utf-8")
    count = len(tools_of(DEV))
    assert f'{count} tools: <span class="ready">{count} ready</span></p>' in text
    for host in ("git", "registry", "grafana", "pipelines", "deliveries", "experiments", "notebooks", "data"):
        assert f"https://{host}.apps.dev.example.internal" in text


def secrets_in(api: Kubernetes) -> dict[str, str]:
    """Return the values of all Secrets of tools and teams that are long enough to be told from other words."""
    namespaces = {tool.namespace for tool in tools_of(DEV).values()} | {"research", "dex"}
    found: dict[str, str] = {}
    for secret in api.get("/api/v1/secrets")["items"]:
        place = secret["metadata"]
        if place["namespace"] in namespaces - {"kube-system"}:
            for key, value in (secret.get("data") or {}).items():
                text = base64.b64decode(value).decode()
                name = f"{place['namespace']}/{place['name']}.{key}"
                found |= {f"{name} {number}": part for number, part in enumerate(telling_parts(text))}
    return found


def telling_parts(text: str) -> list[str]:
    """Return what of a value can only be a secret: itself if it is one word, of a private key its lines."""
    if "PRIVATE KEY-----" in text:
        return [line for line in text.splitlines() if len(line) >= LONG_ENOUGH and not line.startswith("-----")]
    one_word = len(text) >= LONG_ENOUGH and "://" not in text and not set(text) & {" ", "\n", "."}
    return [text] if one_word else []


def no_secret_of_a_tool_is_ever_seen(rehearsal: Rehearsal, secrets: dict[str, str], outputs: list[str]) -> None:
    public = {"played by the rehearsal"}
    sources = [s for plan in layer_plans(DEV, RELEASE).values() for s in plan.sources if s.startswith("made:")]
    assert len(secrets) > len(sources) / 2
    said = []
    for layer in ("cluster", *LAYERS):
        stack = ["-s", f"dev.{layer}", "--non-interactive"]
        said.append(rehearsal.run(["pulumi", "preview", "--diff", "--json", *stack]))
        said.append(rehearsal.run(["pulumi", "stack", "export", *stack]))
        said.append(rehearsal.run(["pulumi", "stack", "output", "--json", *stack]))
    assert [done.returncode for done in said] == [0] * len(said), [done.stderr for done in said]
    kept = [file for file in rehearsal.layout.state.rglob("*.json") if file.is_file()]
    texts = [*outputs, *(done.stdout + done.stderr for done in said)]
    texts += [file.read_text(encoding="utf-8") for file in kept]
    seen = {
        name
        for name, value in secrets.items()
        if value not in public and any(spelling in text for text in texts for spelling in spellings(value))
    }
    assert seen == set()


def spellings(value: str) -> tuple[str, str]:
    return value, base64.b64encode(value.encode()).decode()


def a_secret_that_is_made_anew_reaches_what_reads_it(
    checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes, golden: Callable[[str, str], None]
) -> list[str]:
    """A database's password: the database has it in one layer, who logs in with it in the one above."""
    checkout.commit()
    before = api.get(MLFLOW)["spec"]["template"]["metadata"]["annotations"]
    password = api.get(f"{MLFLOW_DATABASE}")["data"]["password"]
    checkout.replace(("toolchain:\n", "rotations:\n  database-mlflow: 1\n\ntoolchain:\n"))
    report = slipway(rehearsal, "review", "dev", code=NOT_PREVIEWABLE)
    golden("review/real/password-made-anew.md", steady(report))
    said = [report, slipway(rehearsal, "up", "dev", "--yes")]
    found = api.get(f"{MLFLOW_DATABASE}")["data"]["password"]
    assert found != password
    after = api.get(MLFLOW)["spec"]["template"]["metadata"]["annotations"]
    assert {key for key in after if after[key] != before.get(key)} == {SECRETS_MARK}
    checkout.restore()  # without the line nothing else is asked for
    slipway(rehearsal, "preview", "dev", "--expect-no-changes")
    return said


def a_tool_that_is_left_out_goes(checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes) -> list[str]:
    assert api.get("/api/v1/namespaces/mlflow")
    checkout.replace(NO_EXPERIMENTS)
    said = [with_json_of(rehearsal, "toolchain"), slipway(rehearsal, "up", "dev", "--yes")]
    assert api.get("/api/v1/namespaces/mlflow") is None
    policy = api.get("/apis/cilium.io/v2/namespaces/jupyterhub/ciliumnetworkpolicies/as-linked")
    assert "mlflow" not in json.dumps(policy)
    return said


def with_json_of(rehearsal: Rehearsal, layer: str) -> str:
    """Return what a preview says of a layer that would change, in all ways that it can be asked for."""
    done = rehearsal.run(["pulumi", "preview", "--diff", "--json", "-s", f"dev.{layer}", "--non-interactive"])
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr + slipway(rehearsal, "preview", "dev", layer)


def another_registry_is_one_line(checkout: Checkout, rehearsal: Rehearsal, api: Kubernetes) -> list[str]:
    checkout.replace(ZOT)
    said = [with_json_of(rehearsal, "platform"), slipway(rehearsal, "up", "dev", "--yes")]
    assert api.get("/api/v1/namespaces/harbor") is None
    assert api.get("/apis/apps/v1/namespaces/zot/statefulsets/zot")
    assert "unchanged" in slipway(rehearsal, "preview", "dev", "toolchain", "--expect-no-changes")
    return said


def all_of_it_goes(rehearsal: Rehearsal) -> None:
    slipway(rehearsal, "destroy", "dev", "--yes")
    for layer in LAYERS:
        done = rehearsal.run(["pulumi", "stack", "export", "-s", f"dev.{layer}"])
        assert not json.loads(done.stdout)["deployment"].get("resources")

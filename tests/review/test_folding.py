"""The same change is said once: of many resources, and in several environments; where it differs, how."""

from __future__ import annotations

import pytest

from infra.review.folding import folded
from infra.review.folding_parts import told_documents, told_gpus, told_releases, told_rules, told_staleness, told_texts
from infra.review.model import (
    EnvironmentReview,
    GpuChange,
    LayerReview,
    ReleaseChange,
    RuleResult,
    Staleness,
    TextChange,
)
from infra.review.told import Block, Value
from infra.review.words import in_words, kind_of, neutral, number_of, plural, runs, some
from tests.review.made import changed, layer, node, own, quiet, thing

WORKLOAD = "apps/v1:Deployment"
IMAGE = "spec.template.spec.containers[0].image"


def platform(environment: str, image: str = "a:2", count: int = 12) -> LayerReview:
    stack = f"{environment}.platform"
    return layer(
        stack,
        *(
            thing(stack, "harbor", WORKLOAD, f"harbor/{number}", "update", changed(IMAGE, "a:1", image))
            for number in range(count)
        ),
    )


def only(blocks: tuple[Block, ...]) -> Block:
    (block,) = blocks
    return block


def test_the_same_change_of_many_is_said_once_with_their_number() -> None:
    block = only(folded([platform("dev")]))
    (change,) = block.changes
    assert (block.layer, block.place, block.environments) == ("platform", "harbor", ("dev",))
    assert (change.kind, change.count, change.operation) == ("Deployment", 12, "update")
    assert change.names == (("dev", tuple(f"harbor/{number}" for number in range(12))),)
    assert change.properties[0].values == (Value((), "a:1", "a:2"),)


def test_a_property_of_many_that_otherwise_differ_is_said_once() -> None:
    label = changed('metadata.labels["helm.sh/chart"]', "harbor-1", "harbor-2")
    stack = "dev.platform"
    changes = [
        thing(stack, "harbor", WORKLOAD, f"harbor/{number}", "update", label, changed(IMAGE, "1", f"x:{number}"))
        for number in range(3)
    ]
    changes += [thing(stack, "harbor", "core/v1:Service", "harbor/web", "update", label)]
    block = only(folded([layer(stack, *changes)]))
    (shared,) = block.shared
    assert shared.told.path == label.path
    assert shared.kinds == (("dev", (("Deployment", 3), ("Service", 1))),)
    assert [(each.kind, len(each.properties), each.more) for each in block.changes] == [
        *[("Deployment", 1, True)] * 3,
        ("Service", 0, True),
    ]


def test_the_same_change_in_several_environments_is_said_once() -> None:
    block = only(folded([platform("prod"), platform("dev"), platform("staging")]))
    assert block.environments == ("dev", "prod", "staging")
    assert len(block.changes) == 1


def test_where_environments_differ_each_value_says_where_it_is_so() -> None:
    block = only(folded([platform("dev"), platform("prod", "a:3"), platform("staging")]))
    (change,) = block.changes
    assert change.properties[0].values == (
        Value(("dev", "staging"), "a:1", "a:2"),
        Value(("prod",), "a:1", "a:3"),
    )


def test_a_change_in_one_environment_comes_after_what_is_in_more() -> None:
    alone = layer("dev.cluster", thing("dev.cluster", "dex", WORKLOAD, "dex/dex", "delete"))
    blocks = folded([alone, platform("dev"), platform("prod")])
    assert [(block.environments, block.place) for block in blocks] == [(("dev", "prod"), "harbor"), (("dev",), "dex")]


def test_machines_of_several_environments_have_names_of_their_own() -> None:
    memory = changed("memory", "1", "2")
    layers = [
        layer(f"{name}.compute", *(node(name, f"{name}-cpu-{number}", "update", memory) for number in numbers))
        for name, numbers in (("dev", (1,)), ("prod", (1, 2, 10)))
    ]
    (change,) = only(folded(layers)).changes
    assert change.names == (("dev", ("dev-cpu-1",)), ("prod", ("prod-cpu-1", "prod-cpu-2", "prod-cpu-10")))
    assert change.properties[0].marks == ("restarts the machine",)


def test_pools_in_which_the_same_happens_are_one_place() -> None:
    changes = [
        node("prod", f"prod-{pool}-1", "replace", changed("clone.templateUuid", "1", "2")) for pool in ("cpu", "data")
    ]
    assert only(folded([layer("prod.compute", *changes)])).place == "node pools cpu and data"


def test_texts_that_differ_in_the_same_lines_are_one_change() -> None:
    path = 'extraConfig["guestinfo.userdata"]'
    changes = [
        node(
            "dev",
            f"dev-cpu-{number}",
            "replace",
            changed(path, f"hostname: {number}\nimage: a\n", f"hostname: {number}\nimage: b\n"),
        )
        for number in (2, 1)
    ]
    (change,) = only(folded([layer("dev.compute", *changes)])).changes
    assert change.count == 2
    assert change.properties[0].values[0].lines == ("@@ line 1 @@", " hostname: 1", "-image: a", "+image: b")


def test_which_of_some_texts_is_shown_does_not_depend_on_their_order() -> None:
    """The text differs in the same lines everywhere, and in what stands around them."""
    layers = [
        layer(
            f"{name}.platform",
            thing(
                f"{name}.platform",
                "dex",
                "core/v1:ConfigMap",
                "dex/dex",
                "update",
                changed('data["a"]', f"x: {name}\na\n", f"x: {name}\nb\n"),
                changed('data["b"]', "1", name),
            ),
        )
        for name in ("dev", "prod")
    ]
    (change,) = only(folded(layers)).changes
    assert [len(each.values) for each in change.properties] == [1, 2]
    assert folded(layers) == folded(layers[::-1])


def test_a_replacement_says_why_where_no_property_does() -> None:
    rolled = node("dev", "dev-cpu-1", "replace", changed("extraConfig", "1", "2"))
    named = node("dev", "dev-cpu-2", "replace", changed("folder", "a", "b", replaces=True))
    odd = own("dev.platform", "slipway:index:Password", "a", "replace")
    because = {
        change.names[0][1]: change.because
        for block in folded([layer("dev.compute", rolled, named), layer("dev.platform", odd)])
        for change in block.changes
    }
    assert "on purpose" in because["dev-cpu-1",]
    assert because["dev-cpu-2",] == ""
    assert because["a",] == "the engine names no property that forces it"


def test_gpus_that_are_lost_come_first_and_alike_ones_once() -> None:
    gpus = tuple(GpuChange("gained", "prod", f"prod-a-{number}", "", "1 x A100") for number in (2, 1))
    environment = EnvironmentReview("prod", gpus=(*gpus, GpuChange("lost", "prod", "prod-b-1", "1 x H100", "")))
    found = told_gpus([environment])
    assert [(each.kind, each.names) for each in found] == [
        ("lost", (("prod", ("prod-b-1",)),)),
        ("gained", (("prod", ("prod-a-1", "prod-a-2")),)),
    ]


def test_releases_and_documents_are_said_once_for_all_environments() -> None:
    environments = [
        EnvironmentReview(
            name,
            release=("1", "2"),
            release_changes=(ReleaseChange("charts.harbor", "a", "b"),),
            documents=(changed("release", "1", "2"), changed("count", "1", count)),
        )
        for name, count in (("dev", "2"), ("prod", "3"))
    ]
    (release,) = told_releases(environments)
    assert (release.environments, release.changes) == (("dev", "prod"), (("charts.harbor", "a", "b"),))
    count, version = told_documents(environments)
    assert version.values == (Value((), "1", "2"),)
    assert count.values == (Value(("dev",), "1", "2"), Value(("prod",), "1", "3"))


def test_first_boot_documents_that_differ_alike_are_one_text() -> None:
    lines = ("@@ -6,3 +6,3 @@", " a", "-old", "+new")
    texts = tuple(TextChange(f"dev: first boot of dev-cpu-{number}: user-data", lines) for number in (2, 1))
    other = TextChange("dev: first boot of dev-cpu-3: user-data", ("@@ -6,3 +6,3 @@", "-old", "+newer"))
    first, second = told_texts([EnvironmentReview("dev", texts=(*texts, other))])
    assert (first.title, first.names, first.lines[0]) == (
        "first boot: user-data", (("dev", ("dev-cpu-1", "dev-cpu-2")),), "@@ line 6 @@",
    )  # fmt: skip
    assert second.names == (("dev", ("dev-cpu-3",)),)


def test_rules_that_refuse_come_first_and_excepted_ones_last() -> None:
    results = [
        RuleResult("c", "s", "m", "r", excepted="until 2027-01-01"),
        RuleResult("b", "s", "m", "r", severity="warn"),
        RuleResult("z", "s2", "m", "r"),
        RuleResult("z", "s1", "m", "r"),
    ]
    found = told_rules(results)
    assert [(each.rule, each.refuses) for each in found] == [("z", True), ("b", False), ("c", False)]
    assert found[0].findings[0].subjects == ("s1", "s2")


def test_what_previews_were_made_of_is_said_once() -> None:
    assert [len(each.stacks) for each in told_staleness(quiet("dev", "compute", "cluster"))] == [2]
    days = [
        LayerReview("dev", name, "no change", staleness=Staleness(inventory_age_days=age))
        for name, age in (("compute", 0), ("cluster", 1), ("platform", 5), ("toolchain", None))
    ]
    said = [fact for each in told_staleness(days) for _, fact in each.facts]
    assert sorted(said) == ["1 day before", "5 days before", "today"]


@pytest.mark.parametrize(
    ("type_", "one", "many"),
    [
        ("kubernetes:apps/v1:Deployment", "Deployment", "2 Deployments"),
        ("kubernetes:storage.k8s.io/v1:StorageClass", "StorageClass", "2 StorageClasses"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "NetworkPolicy", "2 NetworkPolicies"),
        ("kubernetes:gateway.networking.k8s.io/v1:Gateway", "Gateway", "2 Gateways"),
        ("vsphere:index/virtualMachine:VirtualMachine", "virtual machine", "2 virtual machines"),
        ("slipway:index:NodeGpus", "node GPUs", "2 node GPUs"),
        ("slipway:index:GpuTemplate", "GPU template", "2 GPU templates"),
        ("pulumi:providers:vsphere", "connection", "2 connections"),
    ],
)
def test_kinds_are_called_as_people_call_them(type_: str, one: str, many: str) -> None:
    assert number_of(1, kind_of(type_)) == f"1 {one}"
    assert number_of(2, kind_of(type_)) == many
    assert plural(one) in many


def test_lists_of_names() -> None:
    assert [in_words([]), in_words(["a"]), in_words(["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert some(list("abcd"), 2) == "a, b and 2 more"
    assert runs(["n-1", "n-2", "n-3", "n-5", "m"]) == [("n-1 to n-3", 3), ("n-5", 1), ("m", 1)]
    assert runs(["n-1 (a)", "n-2 (a)", "n-3 (a)", "n-4 (b)"]) == [("n-1 to n-3 (a)", 3), ("n-4 (b)", 1)]
    assert runs(["n-1", "n-2"]) == [("n-1", 1), ("n-2", 1)]
    assert neutral("dev", "dev-cpu-1") == neutral("prod", "prod-cpu-1") == "*-cpu-1"
    assert neutral("dev", "developer") == "developer"

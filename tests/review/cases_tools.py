"""Reviews that look like real ones: what happens to tools, and to several environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.review.model import SECRET_CHANGED, UNKNOWN, EnvironmentReview, ReleaseChange, Review, RuleResult, TextChange
from tests.review.cases_base import review
from tests.review.made import changed, layer, node, own, quiet, thing

if TYPE_CHECKING:
    from infra.review.model import ResourceChange

USER_DATA = 'extraConfig["guestinfo.userdata"]'
KUBE_VIP = "ghcr.io/kube-vip/kube-vip"


def _user_data(name: str, version: str) -> str:
    lines = [
        "#cloud-config",
        f"hostname: {name}",
        "write_files:",
        "- path: /etc/kubernetes/manifests/kube-vip.yaml",
        "  content: |",
        "    spec:",
        "      containers:",
        f"      - image: {KUBE_VIP}:{version}",
        "        name: kube-vip",
    ]
    return "\n".join(lines) + "\n"


def _kube_vip_lines(name: str) -> tuple[str, ...]:
    del name
    return (
        "@@ -6,4 +6,4 @@",
        "     spec:",
        "       containers:",
        f"-      - image: {KUBE_VIP}:v1.2.3",
        f"+      - image: {KUBE_VIP}:v1.3.0",
        "         name: kube-vip",
    )


def _harbor(stack: str, replicas: tuple[str, str] | None = None) -> list[ResourceChange]:
    """Return what a new chart of Harbor changes."""
    label = 'metadata.labels["helm.sh/chart"]'
    image = "spec.template.spec.containers[0].image"
    found = []
    for name in ("core", "jobservice", "portal", "registry", "exporter"):
        own_changes = [
            changed(label, "harbor-1.19.1", "harbor-1.20.0"),
            changed('metadata.labels["app.kubernetes.io/version"]', "2.15.1", "2.16.0"),
            changed(image, f"goharbor/harbor-{name}:v2.15.1", f"goharbor/harbor-{name}:v2.16.0"),
        ]
        if replicas and name == "core":
            own_changes.append(changed("spec.replicas", *replicas))
        found.append(
            thing(stack, "harbor", "apps/v1:Deployment", f"harbor/harbor-{name}", "update", *own_changes, chart=True)
        )
        service = changed(label, "harbor-1.19.1", "harbor-1.20.0")
        version = changed('metadata.labels["app.kubernetes.io/version"]', "2.15.1", "2.16.0")
        found.append(
            thing(stack, "harbor", "core/v1:Service", f"harbor/harbor-{name}", "update", service, version, chart=True)
        )
    old, new = "port: 8080\nlog:\n  level: info\n", "port: 8080\nlog:\n  level: info\n  format: json\n"
    settings = changed('data["app.conf"]', old, new, replaces=True)
    found.append(thing(stack, "harbor", "core/v1:ConfigMap", "harbor/harbor-core", "replace", settings, chart=True))
    redis = changed("spec.template.spec.containers[0].image", "valkey:8.1.3", "valkey:8.1.4")
    found.append(thing(stack, "harbor", "apps/v1:StatefulSet", "harbor/harbor-redis", "update", redis, chart=True))
    return found


def promoted_release() -> Review:
    """A release that was tried elsewhere comes to staging: charts, and kube-vip on the control plane."""
    name = "staging-control-plane-1"
    texts = tuple(_user_data(name, version) for version in ("v1.2.3", "v1.3.0"))
    cilium = thing(
        "staging.cluster",
        "cilium",
        "apps/v1:DaemonSet",
        "kube-system/cilium",
        "update",
        changed('metadata.labels["helm.sh/chart"]', "cilium-1.20.0", "cilium-1.20.2"),
        changed(
            "spec.template.spec.containers[0].image", "quay.io/cilium/cilium:v1.20.0", "quay.io/cilium/cilium:v1.20.2"
        ),
        chart=True,
    )
    pins = (
        ReleaseChange("charts.cilium", "1.20.0", "1.20.2"),
        ReleaseChange("charts.harbor", "1.19.1", "1.20.0"),
        ReleaseChange("charts.harbor.digest", f"sha256:{'4f' * 32}", f"sha256:{'a0' * 32}"),
        ReleaseChange("images.kube-vip", "v1.2.3", "v1.3.0"),
    )
    rule = RuleResult(
        "pinned-images",
        "staging.platform:StatefulSet:harbor/harbor-redis",
        "names without a digest: valkey:8.1.4; add it to the release or its charts, and make the bundle anew",
        "Where a bundle is there it knows the digests of its images: one without is not among them.",
        severity="warn",
    )
    environment = EnvironmentReview(
        "staging",
        (
            layer("staging.compute", node("staging", name, "replace", changed(USER_DATA, *texts))),
            layer("staging.cluster", cilium),
            layer("staging.platform", *_harbor("staging.platform")),
            *quiet("staging", "toolchain"),
        ),
        release=("2026.11.0", "2026.12.0"),
        release_changes=pins,
        documents=(changed("release", "2026.11.0", "2026.12.0"),),
        texts=(TextChange(f"staging: first boot of {name}: user-data", _kube_vip_lines(name)),),
    )
    return review(environment, rules=(rule,))


def rotated_secret() -> Review:
    """Somebody has asked for a new password of Harbor's administrator."""
    stack = "dev.platform"
    checksum = 'spec.template.metadata.annotations["checksum/secret"]'
    platform = layer(
        stack,
        own(stack, "slipway:index:Password", "harbor-admin", "update", changed("version", "", "2")),
        thing(
            stack,
            "harbor",
            "core/v1:Secret",
            "harbor/harbor-admin",
            "replace",
            changed("stringData", SECRET_CHANGED, SECRET_CHANGED, replaces=True),
        ),
        *(
            thing(
                stack,
                "harbor",
                "apps/v1:Deployment",
                f"harbor/harbor-{name}",
                "update",
                changed(checksum, "5f1c9e…", UNKNOWN),
                chart=True,
            )
            for name in ("core", "jobservice")
        ),
    )
    environment = EnvironmentReview(
        "dev",
        (*quiet("dev", "compute", "cluster"), platform, *quiet("dev", "toolchain")),
        release=("2026.11.0", "2026.11.0"),
    )
    return review(environment)


def nothing_at_all() -> Review:
    """A comment in a document was mended."""
    layers = (layer("dev.compute", noise=1), *quiet("dev", "cluster", "platform", "toolchain"))
    return review(EnvironmentReview("dev", layers, release=("2026.11.0", "2026.11.0")))


def three_environments() -> Review:
    """One change for all: a new chart of Harbor, and more of its core, as many as each environment bears."""
    replicas = {"dev": ("1", "2"), "staging": ("1", "2"), "prod": ("2", "3")}
    return review(
        *(
            EnvironmentReview(
                name,
                (
                    *quiet(name, "compute", "cluster"),
                    layer(f"{name}.platform", *_harbor(f"{name}.platform", replicas[name])),
                    *quiet(name, "toolchain"),
                ),
                release=("2026.11.0", "2026.11.1"),
                release_changes=(ReleaseChange("charts.harbor", "1.19.1", "1.20.0"),),
                documents=(changed("release", "2026.11.0", "2026.11.1"),),
                texts=(
                    TextChange(
                        f"{name}: harbor: values",
                        ("@@ -1,2 +1,2 @@", " core:", f"-  replicas: {old}", f"+  replicas: {new}"),
                    ),
                ),
            )
            for name, (old, new) in replicas.items()
        )
    )


def refused() -> Review:
    """A document is not accepted, and in another environment a rule says no to what else would be a small change."""
    reason = (
        "stacks/environments/prod.yaml:61: nodePools.cpu.addresses: 10.30.0.20-10.30.0.22: has room for 3 nodes, and "
        "count is 4; widen it or lower the count"
    )
    rule = RuleResult(
        "deletes-data",
        "staging.platform:PersistentVolumeClaim:harbor/harbor-registry",
        "would be deleted, and with it its volume, unless the class retains it; copy what is in it, or keep the claim",
        "What holds data or identity does not come back when it is made anew.",
    )
    claim = thing(
        "staging.platform", "harbor", "core/v1:PersistentVolumeClaim", "harbor/harbor-registry", "delete", chart=True
    )
    return review(
        EnvironmentReview("prod", refusals=(reason,)),
        EnvironmentReview(
            "staging",
            (*quiet("staging", "compute", "cluster"), layer("staging.platform", claim), *quiet("staging", "toolchain")),
        ),
        rules=(rule,),
    )


def replaced_connection() -> Review:
    """A cluster's identifier was changed by mistake: everything in a layer would be made anew; and a tool is gone."""
    stack = "dev.platform"
    kinds = (
        ("core/v1:Namespace", "harbor"),
        ("apps/v1:Deployment", "harbor/harbor-core"),
        ("apps/v1:Deployment", "harbor/harbor-portal"),
        ("apps/v1:StatefulSet", "harbor/harbor-redis"),
        ("core/v1:Service", "harbor/harbor-core"),
        ("core/v1:PersistentVolumeClaim", "harbor/harbor-registry"),
    )
    platform = layer(
        stack,
        own(
            stack,
            "pulumi:providers:kubernetes",
            "kubernetes",
            "replace",
            changed("clusterIdentifier", "dev", "development", replaces=True),
        ),
        *(thing(stack, "harbor", type_, place, "replace", chart=True) for type_, place in kinds),
        *(
            thing(stack, "loki", type_, place, "delete", chart=True)
            for type_, place in (
                ("core/v1:Namespace", "loki"),
                ("apps/v1:StatefulSet", "loki/loki"),
                ("core/v1:Service", "loki/loki"),
                ("core/v1:ConfigMap", "loki/loki"),
            )
        ),
        removed=("loki",),
    )
    environment = EnvironmentReview(
        "dev",
        (*quiet("dev", "compute", "cluster"), platform, *quiet("dev", "toolchain")),
        documents=(changed("platform.logs", '{"storageGiB": 50}', ""),),
    )
    return review(environment)

"""Reviews that look like real ones: what happens to machines."""

from __future__ import annotations

from infra.review.model import UNKNOWN, EnvironmentReview, GpuChange, LayerReview, Review, RuleResult
from tests.review.cases_base import review
from tests.review.made import GPU_TEMPLATE, changed, layer, node, of_pool, own, quiet, thing


def changed_gpu_profile() -> Review:
    """Half an H100 instead of a quarter for each node of a pool."""
    old, new = "1 x nvidia_h100-20c on gpu-01", "1 x nvidia_h100-40c on gpu-01"
    names = [f"prod-inference-{number}" for number in range(1, 5)]
    compute = layer(
        "prod.compute",
        of_pool(
            "prod",
            "inference",
            GPU_TEMPLATE,
            "inference-gpus",
            "replace",
            changed("devices[0].profile", "nvidia_h100-20c", "nvidia_h100-40c", replaces=True),
            changed("name", "prod-inference-nvidia_h100-20c-x1-5c0d4e", "prod-inference-nvidia_h100-40c-x1-5c0d4e"),
        ),
        *(node("prod", name, "replace", changed("clone.templateUuid", "4213a7c8-…", UNKNOWN)) for name in names),
        noise=1,
    )
    flavors = changed("flavor", "h100-pcie-1of4", "h100-pcie-1of2")
    flavor = "kueue.x-k8s.io/v1beta2:ResourceFlavor"
    group = "spec.resourceGroups[1].flavors[0]"
    cluster = layer(
        "prod.cluster",
        thing("prod.cluster", "queues", flavor, "h100-pcie-1of4", "delete"),
        thing("prod.cluster", "queues", flavor, "h100-pcie-1of2", "create"),
        thing(
            "prod.cluster",
            "queues",
            "kueue.x-k8s.io/v1beta2:ClusterQueue",
            "serving",
            "update",
            changed(f"{group}.name", "h100-pcie-1of4", "h100-pcie-1of2"),
        ),
        *(own("prod.cluster", "slipway:index:NodeGpus", name, "update", flavors) for name in names),
    )
    environment = EnvironmentReview(
        "prod",
        (compute, cluster, *quiet("prod", "platform", "toolchain")),
        release=("2026.11.0", "2026.11.0"),
        gpus=tuple(GpuChange("changed", "prod", name, old, new) for name in names),
        documents=(
            changed("nodePools.inference.gpu.share", "1/4", "1/2"),
            changed('cluster.teams.serving.quota.gpus["h100-pcie-1of4"]', "4", ""),
            changed('cluster.teams.serving.quota.gpus["h100-pcie-1of2"]', "", "4"),
        ),
    )
    return review(environment)


def new_machine_template() -> Review:
    """Every node is made anew from another template."""
    old, new = (f"templates/ubuntu-24.04-kubernetes-1.36.3-{number}" for number in (1, 2))
    pools = {"control-plane": 3, "cpu": 4, "training": 2, "inference": 4, "notebooks": 3, "data": 3}
    nodes = [
        node("prod", f"prod-{pool}-{number}", "replace", changed("clone.templateUuid", "4213a7c8-52f1", UNKNOWN))
        if pool in ("inference", "notebooks")
        else node(
            "prod",
            f"prod-{pool}-{number}",
            "replace",
            changed("clone.templateUuid", "420e11b0-77aa", "421f9c3d-0b5e"),
        )
        for pool, count in pools.items()
        for number in range(1, count + 1)
    ]
    templates = [
        of_pool("prod", pool, GPU_TEMPLATE, f"{pool}-gpus", "replace", changed("baseTemplate", old, new, replaces=True))
        for pool in ("inference", "notebooks")
    ]
    environment = EnvironmentReview(
        "prod",
        (layer("prod.compute", *templates, *nodes), *quiet("prod", "cluster", "platform", "toolchain")),
        release=("2026.11.0", "2026.11.0"),
        documents=(changed("vcenter.template", old, new),),
    )
    return review(environment)


def deleted_pool() -> Review:
    """Notebooks need no GPUs any more: their pool goes."""
    names = [f"prod-notebooks-{number}" for number in range(1, 4)]
    rule = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
    compute = layer(
        "prod.compute",
        of_pool("prod", "notebooks", GPU_TEMPLATE, "notebooks-gpus", "delete"),
        of_pool("prod", "notebooks", rule, "prod-notebooks", "delete"),
        *(node("prod", name, "delete") for name in names),
        removed=("notebooks",),
    )
    cluster = layer(
        "prod.cluster",
        *(own("prod.cluster", "slipway:index:NodeSettings", name, "delete") for name in names),
        *(own("prod.cluster", "slipway:index:NodeGpus", name, "delete") for name in names),
        thing("prod.cluster", "queues", "kueue.x-k8s.io/v1beta2:ResourceFlavor", "a100-pcie-80-2g.20gb", "delete"),
    )
    excepted = RuleResult(
        "gpu-quota-used",
        "prod:cluster.teams.research.quota.gpus.a100-pcie-80-2g.20gb",
        "gives a team GPUs that no pool has; take it from the quota",
        "A quota of GPUs that are not there makes people wait for ever.",
        excepted="until 2026-12-31, by platform-team: the quota goes with the team's next budget",
    )
    old = '{"cluster": "gpu-01", "count": 3, "cpus": 8, "gpu": {"board": "A100 PCIe 80", "mig": "2g.20gb"}}'
    environment = EnvironmentReview(
        "prod",
        (compute, cluster, *quiet("prod", "platform", "toolchain")),
        release=("2026.11.0", "2026.11.0"),
        gpus=tuple(GpuChange("lost", "prod", name, "1 x grid_a100d-2-20c on gpu-01", "") for name in names),
        documents=(changed("nodePools.notebooks", old, ""),),
    )
    return review(environment, rules=(excepted,))


def failed_preview() -> Review:
    """The engine would have to replace what is protected, and says no; the layers above wait."""
    why = (
        'unable to replace resource "urn:pulumi:prod.compute::slipway::slipway:compute:NodePool$slipway:compute:Node::'
        'prod-data-1" as it is currently marked for protection. To unprotect the resource, remove the `protect` flag '
        "from the resource in your Pulumi program and run `pulumi up`"
    )
    above = "prod.compute could not be previewed, and it stands on that"
    environment = EnvironmentReview(
        "prod",
        (
            LayerReview("prod", "compute", "preview failed", why),
            *(LayerReview("prod", name, "not previewable", above) for name in ("cluster", "platform", "toolchain")),
        ),
        release=("2026.11.0", "2026.11.0"),
        documents=(changed("nodePools.data.dataDisks.objects.unit", "1", "2"),),
    )
    return review(environment)

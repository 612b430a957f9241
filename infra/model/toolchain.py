"""The CI/CD toolchain for AI applications: each tool is a section of its own that can be left out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.model.base import Document, entry
from infra.model.kubernetes_texts import ObjectName
from infra.model.platform import Days, Size
from infra.model.texts import OneLine


class Code(Document):
    """Repositories of code (Gitea): an organization for each team, and `platform` with the environments themselves."""

    storage_gib: Size = entry("Storage", 50)
    """Room for repositories, in GiB."""


class Pipelines(Document):
    """What builds, tests, checks data, trains and evaluates (Argo Workflows, Argo Events, BuildKit)."""

    keep_days: Days = entry("Days kept", 30, default=30)
    """How long finished runs and what they left are kept, in days."""
    parallel: Annotated[int, Field(ge=1, le=1000, strict=True)] = entry("Runs at a time", 10, default=10)
    """How many runs may be at work at a time; GPU steps wait in their team's queue beside that."""


class Signing(Document):
    """Signatures of images (cosign), and the policy that looks at them (Kyverno)."""

    enforce: bool = entry("Enforce", example=True, default=True)
    """Whether namespaces of teams refuse images of this registry without a signature; else it is only reported."""


class Delivery(Document):
    """What brings applications out (Argo CD, Argo Rollouts): a project for each team.

    What stands in a team's repository `deploy`, as `<namespace>/<application>`, runs. Its routes have host names
    `<name>-<namespace>.<domain>` and ask callers for a token of the team's people, unless they have the label
    `slipway.dev/open: "true"`.
    """


class Data(Document):
    """Data in versions, as branches over the object store (lakeFS): a repository for each team.

    Without a licence lakeFS knows one access key and no rights: it is in every team's namespaces, and opens everything.
    """


class Experiments(Document):
    """Runs, metrics and the model registry (MLflow), which all teams share."""


class Training(Document):
    """Training across pods and GPUs, in the teams' queues (Kubeflow Trainer)."""


class Profile(Document):
    """A kind of notebook that can be chosen."""

    cpus: Annotated[int, Field(ge=1, le=1024, strict=True)] = entry("CPUs", 4)
    """CPUs."""
    memory_gib: Size = entry("Memory", 16)
    """Memory, in GiB."""
    gpu: OneLine | None = entry("GPU kind", "l4-1of4", default=None)
    """Kind of GPU, as in the teams' quotas; it is counted there."""


class Notebooks(Document):
    """Notebooks (JupyterHub), as many kinds as there are profiles."""

    team: ObjectName = entry("Team", "research")
    """The team whose members have notebooks: they run in its namespace (the first by name) and stand in its queue."""
    storage_gib: Size = entry("Storage", 10, default=10)
    """A person's own room, in GiB."""
    profiles: dict[ObjectName, Profile] = entry("Profiles", {"small": {"cpus": 2, "memoryGiB": 8}}, min_length=1)
    """What can be chosen, by name."""


class Serving(Document):
    """Models that answer behind the gateway (KServe, without a service mesh).

    They come from the bucket `models`, which all teams share, if they run as the account `models`. They ask callers for
    a token of the team's people, unless they have the label `slipway.dev/open: "true"`.
    """


class Applications(Document):
    """Figures and alerts of the teams' applications and models, and policies of whom their pods may talk to.

    Pods with the label `slipway.dev/metrics: "true"` are asked for figures at their port `metrics` (8080 or 9090).
    """


class Toolchain(Document):
    """The toolchain: code, build and test, package, release, monitoring; for data, model and app."""

    code: Code | None = entry("Code", {"storageGiB": 50}, default=None)
    """Repositories of code."""
    pipelines: Pipelines | None = entry("Pipelines", {"keepDays": 30}, default=None)
    """Build, test, data checks, training, evaluation."""
    signing: Signing | None = entry("Signing", {"enforce": True}, default=None)
    """Signatures of images."""
    delivery: Delivery | None = entry("Delivery", {}, default=None)
    """Releases of applications."""
    data: Data | None = entry("Data", {}, default=None)
    """Data in versions."""
    experiments: Experiments | None = entry("Experiments", {}, default=None)
    """Experiments and the model registry."""
    training: Training | None = entry("Training", {}, default=None)
    """Training across pods."""
    notebooks: Notebooks | None = entry("Notebooks", {"profiles": {"small": {}}}, default=None)
    """Notebooks."""
    serving: Serving | None = entry("Serving", {}, default=None)
    """Models that answer."""
    applications: Applications | None = entry("Applications", {}, default=None)
    """Figures and alerts of applications and models."""

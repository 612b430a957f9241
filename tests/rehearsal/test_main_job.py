"""`slipway rehearse dev`, as a newcomer runs it: from nothing to a report and a clean end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from infra.catalog import ROOT
from rehearsal.plugin import find_plugin
from rehearsal.session import rehearsing
from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal


class _AnyHost(str):
    """Equal to the name of every host of dev's vCenter."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other in [f"esx-{number:02}" for number in range(1, 7)]

    __hash__ = str.__hash__


HOST = _AnyHost("a host")


def slipway(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(root / "slipway"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_rehearse_reports_and_ends_clean() -> None:
    root = Path(tempfile.mkdtemp(prefix="slipway-"))
    Checkout(root).with_tools("dev")
    committed = {path: path.read_bytes() for path in (root / "stacks").rglob("*.yaml")}
    done = slipway(root, "rehearse", "dev")
    assert done.returncode == 0, done.stdout + done.stderr
    report = done.stdout.partition("Rehearsal of dev")[2]
    rows = {line.split()[0]: line.split()[1:] for line in reversed(report.splitlines()) if line.strip()}
    assert rows["dev-control-plane-1"] == ["4", "8", "GiB", "on", "10.20.0.10", HOST]
    assert rows["dev-cpu-2"] == ["4", "16", "GiB", "on", "10.20.0.21", HOST]
    assert "dev-gpu-1  esx-04  1 x nvidia_l4-6c" in report
    for node, role, gpus in (
        ("dev-control-plane-1", "control plane", "-"),
        ("dev-cpu-1", "worker", "-"),
        ("dev-cpu-2", "worker", "-"),
        ("dev-gpu-1", "worker", "1"),
    ):
        assert re.search(rf"^{node} +{role} +v1\.36\.3 +yes +{gpus} *$", report, re.MULTILINE), report
    assert rows["cilium"][:3] == ["kube-system", "1.20.0", "contract"]
    assert rows["gpu-operator"][:3] == ["gpu-operator", "v26.7.0", "contract"]
    assert rows["opentelemetry-collector"][:3] == ["opentelemetry", "0.170.0", "contract"]
    assert "harbor" in rows
    assert "argo-workflows" in rows
    assert "kubeadm (without its checks of the machine), etcd" in " ".join(report.split())
    assert {"start", "doctor", "cluster", "second", "status", "destroy", "in"} <= set(rows)
    for layer in ("compute", "cluster", "platform", "toolchain"):
        assert re.search(rf"^up, {layer} +made +[0-9.]+ *$", report, re.MULTILINE), report
    assert {"real", "simulated", "played"} <= set(rows)
    assert ("plugin for rehearsals" in report) == (find_plugin(ROOT).kind == "played")
    assert {path: path.read_bytes() for path in (root / "stacks").rglob("*.yaml")} == committed
    assert slipway(root, "rehearse", "dev", "--stop").returncode == 2
    shutil.rmtree(root)


def test_kept_rehearsal_can_be_looked_into_and_stopped() -> None:
    root = Path(tempfile.mkdtemp(prefix="slipway-"))
    Checkout(root)
    try:
        kept = slipway(root, "rehearse", "dev", "--keep")
        assert kept.returncode == 0, kept.stdout + kept.stderr
        assert "./slipway rehearse dev --shell" in kept.stdout
        second = slipway(root, "rehearse", "dev")
        assert second.returncode == 2
        assert second.stderr == (
            "rehearsal of dev: one is running already in this checkout; look inside with "
            "`./slipway rehearse dev --shell`, or end it with --stop\n"
        )
        shell = subprocess.run(
            [str(root / "slipway"), "rehearse", "dev", "--shell"],
            input="pulumi stack output handover -s dev.compute --json\n./slipway status dev\nkubectl get nodes\n",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SHELL": "/bin/sh"},
        )
        assert '"name": "dev-cpu-2"' in shell.stdout
        assert "update succeeded" in shell.stdout
        assert '"kubeconfig": "[secret]"' in shell.stdout
        assert re.search(r"^dev-gpu-1 +Ready +<none> .* v1\.36\.3$", shell.stdout, re.MULTILINE), shell.stdout
    finally:
        stopped = slipway(root, "rehearse", "dev", "--stop")
    assert stopped.stdout == "The rehearsal of dev has ended.\n"
    assert slipway(root, "rehearse", "dev", "--stop").returncode == 2
    shutil.rmtree(root)


def test_plain_pulumi_works_from_the_repository_root() -> None:
    root = Path(tempfile.mkdtemp(prefix="slipway-"))
    checkout = Checkout(root)
    with rehearsing("dev", root=checkout.root) as rehearsal:
        stack = ["-s", "dev.compute", "--non-interactive"]
        for command in (
            ["pulumi", "preview", *stack],
            ["pulumi", "up", "--yes", "--skip-preview", *stack],
            ["pulumi", "preview", "--expect-no-changes", *stack],
            ["pulumi", "refresh", "--yes", "--expect-no-changes", *stack],
            ["pulumi", "destroy", "--yes", *stack],
        ):
            done = rehearsal.run(command)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    shutil.rmtree(root)


@pytest.mark.long
def test_rehearse_prod_ends_with_a_cluster_and_leaves_strangers_alone() -> None:
    root = Path(tempfile.mkdtemp(prefix="slipway-"))
    Checkout(root)
    done = slipway(root, "rehearse", "prod")
    assert done.returncode == 0, done.stdout + done.stderr
    report = done.stdout.partition("Rehearsal of prod")[2]
    for machine, gpus in (
        ("prod-training-1", "esx-21  0000:5e:00.0, 0000:af:00.0"),
        ("prod-notebooks-1", r"esx-2[12]  1 x grid_a100d-2-20c"),
        ("prod-inference-1", r"esx-2[34]  1 x nvidia_h100-20c"),
    ):
        assert re.search(rf"^{machine} +{gpus} *$", report, re.MULTILINE), report
    nodes = re.findall(r"^(prod-[a-z0-9-]+) +(control plane|worker) +v1\.36\.3 +yes +(\d+|-) *$", report, re.MULTILINE)
    assert len(nodes) == 19
    assert [role for _, role, _ in nodes].count("control plane") == 3
    offered = {name.rpartition("-")[0]: int(count) for name, _, count in nodes if count != "-"}
    assert offered == {"prod-training": 2, "prod-inference": 1, "prod-notebooks": 1}
    shutil.rmtree(root)

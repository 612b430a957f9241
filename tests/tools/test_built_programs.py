"""Every program that `make tools-all` installs answers, in the version that tools.yaml names."""

from __future__ import annotations

import subprocess

import pytest
from ruamel.yaml import YAML

from infra.catalog import ROOT

pytestmark = pytest.mark.long


VERSIONS = {
    name: str(program["version"])
    for name, program in YAML(typ="safe").load((ROOT / "tools" / "tools.yaml").read_text("utf-8"))["programs"].items()
}


@pytest.mark.parametrize(
    "command",
    [
        ["pulumi", "version"],
        ["etcd", "--version"],
        ["kube-apiserver", "--version"],
        ["kube-controller-manager", "--version"],
        ["kube-scheduler", "--version"],
        ["kubeadm", "version", "-o", "short"],
        ["kubectl", "version", "--client"],
        ["promtool", "--version"],
    ],
    ids=lambda command: str(command[0]),
)
def test_program_answers_its_version(command: list[str]) -> None:
    program = ROOT / ".tools" / "bin" / command[0]
    done = subprocess.run([str(program), *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version = VERSIONS[command[0]]
    if command[0] == "promtool":  # module v0.316.0 is Prometheus 3.16.0
        _, minor, patch = version.split(".")
        version = f"{minor[0]}.{minor[1:]}.{patch}"
    assert version in done.stdout + done.stderr

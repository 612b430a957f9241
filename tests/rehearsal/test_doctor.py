"""`slipway doctor`: a vCenter that is ready, and one in which everything is wrong, each problem with its fix."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import rehearsing, slipway_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
SERVER = "vcenter.example.internal"
# Gives an address to the rehearsal's loopback device, where every connection to it is refused: somebody is there.
TAKE_ADDRESS = """
from pyroute2 import IPRoute
with IPRoute() as route:
    route.addr("add", index=1, address="10.20.0.21", prefixlen=32)
"""

# Long lines as they stand in the table, put together again.
EXPECTED_OF_SITE = """\
hosts WRONG nodePools.cpu: 2048 GiB of memory, the largest host of cluster-01 has 512 GiB \
→ ask for less memory, or use a cluster with larger hosts
warning cluster-01: the environment asks for 4104 GiB of memory, its usable hosts have 2560 GiB \
→ vSphere would have to swap: ask for less, or add hosts
storage WRONG datastore-01: 30 GiB free; 3 machines to come, 60 GiB at once, disks may grow by 260 GiB \
→ free space, enlarge it, or use another vcenter.storage
addresses WRONG 10.20.0.21, for dev-cpu-2: something answers there \
→ free it, or move the range in the document
""".splitlines()

DRIVERS = """\
GPU driver warning the user may not read the software packages of esx-05.example.internal (Host.Config.Image) \
→ compare by hand: esxcli software vib list | grep -i nv; with guest driver 580.65.06 go R580 or R595 or R620
WRONG host driver 550.90.05 on esx-06.example.internal does not load with the release's guest driver 580.65.06 \
→ install a host driver of R580 or R595 or R620 there, or take another release
""".splitlines()


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Iterator[Rehearsal]:
    """A rehearsal whose vCenter has a wrong template, little space, and one host less."""
    checkout.replace_in_inventory(
        SERVER,
        ("{name: datastore-01, capacityGiB: 4096}", "{name: datastore-01, capacityGiB: 4096, freeGiB: 30}"),
        ("hardwareVersion: 17", "hardwareVersion: 14"),
        ("          kubeadm: 1.36.3\n", "          kubeadm: 1.35.9\n"),
        ('containerd: "2.1"', 'containerd: "1.7.28"'),
        ("            - registry.k8s.io/pause:3.10.2\n", ""),
        ("graphics: {defaultType: sharedDirect, assignment: consolidation}", 'graphics: {driver: "550.90.05"}'),
        ("          - {name: esx-03.example.internal, cores: 64, memoryGiB: 512}\n", ""),
    )
    checkout.replace(("memoryGiB: 16", "memoryGiB: 2048"))
    with rehearsing("dev+staging", root=checkout.root) as started:
        yield started


def lines(rehearsal: Rehearsal, environment: str, expected: int) -> list[str]:
    """Return what `slipway doctor` prints, as long lines without the table's white space."""
    done = rehearsal.slipway("doctor", environment)
    assert done.returncode == expected, done.stdout + done.stderr
    found: list[str] = []
    for line in done.stdout.splitlines()[1:]:
        check = line.split()[:3]
        if any(mark in check for mark in ("ok", "WRONG", "warning")):
            found.append(" ".join(line.split()))
        elif found:
            found[-1] += " " + " ".join(line.split())
    return found + done.stderr.splitlines()


def wrong(found: list[str]) -> list[str]:
    return [line for line in found if "WRONG" in line or "warning" in line]


def test_everything_that_is_wrong_is_said_at_once_with_its_fix(rehearsal: Rehearsal) -> None:
    rehearsal.control.withhold_privileges("VirtualMachine.Interact.PowerOn", "Datastore.AllocateSpace")
    rehearsal.control.shift_clock(-90.0)
    assert rehearsal.run([sys.executable, "-c", TAKE_ADDRESS]).returncode == 0
    found = lines(rehearsal, "dev", 2)
    rehearsal.control.grant_privileges()
    rehearsal.control.shift_clock(0)
    role = "add it to the role of rehearsal@vsphere.local; the whole role: ./slipway doctor dev --role"
    template = "ubuntu-24.04-kubernetes-1.36.3-1"
    build = "→ build it anew: ./slipway release template 2026.11.0"
    assert [line for line in wrong(found) if not line.startswith("clock")] == [
        f"privileges WRONG VirtualMachine.Interact.PowerOn is missing on /dc-01 → {role}",
        f"WRONG Datastore.AllocateSpace is missing on /dc-01/datastore/datastore-01 → {role}",
        f"template WRONG {template}: hardware version is 14, the release wants 17 to 20 {build}",
        f"WRONG {template}: kubeadm is 1.35.9, the release wants 1.36.3 {build}",
        f"WRONG {template}: containerd is 1.7.28, the release wants 2.1 or newer {build}",
        f"WRONG {template}: image registry.k8s.io/pause:3.10.2 is missing, the release wants it inside {build}",
        *EXPECTED_OF_SITE,
    ]
    (clock,) = [line for line in found if line.startswith("clock")]
    assert clock.startswith("clock WRONG vCenter's clock is 9")
    assert clock.endswith("behind this machine's → let both follow the same NTP servers")
    assert found[-1] == "dev: 10 to mend before `./slipway up dev`"


def test_drivers_of_hosts_with_gpus(rehearsal: Rehearsal) -> None:
    """The host that has vGPUs of its own has an older driver; packages of the other may not be read."""
    rehearsal.control.fail("fetchSoftwarePackages", "", "NoPermission", "played: not yours to see")
    found = [line for line in lines(rehearsal, "staging", 2) if "GPU driver" in line or "host driver" in line]
    assert found == DRIVERS


def test_address_that_another_machine_has_is_named_with_that_machine(rehearsal: Rehearsal, checkout: Checkout) -> None:
    checkout.without_gpus("staging")
    # by hand: `slipway up` would refuse this vCenter
    up = rehearsal.run(["pulumi", "up", "--yes", "--skip-preview", "-s", "staging.compute", "--non-interactive"])
    assert up.returncode == 0, up.stdout + up.stderr
    checkout.document_of("staging").rename(checkout.root / "staging.yaml")  # else the documents themselves are refused
    checkout.replace(("addresses: 10.20.0.20-10.20.0.39", "addresses: 10.20.0.110-10.20.0.119"))
    found = lines(rehearsal, "dev", 2)
    assert (
        "addresses WRONG 10.20.0.110, for dev-cpu-1: virtual machine staging-cpu-1 has it → free it, or move the range "
        "in the document"
    ) in found


def test_role_lists_what_the_user_has_to_be_given(rehearsal: Rehearsal) -> None:
    said = rehearsal.slipway("doctor", "dev", "--role").stdout.splitlines()
    assert "# on the datacenter, with what is below it" in said
    assert "VirtualMachine.Interact.PowerOn" in said


def test_without_a_stack_there_is_no_login_to_look_with(rehearsal: Rehearsal) -> None:
    process = rehearsal.popen(
        slipway_command("doctor", "prod"), env={"SLIPWAY_REHEARSAL": "prod"}, stderr=subprocess.PIPE
    )
    _, said = process.communicate()
    assert process.returncode == 2
    assert said == (
        "prod.compute: there is no such stack yet, so no login; pulumi stack init prod.compute, then set vsphere:user "
        "and vsphere:password\n"
    )

"""What a person reads when vCenter is not as it should be: one line each, before anything is touched."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from rehearsal.session import slipway_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.session import Rehearsal
    from tests.support.checkout import Checkout

pytestmark = pytest.mark.rehearsal
SERVER = "vcenter.example.internal"
STACK = ["-s", "dev.compute", "--non-interactive"]


@pytest.fixture(autouse=True)
def _restored(checkout: Checkout) -> Iterator[None]:
    checkout.only("dev")
    yield
    checkout.restore()


def refusal(rehearsal: Rehearsal, **variables: str) -> str:
    """Return what `slipway preview dev` says on standard error; it has to end with exit code 2."""
    import subprocess  # noqa: PLC0415 - used here alone

    process = rehearsal.popen(
        slipway_command("preview", "dev", "compute"), env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = process.communicate()
    assert process.returncode == 2, out + err
    assert out == ""
    return str(err)


def test_unknown_name(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace((SERVER, "vcenter.nowhere.invalid"))
    assert refusal(rehearsal) == (
        "vCenter vcenter.nowhere.invalid: its name is not known here; check vcenter.server in the environment "
        "document and this machine's DNS\n"
    )


def test_nobody_answers(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace((SERVER, "localhost.localdomain"))
    hosts = rehearsal.layout.hosts_file
    hosts.write_text(hosts.read_text(encoding="utf-8") + "127.0.0.1 localhost.localdomain\n", encoding="utf-8")
    assert refusal(rehearsal) == (
        "vCenter localhost.localdomain: does not answer on port 443 ([Errno 111] Connection refused); check that it "
        "runs and that no firewall is between\n"
    )


def test_certificate_that_is_not_trusted(rehearsal: Rehearsal) -> None:
    authorities = rehearsal.layout.certificates / "vcenter.key"  # a file without a single authority
    assert refusal(rehearsal, SSL_CERT_FILE=str(authorities)) == (
        f"vCenter {SERVER}: its certificate is not trusted (unable to get local issuer certificate); install the "
        f"vCenter's root certificates (https://{SERVER}/certs/download.zip) on this machine, or name a file that holds "
        "them in SSL_CERT_FILE\n"
    )


def test_wrong_password(rehearsal: Rehearsal) -> None:
    password = rehearsal.layout.password_file.read_text(encoding="ascii")
    set_password = ["pulumi", "config", "set", "--secret", "vsphere:password", *STACK]
    assert rehearsal.run(set_password, stdin="wrong").returncode == 0
    try:
        assert refusal(rehearsal) == (
            f"vCenter {SERVER}: user or password refused for rehearsal@vsphere.local; set them with `pulumi config set "
            "vsphere:user` and `pulumi config set --secret vsphere:password`\n"
        )
    finally:
        assert rehearsal.run(set_password, stdin=password).returncode == 0


def test_password_that_is_not_set(rehearsal: Rehearsal) -> None:
    password = rehearsal.layout.password_file.read_text(encoding="ascii")
    assert rehearsal.run(["pulumi", "config", "rm", "vsphere:password", *STACK]).returncode == 0
    try:
        assert refusal(rehearsal) == (
            "stacks/Pulumi.dev.compute.yaml: vsphere:password: not set; run: pulumi config set --secret "
            "vsphere:password -s dev.compute\n"
        )
        plain = rehearsal.run(["pulumi", "preview", *STACK])
        assert plain.returncode != 0
        assert "stacks/Pulumi.dev.compute.yaml: vsphere:password: not set; run: " in plain.stdout + plain.stderr
        assert "Traceback" not in plain.stdout + plain.stderr
    finally:
        set_password = ["pulumi", "config", "set", "--secret", "vsphere:password", *STACK]
        assert rehearsal.run(set_password, stdin=password).returncode == 0


def test_places_that_are_missing_are_all_named_at_once(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(
        ("network: vm-network", "network: vm-net"),
        ("datastore: datastore-01", "datastore: pod-01\n    policy: platinum"),
        ("template: ubuntu-24.04-kubernetes-1.36.3-1", "template: ubuntu-24.04-kubernetes-1.36.3-2"),
        ("clusters: [cluster-01]", "clusters: [cluster-01, cluster-02]"),
        ("  count: 1\n", "  count: 1\n  cluster: cluster-01\n"),
        ("    count: 2\n", "    count: 2\n    cluster: cluster-02\n"),
    )
    fix = "mend the name in stacks/environments/dev.yaml, or create it"
    assert refusal(rehearsal) == (
        f"vCenter {SERVER}: vcenter.clusters[1]: cluster-02: there is no cluster /dc-01/host/cluster-02; {fix}\n"
        f"vCenter {SERVER}: vcenter.network: vm-net: there is no port group /dc-01/network/vm-net; {fix}\n"
        f"vCenter {SERVER}: vcenter.storage.datastore: pod-01: /dc-01/datastore/pod-01 is no datastore; {fix}\n"
        f"vCenter {SERVER}: vcenter.storage.policy: platinum: there is no VM storage policy of that name; "
        "mend the name in the document, or create it\n"
        f"vCenter {SERVER}: vcenter.template: ubuntu-24.04-kubernetes-1.36.3-2: there is no template "
        "/dc-01/vm/ubuntu-24.04-kubernetes-1.36.3-2; build it as docs/machine-template.md says, or mend the path in "
        "the document\n"
    )


def test_plain_pulumi_names_the_missing_network_without_a_traceback(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(("network: vm-network", "network: vm-net"))
    done = rehearsal.run(["pulumi", "preview", *STACK])
    assert done.returncode != 0
    assert "Network vm-net not found" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_plain_pulumi_shows_refusals_of_the_document(checkout: Checkout, rehearsal: Rehearsal) -> None:
    checkout.replace(("cidr: 10.20.0.0/24", "cidr: 10.20.0.9/24"))
    done = rehearsal.run(["pulumi", "preview", *STACK])
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "network.cidr: 10.20.0.9/24: has host bits set; did you mean 10.20.0.0/24?" in said
    assert "Traceback" not in said


def test_stack_of_another_name_is_refused(rehearsal: Rehearsal) -> None:
    assert rehearsal.run(["pulumi", "stack", "init", "dev.nothing", "--no-select", "--non-interactive"]).returncode == 0
    done = rehearsal.run(["pulumi", "preview", "-s", "dev.nothing", "--non-interactive"])
    assert "stack dev.nothing: not a stack of this project; a stack is named <environment>.<layer>" in done.stdout
    (rehearsal.layout.root / "stacks" / "Pulumi.dev.nothing.yaml").unlink()


def test_live_run_holds_the_stack(rehearsal: Rehearsal) -> None:
    """Two runs at once: the second is told who holds the stack, and ends with exit code 2."""
    import subprocess  # noqa: PLC0415 - used here alone

    hold = rehearsal.control.hold("CreateFolder", "", "before")
    pipe = subprocess.PIPE
    first = rehearsal.popen(slipway_command("up", "dev", "compute", "--yes"), stdout=pipe, stderr=subprocess.STDOUT)
    rehearsal.control.wait_until_held(hold, 60)
    second = rehearsal.slipway("up", "dev", "compute", "--yes")
    rehearsal.control.release_all()
    said, _ = first.communicate()
    assert first.returncode == 0, said
    assert second.returncode == 2
    assert re.fullmatch(
        r"dev: `slipway up dev` \(process [0-9]+ of \S+, since [0-9:]+ UTC\) is changing it right now; "
        r"wait for that run\n",
        second.stderr,
    )
    assert rehearsal.slipway("destroy", "dev", "compute", "--yes").returncode == 0


def test_no_question_is_asked_when_nobody_is_there(rehearsal: Rehearsal) -> None:
    done = rehearsal.slipway("up", "dev", "compute")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "slipway: nobody is there to answer «Do this to dev.compute?»; repeat the command with --yes"
    )


def test_server_that_is_no_simulator_is_refused_by_the_played_plugin(rehearsal: Rehearsal) -> None:
    """The mark is what tells them apart: without it the plugin logs in and then does nothing more."""
    code = (
        "from rehearsal.vsphere_plugin import connection\n"
        "connection.MARK = 'config.vpxd.hostnameUrl'\n"
        "password = open('.rehearsal/dev/vcenter-password').read()\n"
        f"connection.Connection('{SERVER}', 'rehearsal@vsphere.local', password)\n"
    )
    done = rehearsal.run([sys.executable, "-c", code])
    assert f"Refused: {SERVER} is not a simulated vCenter: this vSphere plugin is for rehearsals only" in done.stderr

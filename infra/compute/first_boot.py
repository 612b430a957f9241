"""First boot, decided: the two cloud-init documents of a node, and what of them makes nodes anew. Plain data only."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from infra.compute.node_boot import SERVICE, boot_files
from infra.compute.node_files import node_files
from infra.render import render

if TYPE_CHECKING:
    from infra.model.environment import Environment
    from infra.model.nodes import Machine
    from infra.model.release import Release


def metadata(environment: Environment, name: str, address: str) -> str:
    """Return the instance metadata with the static network (cloud-init network configuration version 2), as JSON."""
    network = environment.network
    interface = {
        "match": {"name": "e*"},  # vmxnet3's name depends on the PCI slot; a node has one interface
        "dhcp4": False,
        "dhcp6": False,
        "addresses": [f"{address}/{network.cidr.prefixlen}"],
        "routes": [{"to": "0.0.0.0/0", "via": str(network.gateway)}],
        "nameservers": {
            "addresses": [str(server) for server in network.nameservers],
            "search": [network.domain],
        },
    }
    document = {
        "instance-id": name,
        "local-hostname": name,
        "network": {"version": 2, "ethernets": {"primary": interface}},
        "wait-on-network": {"ipv4": True},
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def user_data(environment: Environment, release: Release, name: str, address: str) -> str:
    """Return the cloud-config of a node, as YAML. It holds no secret."""
    boot = environment.first_boot
    files = boot_files(environment, release, name, address)
    control_plane = name in environment.control_plane_addresses()
    return render(
        "machine/user-data.yaml.j2",
        {
            "hostname": name,
            "fqdn": f"{name}.{environment.network.domain}",
            "user": boot.user,
            "ssh_public_keys": list(boot.ssh_public_keys),
            "time_servers": list(environment.network.time_servers),
            "trusted_authorities": [pem.strip() + "\n" for pem in boot.trusted_authorities],
            "files": node_files(environment, files, control_plane=control_plane),
            "service": SERVICE,
            # containerd was started before cloud-init wrote what it reads at its start
            "restart_containerd": bool(boot.proxy or boot.trusted_authorities),
        },
    )


def roll_trigger(environment: Environment, release: Release, machine: Machine, *, control_plane: bool) -> str:
    """Return a hash of the decisions that a living node can't follow without being made anew.

    It is taken of the decisions, not of rendered documents: a comment in a template, or a template of the same name
    that was built again, must not roll a pool. Decisions of the API server count for control-plane nodes alone.
    """
    network = environment.network
    # without defaults: a key that a later version adds must not roll every node of every environment
    boot = environment.first_boot.model_dump(by_alias=True, mode="json", exclude_defaults=True)
    api_server = boot.pop("apiServer", {})
    decisions: dict[str, Any] = {
        "template": environment.vcenter.template,
        "firmware": release.machine_template.firmware,
        "first address": str(machine.addresses.first),
        "network": [
            str(network.cidr),
            str(network.gateway),
            [str(server) for server in network.nameservers],
            network.domain,
            list(network.time_servers),
            str(network.api_address),
        ],
        "first boot": {
            **boot,
            "sshPublicKeys": sorted(_without_comment(key) for key in environment.first_boot.ssh_public_keys),
            "trustedAuthorities": sorted("".join(pem.split()) for pem in environment.first_boot.trusted_authorities),
        },
    }
    if environment.first_boot.proxy is not None:
        decisions["not by proxy"] = [str(network.pods), str(network.services)]
    if control_plane:
        decisions["API server"] = api_server
        decisions["cluster networks"] = [str(network.pods), str(network.services)]
    return hashlib.sha256(json.dumps(decisions, sort_keys=True).encode()).hexdigest()[:16]


def _without_comment(ssh_public_key: str) -> str:
    """Return type and key of an OpenSSH public key: the comment behind them lets nobody in and keeps nobody out."""
    return " ".join(ssh_public_key.split()[:2])

"""Where an environment stands: its vCenter, its network, and what has to be kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.model.addresses import Address, AddressRangeText, Network, ServiceNetwork
from infra.model.base import Document, entry
from infra.model.texts import CertificatePem, DomainName, HostName, VsphereName, VspherePath

Vlan = Annotated[int, Field(ge=0, le=4094, strict=True)]  # IEEE 802.1Q; 0 is no VLAN


class Storage(Document):
    """Where the disks of the virtual machines stand: a datastore or a datastore cluster."""

    datastore: VsphereName | None = entry("Datastore", "datastore-01", default=None)
    """Name of the datastore. Give this or `datastoreCluster`."""
    datastore_cluster: VsphereName | None = entry("Datastore cluster", "pod-01", default=None)
    """Name of a datastore cluster: Storage DRS chooses a datastore of it for every machine."""
    policy: VsphereName | None = entry("Storage policy", "gold", default=None)
    """Name of a VM storage policy for the machines' disks, beside the datastore or the cluster; vSphere does not choose
    a datastore by a policy alone when it clones."""


class NewPortGroup(Document):
    """A distributed port group that is created with the environment and goes with it."""

    distributed_switch: VsphereName = entry("Distributed switch", "dvs-01")
    """Name of the distributed switch that it is created on."""
    vlan: Vlan = entry("VLAN", 120)
    """VLAN number of its ports, 1 to 4094; 0 for no VLAN."""


class VCenter(Document):
    """Where in which vCenter the virtual machines stand. What is not said to be created has to exist already."""

    server: DomainName = entry("vCenter", "vcenter.example.internal")
    """Host name of the vCenter, as it stands in its certificate."""
    datacenter: VsphereName = entry("Datacenter", "dc-01")
    """Name of the datacenter."""
    clusters: list[VsphereName] = entry("Clusters", ["cluster-01"], min_length=1, max_length=64)
    """Names of the clusters of hosts that run the machines. With several, every pool says which one is its own."""
    storage: Storage = entry("Storage", {"datastore": "datastore-01"})
    """Where the disks stand."""
    network: VsphereName = entry("Port group", "vm-network")
    """Name of the port group that the machines are connected to."""
    create_port_group: NewPortGroup | None = entry(
        "Port group to create", {"distributedSwitch": "dvs-01", "vlan": 120}, default=None
    )
    """Create the port group of that name on a distributed switch, instead of using one that is there."""
    folder: VsphereName = entry("Folder", "slipway-dev")
    """Name of the virtual machine folder and of the resource pools to create; no other environment may use it."""
    authority: CertificatePem | None = entry("Authority", "-----BEGIN CERTIFICATE-----\n...", default=None)
    """Certificate of the authority that signed vCenter's certificate, for what logs in to it from the cluster; without
    it, it has to be a public one."""
    template: VspherePath = entry("Machine template", "ubuntu-24.04-kubernetes-1.36.3-1")
    """Path of the template that nodes are cloned from, below the datacenter's folder of virtual machines; its name has
    to fit the release's pattern."""


class NodeNetwork(Document):
    """Addresses: the network that the nodes stand in, and the networks inside the cluster."""

    cidr: Network = entry("Node network", "10.20.0.0/24")
    """Network of the nodes, in CIDR notation."""
    gateway: Address = entry("Gateway", "10.20.0.1")
    """Address of the default gateway."""
    nameservers: list[Address] = entry("DNS servers", ["10.20.0.2"], min_length=1, max_length=3)
    """Addresses of the DNS servers, one to three."""
    domain: DomainName = entry("DNS domain", "dev.example.internal")
    """DNS domain of the nodes; a node's full name is `<node>.<domain>`."""
    time_servers: list[HostName] = entry("NTP servers", ["ntp.example.internal"], min_length=1, max_length=10)
    """Names or addresses of the NTP servers."""
    api_address: Address = entry("API address", "10.20.0.5")
    """Address of the Kubernetes API server, which moves between the control-plane nodes; outside every range."""
    load_balancers: AddressRangeText = entry("Load-balancer addresses", "10.20.0.200-10.20.0.239")
    """Address range for Kubernetes Services of type LoadBalancer, in the node network."""
    pods: Network = entry("Pod network", "10.244.0.0/16")
    """Network of the pods, in CIDR notation; every node takes a /24 of it. Nobody outside the cluster sees it."""
    services: ServiceNetwork = entry("Service network", "10.96.0.0/16")
    """Network of the Kubernetes Services, in CIDR notation, /12 or smaller."""

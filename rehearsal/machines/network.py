"""The network of a rehearsal's machines: a bridge with the gateway's address, and a cable to every machine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pyroute2 import IPRoute, NetlinkError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network

BRIDGE = "machines"
INTERFACE = "eth0"  # what a machine calls its end of the cable
_ARP = 0x0806
_EVERYBODY = b"\xff" * 6


def make_bridge(gateways: dict[IPv4Network, IPv4Address]) -> None:
    """Make the bridge, with the gateway's address in each network; this computer is the gateway."""
    with IPRoute() as route:
        route.link("add", ifname=BRIDGE, kind="bridge")
        index = route.link_lookup(ifname=BRIDGE)[0]
        for network, gateway in gateways.items():
            route.addr("add", index=index, address=str(gateway), prefixlen=network.prefixlen)
        route.link("set", index=index, state="up")


def plug_in(cable: str, process: int) -> None:
    """Lay a cable from the bridge into the network namespace of a process. Raises `NetlinkError`."""
    with IPRoute() as route:
        route.link("add", ifname=cable, kind="veth", peer={"ifname": INTERFACE, "net_ns_pid": process})
        index = route.link_lookup(ifname=cable)[0]
        route.link("set", index=index, master=route.link_lookup(ifname=BRIDGE)[0], state="up")


def set_link(cable: str, *, up: bool) -> None:
    """Let a cable carry something or nothing, from the bridge's side; one that went with its machine is fine."""
    with IPRoute() as route:
        for index in route.link_lookup(ifname=cable):
            try:
                route.link("set", index=index, state="up" if up else "down")
            except NetlinkError:
                continue


def pull_out(cable: str) -> None:
    """Take a cable away; one that went with its machine is fine."""
    with IPRoute() as route:
        for index in route.link_lookup(ifname=cable):
            try:
                route.link("del", index=index)
            except NetlinkError:
                continue


def set_up(address: str, prefix_length: int, gateway: str) -> None:
    """Give this machine's interface its address and its way out, and bring the loopback device up."""
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname="lo")[0], state="up")
        index = route.link_lookup(ifname=INTERFACE)[0]
        route.addr("add", index=index, address=address, prefixlen=prefix_length)
        route.link("set", index=index, state="up")
        route.route("add", dst="default", gateway=gateway)


def take_address(address: str) -> None:
    """Give this machine one more address, and tell everybody on the network that it is here now."""
    with IPRoute() as route:
        index = route.link_lookup(ifname=INTERFACE)[0]
        route.addr("replace", index=index, address=address, prefixlen=32)
        hardware = route.get_links(index)[0].get_attr("IFLA_ADDRESS")
    own = bytes.fromhex(hardware.replace(":", ""))
    place = socket.inet_aton(address)
    frame = _EVERYBODY + own + _ARP.to_bytes(2, "big")
    frame += bytes.fromhex("0001080006040001") + own + place + _EVERYBODY + place  # a gratuitous request (RFC 5227)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((INTERFACE, 0))
        raw.send(frame)


def give_up_address(address: str) -> None:
    """Take an address away that `take_address` gave."""
    with IPRoute() as route:
        index = route.link_lookup(ifname=INTERFACE)[0]
        route.addr("del", index=index, address=address, prefixlen=32)

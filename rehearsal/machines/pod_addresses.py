"""The addresses of a node's pods, out of the node's own range."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_FIRST = 2  # the network itself and the node's end of it come before


def free_address(pods: str, taken: Container[str], wanted: str = "") -> str:
    """Return an address of a range that nobody has: the wanted one if it may be had. Raises `OSError` when full."""
    network = ip_network(pods)
    hosts = (str(network[index]) for index in range(_FIRST, network.num_addresses - 1))
    if wanted and wanted not in taken and wanted in {str(each) for each in network}:
        return wanted
    found = next((address for address in hosts if address not in taken), None)
    if found is None:
        raise OSError(f"no address is left in {pods}")
    return found

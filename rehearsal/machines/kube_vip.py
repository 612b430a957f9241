"""Plays kube-vip: holds the API's address on this machine while its API server is healthy and nobody else has it."""

from __future__ import annotations

import socket
import sys
import time

import httpx

from rehearsal.machines.network import give_up_address, take_address

_PAUSE = 0.5
_PORT = 6443
_BAD_CHECKS = 4  # in a row, before the address is given up


def main(address: str) -> None:
    """Hold and give up an address until this machine ends."""
    held, bad = False, 0
    while True:
        healthy = _healthy()
        bad = 0 if healthy else bad + 1
        if healthy and not held and not _somebody_has(address):
            take_address(address)
            held = True
            print(f"took {address}", flush=True)
        elif held and bad >= _BAD_CHECKS:
            give_up_address(address)
            held = False
            print(f"gave up {address}", flush=True)
        time.sleep(_PAUSE)


def _healthy() -> bool:
    try:
        return httpx.get(f"https://127.0.0.1:{_PORT}/livez", verify=False, timeout=2, trust_env=False).is_success  # noqa: S501 - itself
    except httpx.HTTPError:
        return False


def _somebody_has(address: str) -> bool:
    try:
        socket.create_connection((address, _PORT), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1])

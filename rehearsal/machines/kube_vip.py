"""Plays kube-vip: holds the API's address on this machine while its API server is healthy and nobody else has it."""

from __future__ import annotations

import socket
import sys
import time

import httpx

from rehearsal.machines.network import give_up_address, take_address

_PAUSE = 0.5
_PORT = 6443
_ANSWER = 0.5  # seconds for an answer of who has the address
_STAGGER = 1.0  # seconds between two machines; kube-vip itself has a lease
_BAD_CHECKS = 4  # in a row, before the address is given up


def main(address: str) -> None:
    """Hold and give up an address until this machine ends."""
    held, bad = False, 0
    while True:
        healthy = _healthy()
        bad = 0 if healthy else bad + 1
        if healthy and not held and _nobody_has(address):
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


def _nobody_has(address: str) -> bool:
    """Whether nobody answers there, twice: machines look at different moments, so that one of them is the first."""
    number = socket.gethostname().rpartition("-")[2]
    for pause in (0.0, _STAGGER * int(number) if number.isdigit() else 0.0):
        time.sleep(pause)
        try:
            socket.create_connection((address, _PORT), _ANSWER).close()
        except OSError:
            continue
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1])

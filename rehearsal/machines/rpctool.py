"""The played `vmware-rpctool` of a machine: `info-get KEY` and `info-set KEY VALUE`."""

from __future__ import annotations

import sys

from rehearsal.machines.description import own_description
from rehearsal.machines.places import HYPERVISOR


def main(call: str) -> int:
    """Answer a call as the hypervisor would, and return the exit code."""
    verb, _, rest = call.partition(" ")
    key, _, value = rest.partition(" ")
    if verb == "info-set":
        HYPERVISOR.mkdir(parents=True, exist_ok=True)
        (HYPERVISOR / key).write_text(value, encoding="utf-8")
        return 0
    said = HYPERVISOR / key
    if said.exists():
        print(said.read_text(encoding="utf-8"))
        return 0
    given = own_description().guest_info
    if key not in given:
        print("No value found")
        return 1
    print(given[key])
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))

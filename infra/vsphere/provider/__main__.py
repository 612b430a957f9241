"""Started by the engine with its address as the last argument."""

from __future__ import annotations

import sys

from infra.vsphere.provider.serving import serve


def main() -> None:
    """Serve the engine; without an address, say so and exit 2."""
    if len(sys.argv) < 2 or sys.argv[-1].startswith("-"):  # noqa: PLR2004 - the program's name and an address
        sys.stderr.write("usage: pulumi-resource-slipway ENGINE_ADDRESS (the pulumi engine starts this program)\n")
        sys.exit(2)
    serve(sys.argv[-1])


if __name__ == "__main__":
    main()

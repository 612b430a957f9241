"""Starts the host: `python __main__.py [OPTION ...] ENGINE_ADDRESS`.

The engine's logging options (`--logtostderr`, `-v=N`, `--tracing ENDPOINT`) are accepted and ignored.
"""

import os
import sys
from pathlib import Path

# Started by its path, from any folder; PYTHONPATH would reach the user's program.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.language_host.protocol import skip_sdk_start_up


def main() -> None:
    """Serve the engine whose address is the last argument; without one, say so and exit 2."""
    if len(sys.argv) < 2 or sys.argv[-1].startswith("-"):  # noqa: PLR2004 - the program's name and an address
        sys.stderr.write("usage: pulumi-language-python ENGINE_ADDRESS (the pulumi engine starts this program)\n")
        sys.exit(2)
    skip_sdk_start_up()
    from tools.language_host.host import serve  # noqa: PLC0415 - only now is the SDK's start-up out of the way

    serve(sys.argv[-1])
    sys.stdout.flush()
    os._exit(0)  # all answers are sent; gRPC's threads now and then keep the interpreter from ending in time


if __name__ == "__main__":
    main()

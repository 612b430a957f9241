"""`python -m infra.operate`: errors of people are shown as plain lines, bugs keep their traceback."""

import sys

from infra.errors import PersonError
from infra.operate.cli import app


def main() -> None:
    """Run the command line; leaves with the exit code of the error, if a person can mend it."""
    try:
        app(prog_name="slipway")
    except PersonError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

#!/bin/sh
# Makes the virtual environment of this checkout from requirements.txt, with hashes checked. Argument: the Python to use.
set -eu
python=$1
if ! command -v "$python" >/dev/null 2>&1; then
    echo "setup: $python: not found; install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2
    exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "setup: $python is $("$python" --version); Slipway needs Python 3.11 or newer: make PYTHON=python3.11" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "setup: $python has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2
    exit 2
fi
packages=$(grep -c '==' requirements.txt)
echo "setup: installing $packages Python packages into .venv (about a minute when none is cached)"
rm -f .venv/.ready
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
touch .venv/.ready
echo "setup: done"

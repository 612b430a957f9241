"""Runs in cloud-init's own Python: checks user data against its schema, writes its files, prints it as JSON.

User data on standard input; `--write-files` for a first boot. Ends with 1 and the reasons when the schema refuses it.
"""

from __future__ import annotations

import json
import sys

import yaml
from cloudinit.config import cc_write_files, schema  # type: ignore[import-not-found]


def main(*, writes: bool) -> None:
    """Do it."""
    found = yaml.load(sys.stdin, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    try:
        schema.validate_cloudconfig_schema(found, strict=True)
    except schema.SchemaValidationError as refused:
        sys.exit(str(refused))
    if writes:
        cc_write_files.write_files("write_files", found.get("write_files", []), "root:root")
    print(json.dumps(found))


if __name__ == "__main__":
    main(writes="--write-files" in sys.argv[1:])

"""Tells Argo Events of a version of a model that is to be packed. Environment: URL, TOKEN, MODEL, VERSION."""

from __future__ import annotations

import json
import os
import urllib.request

SECONDS = 30


def message(model: str, version: str) -> bytes:
    """Return what is told."""
    return json.dumps({"model": model, "version": version}).encode()


def main() -> None:
    """Tell it; a refusal ends with an error."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"}
    body = message(os.environ["MODEL"], os.environ["VERSION"])
    request = urllib.request.Request(os.environ["URL"], body, headers, method="POST")  # noqa: S310 - from a Secret
    with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310 - as above
        print(f"{os.environ['MODEL']} {os.environ['VERSION']} will be packed in the namespace of builds")


if __name__ == "__main__":
    main()

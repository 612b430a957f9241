"""Looks at a reference in lakeFS: how many objects it has, by how much that differs from a base, and draws samples.

Environment: DATA, REFERENCE, PREFIX, BASE, LEAST_OBJECTS, MOST_CHANGE (percent), COUNT, SAMPLES (a file), and lakeFS'
own LAKECTL_SERVER_ENDPOINT_URL and LAKECTL_CREDENTIALS_*. The same reference always gives the same samples.
"""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 1000
SECONDS = 60
Found = list[tuple[str, int]]  # paths and sizes


def objects(data: str, reference: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield path and size of every object of a reference."""
    after, more = "", True
    where = f"/repositories/{urllib.parse.quote(data, safe='')}/refs/{urllib.parse.quote(reference, safe='')}"
    while more:
        query = urllib.parse.urlencode({"prefix": prefix, "after": after, "amount": PAGE})
        answer = ask(f"{where}/objects/ls?{query}")
        for each in answer["results"]:
            if each["path_type"] == "object":
                yield each["path"], each.get("size_bytes", 0)
        after, more = answer["pagination"]["next_offset"], answer["pagination"]["has_more"]


def ask(path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what lakeFS answers."""
    key = f"{os.environ['LAKECTL_CREDENTIALS_ACCESS_KEY_ID']}:{os.environ['LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY']}"
    address = os.environ["LAKECTL_SERVER_ENDPOINT_URL"].rstrip("/") + "/api/v1" + path
    login = base64.b64encode(key.encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})  # noqa: S310 - the cluster's
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
        return json.load(answer)


def problems(found: Found, base: Found | None, least: int, most_change: float) -> list[str]:
    """Return what is wrong with the objects that were found, next to those of the base, if there is one."""
    wrong = []
    if len(found) < least:
        wrong.append(f"{len(found)} objects are there, {least} are wanted")
    empty = [path for path, size in found if size == 0]
    if empty:
        wrong.append(f"{len(empty)} objects are empty, the first is {empty[0]}")
    if base is not None:
        for what, now, before in (
            ("objects", len(found), len(base)),
            ("bytes", sum(size for _, size in found), sum(size for _, size in base)),
        ):
            change = 100 * abs(now - before) / max(before, 1)
            if change > most_change:
                wrong.append(f"{now} {what} are {change:.0f} percent away from the {before} before")
    return wrong


def drawn(found: Found, count: int, reference: str) -> list[str]:
    """Return some of the paths, the same for the same reference."""
    paths = sorted(path for path, _ in found)
    return sorted(random.Random(reference).sample(paths, min(count, len(paths))))  # noqa: S311 - nothing secret


def main() -> None:
    """Say what is there, and what is wrong with it."""
    data, reference, prefix = os.environ["DATA"], os.environ["REFERENCE"], os.environ["PREFIX"]
    found = list(objects(data, reference, prefix))
    base = list(objects(data, os.environ["BASE"], prefix)) if os.environ["BASE"] else None
    print(f"{data}@{reference}/{prefix}: {len(found)} objects, {sum(size for _, size in found)} bytes")
    samples = drawn(found, int(os.environ["COUNT"]), reference)
    Path(os.environ["SAMPLES"]).write_text("".join(f"{path}\n" for path in samples), encoding="utf-8")
    wrong = problems(found, base, int(os.environ["LEAST_OBJECTS"]), float(os.environ["MOST_CHANGE"]))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()

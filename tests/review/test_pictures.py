"""The page in a browser, where one is installed: light and dark, on a narrow screen, without a scroll bar below."""

from __future__ import annotations

import html
import os
import re
import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from infra.review.report import as_html
from tests.conftest import ELSEWHERE
from tests.review.cases import CASES
from tests.review.large import large_review

if TYPE_CHECKING:
    from pathlib import Path

    from infra.review.model import Review

CHROMIUM = shutil.which("chromium")
SCHEMES = {"light": 1, "dark": 0}  # Blink, mojom::PreferredColorScheme
CORNERS = {"light": (255, 255, 255), "dark": (13, 17, 23)}
WIDE, NARROW = 1100, 400
MEASURED = """<iframe srcdoc="{page}" width="{width}" height="600" style="border: 0" onload="
  const found = this.contentDocument.documentElement; document.title = found.scrollWidth + ' of ' + found.clientWidth">
</iframe>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"{ELSEWHERE}there is no chromium to take pictures with")


def chromium(tmp_path: Path, page: str, *arguments: str) -> str:
    """Open a page, with a profile of its own; return what the browser prints."""
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", *arguments, file.as_uri()]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=environment)
    return done.stdout


def picture(tmp_path: Path, page: str, scheme: str) -> bytes:
    """Return the pixels of a picture: row by row, each behind a byte that says how it is filtered."""
    file = tmp_path / f"{scheme}.png"
    settings = (f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", f"--window-size={WIDE},1400")
    chromium(tmp_path, page, *settings, f"--screenshot={file}")
    data, position, found = file.read_bytes(), 8, b""
    while position < len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        if kind == b"IHDR":
            assert struct.unpack(">I", data[position + 8 : position + 12]) == (WIDE,)
        if kind == b"IDAT":
            found += data[position + 8 : position + 8 + size]
        position += size + 12
    return zlib.decompress(found)


def test_the_page_is_light_and_dark(tmp_path: Path) -> None:
    page = as_html(CASES["promoted-release"]())
    pictures = {scheme: picture(tmp_path, page, scheme) for scheme in SCHEMES}
    for scheme, pixels in pictures.items():
        corner = tuple(pixels[1:4])  # the first pixel is itself, whatever the filter
        assert corner == CORNERS[scheme]
        rows = {pixels[start : start + len(pixels) // 1400] for start in range(0, len(pixels), len(pixels) // 1400)}
        assert len(rows) > 300, "an empty page has rows that are all alike"
    assert pictures["light"] != pictures["dark"]


@pytest.mark.parametrize("name", ["promoted-release", "refused", "replaced-connection", "large"])
def test_nothing_sticks_out_of_a_narrow_screen(name: str, tmp_path: Path) -> None:
    review: Review = large_review(60) if name == "large" else CASES[name]()
    framed = MEASURED.format(page=html.escape(as_html(review)), width=NARROW)
    shown = chromium(tmp_path, framed, "--dump-dom", f"--window-size={WIDE},800")
    widths = re.search(r"<title>(\d+) of (\d+)</title>", shown)
    assert widths is not None
    assert widths.groups() == (str(NARROW), str(NARROW))

"""Charts and manifests are fetched from both kinds of publishers; what can't be had is said in a short phrase."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.charts.archive import sha256_of
from infra.charts.download import download_chart, download_manifests
from infra.charts.not_available import NotAvailable
from tests.charts.publishers import OBJECTS, chart, manifests, packed_chart

if TYPE_CHECKING:
    from infra.model.charts import Chart
    from tests.charts.publishers import Publisher

TINY = packed_chart("tiny", "1.0.0")
OTHER = packed_chart("tiny", "2.0.0")


def reason(wanted: Chart, mirror: str | None = None) -> str:
    with pytest.raises(NotAvailable) as refused:
        download_chart(wanted, mirror)
    return str(refused.value)


@pytest.mark.parametrize("relative", [True, False])
def test_chart_comes_from_a_repository_with_an_index(publisher: Publisher, *, relative: bool) -> None:
    both = {("tiny", "2.0.0"): OTHER, ("tiny", "1.0.0"): TINY}
    source = publisher.repository("stable/charts", both, relative=relative)
    found = download_chart(chart("tiny", "1.0.0", source))
    assert found.content == TINY
    assert found.digest == sha256_of(TINY)
    assert found.origin == f"{source}/tiny-1.0.0.tgz"


def test_chart_comes_from_a_registry_that_wants_a_token(publisher: Publisher) -> None:
    archive = packed_chart("tiny", "1.0.0+build.7")
    publisher.oci_chart("charts/tiny", "1.0.0_build.7", archive)
    found = download_chart(chart("tiny", "1.0.0+build.7", f"oci://{publisher.address}/charts"))
    assert found.content == archive
    assert found.origin == f"oci://{publisher.address}/charts/tiny:1.0.0_build.7"
    assert [path.partition("?")[0] for path in publisher.asked] == [
        "/v2/charts/tiny/manifests/1.0.0_build.7",
        "/token",
        "/v2/charts/tiny/manifests/1.0.0_build.7",
        f"/v2/charts/tiny/blobs/{found.digest}",
    ]


@pytest.mark.parametrize("mirror", ["oci://{address}/mirrored/", "http://{address}/mirrored"])
def test_mirror_stands_in_for_every_source(publisher: Publisher, mirror: str) -> None:
    publisher.oci_chart("mirrored/tiny", "1.0.0", TINY)
    publisher.repository("mirrored", {("tiny", "1.0.0"): TINY})
    wanted = [chart("tiny", "1.0.0", source) for source in ("https://127.0.0.1:1/deep/er", "oci://127.0.0.1:1/deep/er")]
    address = mirror.format(address=publisher.address)
    assert [download_chart(each, address).content for each in wanted] == [TINY, TINY]


def test_manifests_come_from_their_address(publisher: Publisher) -> None:
    publisher.files["/v3/driver.yaml"] = OBJECTS
    found = download_manifests(manifests("3.0.0", f"{publisher.url}/v3/driver.yaml"))
    assert (found.content, found.origin) == (OBJECTS, f"{publisher.url}/v3/driver.yaml")


@pytest.mark.parametrize("content", [b"<html>sign in</html>", b"", b"a: [", b"- kind: List\n", b"kind: A\n---\nb: 1\n"])
def test_what_is_no_manifest_is_refused(publisher: Publisher, content: bytes) -> None:
    publisher.files["/driver.yaml"] = content
    with pytest.raises(NotAvailable) as refused:
        download_manifests(manifests("3.0.0", f"{publisher.url}/driver.yaml"))
    assert str(refused.value) == "what its publisher sends are no Kubernetes objects"


def test_manifests_that_are_not_there_are_said(publisher: Publisher) -> None:
    with pytest.raises(NotAvailable) as refused:
        download_manifests(manifests("3.0.0", f"{publisher.url}/driver.yaml"))
    assert str(refused.value) == "its publisher does not have it"


def test_what_a_repository_lacks_is_said(publisher: Publisher) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): TINY})
    assert reason(chart("huge", "1.0.0", source)) == "its repository has no chart huge"
    assert reason(chart("tiny", "9.9.9", source)) == "its repository has no version 9.9.9 of it"
    assert reason(chart("tiny", "1.0.0", f"{source}/more")) == "its repository does not have it"
    del publisher.files["/charts/tiny-1.0.0.tgz"]
    assert reason(chart("tiny", "1.0.0", source)) == "its repository does not have it"


@pytest.mark.parametrize("index", [b"<html>", b"a: [", b"", b"entries: {tiny: 3}", b"entries: {tiny: [{version: 1}]}"])
def test_index_that_is_none_is_said(publisher: Publisher, index: bytes) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): TINY})
    publisher.files["/charts/index.yaml"] = index
    assert reason(chart("tiny", "1.0.0", source)) == "its repository's index can't be read"


def test_what_a_registry_lacks_is_said(publisher: Publisher) -> None:
    source = f"oci://{publisher.address}/charts"
    assert reason(chart("tiny", "1.0.0", source)) == "its registry does not have it"
    publisher.oci_chart("charts/tiny", "1.0.0", TINY, media_type="application/vnd.oci.image.layer.v1.tar+gzip")
    assert reason(chart("tiny", "1.0.0", source)) == "what its registry has is no Helm chart"
    publisher.manifests["charts/tiny:1.0.0"] = b"[]"
    assert reason(chart("tiny", "1.0.0", source)) == "what its registry has is no Helm chart"
    publisher.oci_chart("charts/tiny", "1.0.0", TINY)
    publisher.blobs.clear()
    assert reason(chart("tiny", "1.0.0", source)) == "its registry does not have it"


@pytest.mark.parametrize(
    ("challenge", "message"),
    [
        ('Basic realm="x"', "its registry wants a login"),
        ("", "its registry wants a login"),
        ('Bearer realm="{url}/nowhere"', "its registry wants a login"),
        ('Bearer realm="{url}/wrong"', "its registry wants a login"),
        ('Bearer realm="{url}/page"', "its registry hands out no token that can be read"),
        (
            'Bearer realm="ftp://x"',
            "its registry does not answer (Request URL has an unsupported protocol 'ftp://'.)",
        ),
    ],
)
def test_registry_that_lets_nobody_in_is_said(publisher: Publisher, challenge: str, message: str) -> None:
    publisher.challenge = challenge.format(url=publisher.url)
    publisher.files["/wrong"] = b'{"access_token": "nobody knows it"}'
    publisher.files["/page"] = b"<html>"
    assert reason(chart("tiny", "1.0.0", f"oci://{publisher.address}/charts")) == message


def test_archive_with_another_digest_than_announced_is_refused(publisher: Publisher) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): TINY})
    publisher.files["/charts/tiny-1.0.0.tgz"] = OTHER
    said = f"says {sha256_of(TINY)}, and what it sends is {sha256_of(OTHER)}"
    assert reason(chart("tiny", "1.0.0", source)) == f"its repository {said}"
    publisher.oci_chart("charts/tiny", "1.0.0", TINY)
    publisher.blobs[sha256_of(TINY)] = OTHER
    assert reason(chart("tiny", "1.0.0", f"oci://{publisher.address}/charts")) == f"its registry {said}"


def test_archive_that_is_cut_off_is_refused(publisher: Publisher) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): TINY})
    publisher.cut.add("/charts/tiny-1.0.0.tgz")
    received = f"received {len(TINY) // 2} bytes, expected {len(TINY)}"
    wanted = f"its repository breaks off (peer closed connection without sending complete message body ({received}))"
    assert reason(chart("tiny", "1.0.0", source)) == wanted


def test_publishers_that_are_away_are_said() -> None:
    away = "does not answer ([Errno 111] Connection refused)"
    assert reason(chart("tiny", "1.0.0", "http://127.0.0.1:1")) == f"its repository {away}"
    assert reason(chart("tiny", "1.0.0", "oci://127.0.0.1:1/charts")) == f"its registry {away}"


def test_archive_of_another_chart_is_refused(publisher: Publisher) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): OTHER})
    assert reason(chart("tiny", "1.0.0", source)) == "its archive holds another chart (tiny 2.0.0)"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.com/tiny.tgz", "does not answer (Request URL has an unsupported protocol 'ftp://'.)"),
        ("http://127.0.0.1:many/tiny.tgz", "does not answer (Invalid port: 'many')"),
        ("http://[broken", "'s index leads nowhere (http://[broken)"),
    ],
)
def test_address_that_leads_nowhere_is_said(publisher: Publisher, url: str, message: str) -> None:
    source = publisher.repository("charts", {("tiny", "1.0.0"): TINY})
    index = {"entries": {"tiny": [{"version": "1.0.0", "urls": [url]}]}}
    publisher.files["/charts/index.yaml"] = json.dumps(index).encode()
    assert reason(chart("tiny", "1.0.0", source)).removeprefix("its repository").strip() == message

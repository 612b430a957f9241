"""What differs between two releases, pin by pin. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.review.model import ReleaseChange, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.model.release import Release

Pin = dict[str, str]  # texts by what they are of one pin, as `digest`; its version under the empty name

# By section, the key that holds the version; other texts stand beside it.
_VERSIONS = {"programs": "version", "images": "tag", "charts": "version", "manifests": "version"}
_FOR_PEOPLE = ("programs", "images")  # sections whose `source` is a sentence, which a new version always changes
_MADE_OF_THE_VERSION = "{version}"


def release_changes(old: Release, new: Release) -> tuple[ReleaseChange, ...]:
    """Return everything in which two releases differ but their own versions, in the order of the document.

    A pin is named as `charts.harbor`, with its version before and after; what else differs of it as
    `charts.harbor.digest`. Of a pin that only one release has, its version alone is named. Also for two states of one
    version.
    """
    before, after = dict(_pins(old)), dict(_pins(new))
    sections = list(dict.fromkeys(name.partition(".")[0] for name in (*before, *after)))
    names = sorted(before.keys() | after.keys(), key=lambda name: (sections.index(name.partition(".")[0]), name))
    return tuple(change for name in names for change in _differences(name, before.get(name), after.get(name)))


def _differences(name: str, old: Pin | None, new: Pin | None) -> Iterator[ReleaseChange]:
    if old is None or new is None:
        yield ReleaseChange(name, (old or {}).get("", ""), (new or {}).get("", ""))
        return
    for key in dict.fromkeys((*old, *new)):
        texts = old.get(key, ""), new.get(key, "")
        if texts[0] != texts[1]:
            yield ReleaseChange(f"{name}.{key}" if key else name, *texts)


def _pins(release: Release) -> Iterator[tuple[str, Pin]]:
    data = release.model_dump(by_alias=True, mode="json")
    yield from _section("programs", data)
    yield "kubernetes", {"": data["kubernetes"]["version"]}
    yield "gpuDriver", {"": data["gpuDriver"]["version"]}
    yield "machineTemplate", dict(_leaves(data["machineTemplate"]))
    for section in ("images", "charts", "manifests"):
        yield from _section(section, data)


def _section(section: str, data: Mapping[str, Any]) -> Iterator[tuple[str, Pin]]:
    for name, entry in data[section].items():
        version = as_text(entry[_VERSIONS[section]])
        rest = {key: value for key, value in entry.items() if key != _VERSIONS[section]}
        if section in _FOR_PEOPLE:
            del rest["source"]
        else:  # an address that differs by its version alone says nothing new
            rest["source"] = rest["source"].replace(version, _MADE_OF_THE_VERSION)
        yield f"{section}.{name}", {"": version, **dict(_leaves(rest))}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of a document
    """Yield every text inside a value with its dotted path; what stands in a list by its own name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for each in value:
            yield f"{path}.{each['name']}", _in_words(each)
    else:
        yield path, as_text(value)


def _in_words(entry: Mapping[str, Any]) -> str:
    """Return what a list's entry is, in a few words: `Deployment early`."""
    said = {key: value for key, value in entry.items() if key != "name" and value is not False}
    return " ".join(key if value is True else as_text(value) for key, value in said.items())

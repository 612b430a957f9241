"""The container images that Kubernetes objects name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CONTAINERS = ("containers", "initContainers")


@dataclass(frozen=True, order=True)
class ImageReference:
    """An image as an object names it, written out: registry and repository, tag, digest (empty where it has none)."""

    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        """Return it without its digest, as `registry.k8s.io/pause:3.10`; with it where it has no tag."""
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.digest}"


def read_reference(text: str) -> ImageReference:
    """Return what a reference means: without a registry it is Docker Hub's, without tag and digest it is `latest`."""
    name, _, digest = text.strip().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    repository = f"{head}{slash}{last}"
    first = repository.partition("/")[0]
    if "/" not in repository:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return ImageReference(repository, tag or ("" if digest else "latest"), digest)


def images_in(objects: Iterable[Any]) -> set[ImageReference]:
    """Return every image that a container names, wherever in the objects pods are described.

    Images that an object names in another way (as an operator's own fields do) are not guessed.
    """
    return {read_reference(text) for each in objects for text in _texts(each)}


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - objects hold any value
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in _CONTAINERS and isinstance(inner, list):
                yield from (each["image"] for each in inner if isinstance(each, dict) and each.get("image"))
            else:
                yield from _texts(inner)


FORBIDDEN = "bitnami"  # in no image's name: since August 2025 no free ones are made, and old ones are frozen


def forbidden(images: Iterable[ImageReference]) -> list[ImageReference]:
    """Return those images that nobody maintains any more, sorted."""
    return sorted(image for image in images if FORBIDDEN in image.repository)


def without_digest(value: Any, digests: Mapping[str, str]) -> list[str]:  # noqa: ANN401 - objects hold any value
    """Return the images that an object names and whose digest is not known, sorted, as `registry.k8s.io/pause:3.10`."""
    return sorted({str(each) for each in images_in([value]) if not each.digest and str(each) not in digests})


def with_digests(value: Any, digests: Mapping[str, str]) -> Any:  # noqa: ANN401 - objects hold any value
    """Return an object whose containers' images name their digest, too, if `digests` (by `str(image)`) has it."""
    if not digests:
        return value
    if isinstance(value, list):
        return [with_digests(each, digests) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: [_pinned(each, digests) for each in inner]
        if key in _CONTAINERS and isinstance(inner, list)
        else with_digests(inner, digests)
        for key, inner in value.items()
    }


def _pinned(container: Any, digests: Mapping[str, str]) -> Any:  # noqa: ANN401
    if not isinstance(container, dict) or not isinstance(container.get("image"), str):
        return container
    image = read_reference(container["image"])
    digest = digests.get(str(image))
    return container if image.digest or not digest else {**container, "image": f"{container['image']}@{digest}"}

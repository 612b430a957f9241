"""Site and first boot: exactly one place for disks, names that are free, certificates that are authorities."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from infra.model.rules.finding import Finding
from infra.model.rules.names import same_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model.environment import Environment

OWN_TAGS = ("environment", "pool", "costCentre")  # keys of the tags that are derived


def site_rules(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with place, tags and first boot of one environment."""
    yield from _one_storage(environment)
    yield from _template_outside_folder(environment)
    yield from _tags_free(environment)
    yield from _named_once(environment)
    yield from _logins(environment)
    yield from _authorities(environment)


def _one_storage(environment: Environment) -> Iterator[Finding]:
    storage = environment.vcenter.storage
    both = storage.datastore is not None and storage.datastore_cluster is not None
    neither = storage.datastore is None and storage.datastore_cluster is None
    if both:
        reason = f"names datastore {storage.datastore} and datastoreCluster {storage.datastore_cluster}"
        yield Finding("vcenter.storage", "", reason, "keep one of the two")
    elif neither:
        reason = "names neither datastore nor datastoreCluster"
        if storage.policy is not None:
            reason += ", and vSphere does not choose one by a storage policy alone"
        yield Finding("vcenter.storage", "", reason, "add one of the two, for example datastore: datastore-01")


def _template_outside_folder(environment: Environment) -> Iterator[Finding]:
    places = environment.vcenter
    if "/" in places.template and same_name(places.template.partition("/")[0], places.folder):
        yield Finding(
            "vcenter.template",
            places.template,
            f"stands in vcenter.folder ({places.folder}), which the environment makes and removes",
            "move the template to a folder of its own",
        )


def _tags_free(environment: Environment) -> Iterator[Finding]:
    for key in sorted(set(environment.tags) & set(OWN_TAGS)):
        yield Finding(f"tags.{key}", environment.tags[key], "is a tag that Slipway makes itself", "choose another key")


def _named_once(environment: Environment) -> Iterator[Finding]:
    boot = environment.first_boot
    lists: dict[str, Sequence[str]] = {
        "network.timeServers": environment.network.time_servers,
        "firstBoot.sshPublicKeys": [" ".join(key.split()[:2]) for key in boot.ssh_public_keys],
        "firstBoot.trustedAuthorities": ["".join(pem.split()) for pem in boot.trusted_authorities],
        **{f"firstBoot.registryMirrors.{host}": mirrors for host, mirrors in sorted(boot.registry_mirrors.items())},
    }
    for path, entries in lists.items():
        for index, each in enumerate(entries):
            if each in entries[:index]:
                first = f"{path}[{list(entries).index(each)}]"
                yield Finding(f"{path}[{index}]", "", f"is the same as {first}", "keep one of the two")


def _logins(environment: Environment) -> Iterator[Finding]:
    boot = environment.first_boot
    if boot.user == "root":
        yield Finding("firstBoot.user", "root", "is the system's own, and its login is locked", "choose another name")
    for index, key in enumerate(boot.ssh_public_keys):
        kind, material = key.split()[:2]
        if not _is_whole(kind, material):
            fix = "copy the whole line of the .pub file"
            yield Finding(f"firstBoot.sshPublicKeys[{index}]", "", f"is cut or mistyped: no {kind} key", fix)


def _is_whole(kind: str, material: str) -> bool:
    """Whether the base64 part of an OpenSSH key is made of parts of the lengths it says, the first being its kind."""
    try:
        data = base64.b64decode(material, validate=True)
    except ValueError:
        return False
    parts = []
    while data:
        length = int.from_bytes(data[:4], "big")
        if len(data) < 4 + length:
            return False
        parts.append(data[4 : 4 + length])
        data = data[4 + length :]
    return len(parts) > 1 and parts[0].decode("ascii", "replace") == kind


def _authorities(environment: Environment) -> Iterator[Finding]:
    for index, pem in enumerate(environment.first_boot.trusted_authorities):
        problem = _not_an_authority(pem)
        if problem:
            fix = "copy the root or intermediate certificate of the authority"
            yield Finding(f"firstBoot.trustedAuthorities[{index}]", "", problem, fix)


def _not_an_authority(pem: str) -> str:
    """Return why a certificate is not one of an authority, or nothing."""
    from cryptography import x509  # noqa: PLC0415 - few documents need it, and it is slow to import

    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return "is not the certificate of an authority (it has no basic constraints)"
    except ValueError:
        return "can't be read as a certificate"
    return "" if constraints.ca else "is not the certificate of an authority (CA is false)"

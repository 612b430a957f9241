"""Domain types of texts: what a name, a URL, a key or a label in a document may be, and how it is refused.

Each validator raises `ValueError` with "reason; fix"; the catalogue adds file, line, path and value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import core_schema

from infra.model import text_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DOMAIN = rf"{_LABEL}(\.{_LABEL})+"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_VSPHERE = r"[^/\\%\x00-\x1f\x7f]+"
_SSH_KEY = (
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]+"
    r"( [^\x00-\x1f\x7f-\x9f\u2028\u2029]*)?"
)

LONGEST_DNS_LABEL = text_rules.LONGEST_DNS_LABEL
LONGEST_DOMAIN_NAME = 253  # characters; RFC 1035, section 2.3.4, without the root's dot
LONGEST_POOL_NAME = 20  # leaves room for environment and ordinal in a host name of 63 characters
LONGEST_ENVIRONMENT_NAME = 20
LONGEST_LABEL_KEY = 253 + 1 + 63  # Kubernetes, "Labels and Selectors": prefix, slash, name


@dataclass(frozen=True)
class Text:
    """What a text has to be: a pattern, a longest length in characters, what it is called, and what to do instead.

    `rule` says what the pattern can't: it raises `ValueError` with reason and fix.
    """

    pattern: str
    longest: int
    what: str
    fix: str
    rule: Callable[[str], None] | None = None

    def check(self, value: Any) -> str:  # noqa: ANN401 - a document can hold anything
        """Return the text. Raises `ValueError` with reason and fix."""
        if not isinstance(value, str):
            quoted = text_rules.in_quotes(value)
            fix = f"write {self.what}" if quoted is None else "write it in quotes" if self._fits(quoted) else self.fix
            raise ValueError(f"{text_rules.kind_of(value)}; {fix}")  # noqa: TRY004 - pydantic wants ValueError
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"is not {self.what}; {self.fix}")
        if len(value) > self.longest:
            raise ValueError(
                f"has {len(value)} characters, {self.what} has at most {self.longest}; choose a shorter one"
            )
        if self.rule is not None:
            self.rule(value)
        return value

    def _fits(self, text: str) -> bool:
        try:
            self.check(text)
        except ValueError:
            return False
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Tell pydantic to check by this rule alone."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the same rule."""
        del schema, handler
        return {"type": "string", "pattern": f"^{self.pattern}$", "maxLength": self.longest}


EnvironmentName = Annotated[
    str,
    Text(
        _LABEL,
        LONGEST_ENVIRONMENT_NAME,
        "an environment name",
        "use lower-case letters, digits and hyphens, for example dev",
    ),
]
PoolName = Annotated[
    str,
    Text(_LABEL, LONGEST_POOL_NAME, "a node pool name", "use lower-case letters, digits and hyphens, for example cpu"),
]
DiskName = Annotated[
    str,
    Text(_LABEL, LONGEST_POOL_NAME, "a disk name", "use lower-case letters, digits and hyphens, for example scratch"),
]
DomainName = Annotated[
    str,
    Text(
        _DOMAIN,
        LONGEST_DOMAIN_NAME,
        "a domain name",
        "write it in lower case with its dots, for example dev.example.internal",
        text_rules.domain_rule,
    ),
]
HostName = Annotated[
    str,
    Text(
        _HOST,
        LONGEST_DOMAIN_NAME,
        "a host name or address",
        "write for example ntp.example.internal or 10.20.0.4",
        text_rules.host_rule,
    ),
]
VsphereName = Annotated[
    str,
    Text(
        _VSPHERE,
        text_rules.LONGEST_VSPHERE_NAME,
        "a vSphere object name",
        "vSphere refuses / \\ % and control characters in names",
        text_rules.vsphere_rule,
    ),
]
VspherePath = Annotated[
    str,
    Text(
        rf"{_VSPHERE}(/{_VSPHERE})*",
        text_rules.LONGEST_VSPHERE_NAME * 4,
        "a path of vSphere object names",
        "write folders and name with slashes between, for example templates/ubuntu-24.04",
        text_rules.vsphere_rule,
    ),
]
ReleaseVersion = Annotated[
    str,
    Text(
        r"[0-9]{4}\.(0?[1-9]|1[0-2])\.[0-9]+",
        16,
        "a release version",
        "a release is named <year>.<month>.<number>, for example 2026.11.0",
    ),
]
SshPublicKey = Annotated[
    str,
    Text(
        _SSH_KEY,
        8192,
        "an SSH public key in OpenSSH format",
        "copy one line of a .pub file, for example ssh-ed25519 AAAA... name",
    ),
]
LoginName = Annotated[
    str,
    Text(r"[a-z_][a-z0-9_-]*", 32, "a Linux user name", "use lower-case letters, digits, _ and -, for example ops"),
]
LabelKey = Annotated[
    str,
    Text(
        rf"({_HOST}/)?{_QUALIFIED}",
        LONGEST_LABEL_KEY,
        "a Kubernetes label key",
        "write an optional DNS prefix and slash, then up to 63 letters, digits, . _ -, for example example.com/tier",
    ),
]
LabelValue = Annotated[
    str,
    Text(
        rf"({_QUALIFIED})?",
        63,
        "a Kubernetes label value",
        "use up to 63 letters, digits, . _ -, beginning and ending with a letter or digit",
    ),
]
RegistryHost = Annotated[
    str,
    Text(
        rf"{_HOST}(:[0-9]{{1,5}})?",
        LONGEST_DOMAIN_NAME,
        "the host name of an image registry",
        "write it as it stands at the beginning of image names, for example docker.io",
        text_rules.host_rule,
    ),
]
HttpUrl = Annotated[
    str,
    Text(
        rf"https?://{_HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~/-]*)?",
        1024,
        "a plain http or https URL",
        "write for example https://registry.example.internal/v2/mirror; user names and passwords do not belong in it",
        text_rules.host_rule,
    ),
]
HttpsUrl = Annotated[
    str,
    Text(
        rf"https://{_HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~/-]*)?",
        1024,
        "a plain https URL",
        "write for example https://dex.example.internal; the API server accepts https alone",
        text_rules.host_rule,
    ),
]
ProxyException = Annotated[
    str,
    Text(
        rf"\.?{_HOST}(/[0-9]{{1,2}})?",
        LONGEST_DOMAIN_NAME,
        "a host name, domain, address or network",
        "write for example .example.internal or 10.0.0.0/8",
        text_rules.exception_rule,
    ),
]
ClaimName = Annotated[
    str,
    Text(r"[A-Za-z][A-Za-z0-9_.:/-]*", 128, "the name of a token claim", "write for example email or groups"),
]
ClaimPrefix = Annotated[
    str,
    Text(r"[A-Za-z0-9_.:/@-]*", 64, "a prefix of names", "use letters, digits and _ . : / @ -, for example oidc:"),
]
TagKey = Annotated[
    str,
    Text(
        r"[A-Za-z][A-Za-z0-9_.-]*",
        40,
        "the key of a tag",
        "begin with a letter, then letters, digits, _ . -, for example service",
    ),
]
CertificatePem = Annotated[
    str,
    Text(
        r"\s*-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=]+\r?\n)+-----END CERTIFICATE-----\s*",
        16384,
        "one certificate in PEM format",
        "begin a block with | and copy everything from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    ),
]
ProgramVersion = Annotated[
    str,
    Text(
        r"[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.-]+)?",
        40,
        "a version number",
        'write it in quotes and without "v", for example "1.36.3"',
    ),
]
ImageName = Annotated[
    str,
    Text(
        rf"{_HOST}(:[0-9]{{1,5}})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
        255,
        "the name of an image",
        "write registry and repository without tag, for example registry.k8s.io/pause",
        text_rules.host_rule,
    ),
]
ImageTag = Annotated[
    str,
    Text(r"[A-Za-z0-9_][A-Za-z0-9._-]*", 128, "an image tag", "write it as the registry has it, for example v1.36.3"),
]
Digest = Annotated[
    str,
    Text(
        r"sha256:[0-9a-f]{64}",
        71,
        "a digest",
        "write null and run: ./slipway release pin VERSION",
    ),
]


def _without_line_breaks(value: str) -> str:
    if not value.strip() or any(character < " " or "\x7f" <= character <= "\x9f" for character in value):
        raise ValueError("is empty or has line breaks or control characters; write it on one line")
    return value


OneLine = Annotated[str, Field(max_length=200), AfterValidator(_without_line_breaks)]

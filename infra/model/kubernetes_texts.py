"""Kinds of text of the objects in a Kubernetes cluster, and of where charts come from."""

from __future__ import annotations

from typing import Annotated

from infra.model.texts import LONGEST_DNS_LABEL, LONGEST_DOMAIN_NAME, Text

_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"

ObjectName = Annotated[
    str,
    Text(
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        LONGEST_DOMAIN_NAME,
        "the name of a Kubernetes object",
        "use lower-case letters, digits, - and ., beginning and ending with a letter or digit",
    ),
]
NamespaceName = Annotated[
    str,
    Text(
        r"[a-z]([a-z0-9-]*[a-z0-9])?",
        LONGEST_DNS_LABEL,
        "the name of a namespace",
        "begin with a lower-case letter, then lower-case letters, digits and -, ending with a letter or digit",
    ),
]
GroupName = Annotated[
    str,
    Text(
        r"[A-Za-z0-9][A-Za-z0-9 ._:@/=,-]*",
        256,
        "the name of a group",
        "write it exactly as the directory or the tokens have it, for example ml-engineers",
    ),
]
ChartSource = Annotated[
    str,
    Text(
        rf"(https?|oci)://{_HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~/-]*)?",
        1024,
        "the address of a chart repository",
        "write https://... for a repository with an index, or oci://... without the chart's own name",
    ),
]

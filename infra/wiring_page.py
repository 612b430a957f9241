"""The page of who talks to whom, made from the tables of tools and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.model.links import all_links, parties
from infra.model.tools import all_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = """# Wiring: the tools, and who talks to whom

Made by `./slipway schema` from `infra/model/tools.yaml` and `infra/model/links.yaml`; do not edit it. Network policies
are made of the second table: a talk that is not in it is refused, but for talk within a namespace and questions to the
cluster's DNS. Every secret is made once, in the state, and stands in a Kubernetes Secret that is named here.
"""


def wiring_page() -> str:
    """Return the whole page, as Markdown."""
    return "\n".join([_HEAD, "## Tools", "", *_tools(), "", "## Links", "", *_links(), ""])


def _tools() -> Iterator[str]:
    yield from _head("tool", "area", "layer", "section of the document", "namespace", "needs", "addresses")
    for tool in all_tools().values():
        addresses = ", ".join(f"`{each.name}` (sign-in: {each.sign_in})" for each in tool.addresses)
        section = f"`{tool.section}`" + (f" ({tool.choice})" if tool.choice else "")
        needs = ", ".join(f"`{each}`" for each in tool.needs)
        yield _row(tool.title, tool.area, tool.layer, section, f"`{tool.namespace}`", needs, addresses)


def _links() -> Iterator[str]:
    known = parties()
    yield from _head("who", "whom", "address", "port of the pods", "as whom", "Secret", "what for")
    for link in sorted(all_links(), key=lambda each: (known[each.caller].title.lower(), known[each.called].title)):
        caller, called = known[link.caller].title, known[link.called].title
        secret = f"`{link.secret}`" if link.secret else ""
        yield _row(caller, called, f"`{link.address}`", str(link.port), link.identity, secret, link.why)


def _head(*names: str) -> Iterable[str]:
    return (_row(*names), _row(*("---" for _ in names)))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"

"""`slipway new`: a new environment from another one, in a few answers."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML

from infra.catalog import Catalog
from infra.errors import DocumentsRefused, NotPossibleHere, PersonError
from infra.gpu.lock import lock_path
from infra.model.addresses import Address, AddressRangeText, Network
from infra.model.handover import LAYERS
from infra.model.texts import DomainName, EnvironmentName, VsphereName
from infra.operate.gpus import work_out_fit, write_lock
from infra.operate.proposal import address_questions, derived_changes, other_network_questions, site_questions
from infra.operate.proposed import proposed
from infra.operate.stack_files import stack_file, stack_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from infra.model.environment import Environment
    from infra.model.rules.claims import Claims
    from infra.operate.proposal import Question

_VLAN = "vcenter.createPortGroup.vlan"
_WITH_LOGIN = ("compute", "cluster")  # layers that log in to vCenter
_KINDS: dict[str, Any] = {
    "network.domain": DomainName,
    "network.cidr": Network,
    "network.gateway": Address,
    "network.apiAddress": Address,
    "vcenter.network": VsphereName,
    _VLAN: Annotated[int, Field(ge=0, le=4094)],
}


def make_environment(name: str, source_name: str, *, accept: bool, catalog: Catalog | None = None) -> Iterator[str]:
    """Ask what has to differ, write document and stack files, and yield what to say.

    With `accept` every proposal is taken without asking. Raises `NotPossibleHere` when a file is there already, when
    nobody can be asked or something has no proposal, and `DocumentsRefused` for a document that would not be valid:
    nothing is written then.
    """
    catalog = catalog or Catalog()
    source, _ = catalog.load(source_name)
    _check_name(name)
    files = _stack_files(catalog.root, name, source_name)
    document = catalog.root / "stacks" / "environments" / f"{name}.yaml"
    _check_nothing_is_overwritten(catalog.root, [document, *files, lock_path(catalog.root, name)])
    ask = _accepted if accept else _asked
    yield f"Environment {name}, from {source_name}. Enter takes what stands in brackets."
    yield from _not_wholly_read(catalog, source)
    before: dict[str, str] = {}
    answers: dict[str, str] = {}
    text = ""
    while not text:
        answers = _answers(name, source, _claims(catalog, source), before, ask)
        derived = derived_changes(name, source, answers)
        text = _new_document(catalog.root, source_name, name, {**derived, **answers})
        refused = _refusals(catalog.root, name, text)
        if refused is None:
            continue
        wrong = {refusal.path for refusal in refused.refusals}
        if accept or not wrong & set(answers):
            raise refused  # no other answer would mend it
        yield f"\nThat would not be valid:\n{refused}\nOnce more; what was right is proposed again."
        before = {path: answer for path, answer in answers.items() if path not in wrong}
        text = ""
    for path, content in {document: text, **files}.items():
        path.write_text(content, encoding="utf-8")
        yield f"wrote {path.relative_to(catalog.root)}"
    placed = not source.has_gpus
    if source.has_gpus:
        placed, said = _placed(catalog.root, name)
        yield said
    yield from _next_commands(name, source, answers, placed=placed)


def _placed(root: Path, name: str) -> tuple[bool, str]:
    """Place a new environment's GPUs by the inventory that is there; return whether that went well, and what to say."""
    try:
        return True, f"wrote {write_lock(root, work_out_fit(Catalog(root), name))}"
    except PersonError as reason:
        return False, f"\nIts GPUs are not placed yet:\n{reason}"


def _check_name(name: str) -> None:
    problem = _problem(EnvironmentName, name)
    if problem:
        reason, _, fix = problem.partition("; ")
        raise NotPossibleHere(name, reason, fix)


def _check_nothing_is_overwritten(root: Path, files: Sequence[Path]) -> None:
    there = [str(path.relative_to(root)) for path in files if path.exists()]
    if there:
        raise NotPossibleHere(", ".join(there), "there already, and not overwritten", "choose another name")


def _claims(catalog: Catalog, source: Environment) -> list[Claims]:
    """Return the addresses of all environments that may be of the source's vCenter, refused ones among them."""
    found = [catalog.claims_of(name) for name in catalog.environment_names()]
    return [claims for claims in found if claims and claims.server in (None, source.vcenter.server)]


def _not_wholly_read(catalog: Catalog, source: Environment) -> Iterator[str]:
    """Yield a line for each document of which not all addresses may be known."""
    for name in catalog.environment_names():
        document, claims = f"stacks/environments/{name}.yaml", catalog.claims_of(name)
        if claims is None:
            yield f"{document}: can't be read, its addresses may be proposed; mend it first: ./slipway validate {name}"
        elif catalog.refused_paths(name) and claims.server in (None, source.vcenter.server):
            what = "is refused, its addresses count as far as they can be read"
            yield f"{document}: {what}; mend it first: ./slipway validate {name}"


def _answers(
    name: str,
    source: Environment,
    claims: Sequence[Claims],
    before: dict[str, str],
    ask: Callable[[Question], str],
) -> dict[str, str]:
    """Return an answer to every question, by path; an answer given `before` is proposed again."""
    answers: dict[str, str] = {}

    def put(questions: list[Question]) -> None:
        for question in questions:
            answers[question.path] = ask(replace(question, proposal=before.get(question.path, question.proposal)))

    put(site_questions(name, source))
    cidr = IPv4Network(answers["network.cidr"])
    gateway = source.network.gateway
    if cidr != source.network.cidr:
        put(other_network_questions(name, source, cidr))
        gateway = IPv4Address(answers["network.gateway"])
    put(address_questions(source, cidr, gateway, claims))
    return answers


def _accepted(question: Question) -> str:
    if question.proposal:
        return question.proposal
    fix = "repeat the command without --yes and answer"
    if question.lacking:
        fix = "repeat the command without --yes and name another network, or fewer addresses"
    raise NotPossibleHere(question.path, question.lacking or "there is nothing to propose", fix)


def _asked(question: Question) -> str:
    """Ask until the answer is of its kind. Raises `NotPossibleHere` when nobody is there."""
    kind = _KINDS.get(question.path, AddressRangeText)
    if question.lacking and not question.proposal:
        print(f"  {question.title}: nothing to propose, it {question.lacking}")
    while True:
        print(f"  {question.title}{f' [{question.proposal}]' if question.proposal else ''}: ", end="", flush=True)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            print(line.rstrip("\n"))
        if not line:
            raise NotPossibleHere("slipway new", "nobody is there to answer", "repeat the command with --yes")
        answer = line.strip() or question.proposal
        problem = _problem(kind, answer)
        if not problem:
            return answer
        print(f"  {answer or 'nothing'}: {problem}")


def _problem(kind: Any, value: str) -> str:  # noqa: ANN401 - an annotation
    """Return why a text is not of a document's type, as "reason; fix", or nothing."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0].get("ctx", {}).get("error", error.errors()[0]["msg"]))
    return ""


def _new_document(root: Path, source_name: str, name: str, changes: dict[str, str | None]) -> str:
    """Return the source's document with other values, its comments but for those at its head kept."""
    text = (root / "stacks" / "environments" / f"{source_name}.yaml").read_text(encoding="utf-8")
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(re.sub(r"\A(#.*\n|\s*\n)+", "", text))
    for path, value in changes.items():
        *parents, key = path.split(".")
        place = data
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[key]
        else:
            place[key] = int(value) if path == _VLAN else value
    out = io.StringIO()
    yaml.dump(data, out)
    schema = "# yaml-language-server: $schema=../schemas/environment.json"
    return f"{schema}\n# Environment {name}, made from {source_name}.\n{out.getvalue()}"


def _refusals(root: Path, name: str, text: str) -> DocumentsRefused | None:
    """Return why a document would be refused beside the others of a checkout, without writing it there."""
    with proposed(root, name, text) as catalog:
        try:
            catalog.load(name)
        except DocumentsRefused as refused:
            return refused
    return None


def _stack_files(root: Path, name: str, source_name: str) -> dict[Path, str]:
    """Return the four stack files: the source's user, and no secret of anybody's."""
    files = {}
    for layer in LAYERS:
        stack = f"{name}.{layer}"
        head = f"# Addresses and secrets of {stack}, nothing else. Secrets are set with"
        head += f"\n# `pulumi config set --secret NAME -s {stack}`; they are stored encrypted."
        taken = stack_settings(root, f"{source_name}.{layer}").get("vsphere:user")
        body = "config: {}\n"
        if layer in _WITH_LOGIN:
            user = re.sub(rf"\b{re.escape(source_name)}\b", name, taken) if isinstance(taken, str) else ""
            body = f"config:\n  vsphere:user: {user or 'slipway@vsphere.local'}\n"
        files[stack_file(root, stack)] = f"{head}\n{body}"
    return files


def _next_commands(name: str, source: Environment, answers: dict[str, str], *, placed: bool) -> Iterator[str]:
    if source.vcenter.create_port_group is not None and "vcenter.network" not in answers:
        network = source.vcenter.network
        yield f"\nIt uses port group {network}, which environment {source.name} makes and removes."
    commands = {} if placed else {f"./slipway fit {name} --write": "once its GPUs have a place"}
    commands |= {
        f"make rehearse ENV={name}": "try it on this machine alone",
        f"./slipway release pin {source.release}": "where there is internet",
        f"./slipway doctor {name}": "is its vCenter ready?",
    }
    width = max(map(len, commands))
    yield "\nNext:"
    yield from (f"  {command:{width}}  # {why}" for command, why in commands.items())
    yield (
        "Put your own SSH keys into the document. How login and passphrase are set\n"
        "stands in the README, under «Run it against a real vCenter»."
    )

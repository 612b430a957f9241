"""What is made of chance and kept in the state: made once, the same for good, another when somebody asks for it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.provider.experimental import provider as sdk
from pulumi.runtime import mocks

from infra.signing_key import open_private_key
from infra.vsphere.provider.kinds import Change, Login
from infra.vsphere.provider.made_kind import MadeKind, NotMadeHere
from infra.vsphere.provider.made_resources import Password as PasswordResource
from infra.vsphere.provider.made_resources import SigningKey as SigningKeyResource
from infra.vsphere.provider.password_kind import Password, new_password
from infra.vsphere.provider.provider import Provider
from infra.vsphere.provider.schema import schema
from infra.vsphere.provider.signing_key_kind import SigningKey
from infra.vsphere.provider.values import UNKNOWN, plain, wired

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOBODY = Login("", "", "")
KINDS: list[MadeKind] = [Password(), SigningKey()]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token)


def urn(kind: MadeKind) -> str:
    return f"urn:pulumi:dev.platform::slipway::{kind.token}::registry-admin"


def asked(ask: Callable[[Provider], Awaitable[Any]]) -> Any:
    """Return what a provider answers that has been given no vCenter."""

    async def asking() -> Any:
        async def warn(resource: str, text: str) -> None:
            pytest.fail(f"{resource}: {text}")

        provider = Provider(warn)
        await provider.configure(sdk.ConfigureRequest({}, {}, accept_secrets=False, accept_resources=False))
        return await ask(provider)

    loop = asyncio.new_event_loop()  # not `asyncio.run`, which leaves the thread without the loop that mocks look for
    try:
        return loop.run_until_complete(asking())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@each_kind
def test_all_inputs_may_be_left_out_and_there_are_no_others(kind: MadeKind) -> None:
    assert kind.problems({}) == {}
    assert kind.normalized({}) == kind.defaults
    assert kind.problems({"colour": "red"}) == {"colour": "there is no such property"}
    assert kind.problems(dict.fromkeys(kind.defaults, UNKNOWN)) == {}


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ({"length": 16, "alphabet": "hexadecimal", "version": 2}, {}),
        ({"length": 256, "version": 1.5}, {}),
        ({"length": 15}, {"length": "is not a whole number from 16 to 256"}),
        ({"length": 257}, {"length": "is not a whole number from 16 to 256"}),
        ({"length": "32"}, {"length": "is not a whole number from 16 to 256"}),
        ({"length": 32.5}, {"length": "is not a whole number from 16 to 256"}),
        ({"length": True}, {"length": "is not a whole number from 16 to 256"}),
        ({"alphabet": "greek"}, {"alphabet": "is not one of letters, hexadecimal"}),
        ({"alphabet": ["letters"]}, {"alphabet": "is not one of letters, hexadecimal"}),
        ({"version": True}, {"version": "is neither a text nor a number"}),
        ({"version": [1]}, {"version": "is neither a text nor a number"}),
    ],
    ids=str,
)
def test_what_is_wrong_with_the_inputs_of_a_password(inputs: dict[str, Any], problems: dict[str, str]) -> None:
    assert Password().problems(inputs) == problems


@each_kind
def test_a_version_is_the_same_as_a_number_and_as_a_text(kind: MadeKind) -> None:
    assert kind.normalized({"version": 2}) == kind.normalized({"version": "2"}) == {**kind.defaults, "version": "2"}


@each_kind
def test_same_inputs_are_no_change_and_any_other_is_one_in_place(kind: MadeKind) -> None:
    inputs = kind.normalized({})
    state = kind.create(NOBODY, inputs, urn(kind)).properties
    assert kind.changes(state, inputs) == []
    for name in kind.defaults:
        assert kind.changes(state, {**inputs, name: "another"}) == [Change(name, "update")]


@each_kind
def test_it_is_made_once_and_read_as_it_is(kind: MadeKind) -> None:
    inputs = kind.normalized({})
    made = kind.create(NOBODY, inputs, urn(kind))
    assert (made.id, made.inputs) == ("registry-admin", inputs)
    assert set(made.properties) == {*kind.defaults, *kind.computed}
    assert kind.read(NOBODY, made.id, made.properties, inputs) == made
    kind.delete(NOBODY, made.id, made.properties)
    other = kind.create(NOBODY, inputs, urn(kind))
    assert not {made.properties[name] for name in kind.computed} & {other.properties[name] for name in kind.computed}


@each_kind
def test_a_version_that_is_taken_away_again_asks_for_nothing(kind: MadeKind) -> None:
    made = kind.create(NOBODY, kind.normalized({"version": 2}), urn(kind))
    assert kind.changes(made.properties, kind.normalized({})) == []
    assert kind.changes(made.properties, kind.normalized({"version": 2})) == []
    assert [each.path for each in kind.changes(made.properties, kind.normalized({"version": 3}))] == ["version"]


@each_kind
def test_another_version_makes_everything_anew(kind: MadeKind) -> None:
    made = kind.create(NOBODY, kind.normalized({}), urn(kind))
    rotated = kind.normalized({"version": "2028-03"})
    after = kind.update(NOBODY, made.id, made.properties, rotated)
    assert (after.id, after.inputs, after.properties["version"]) == (made.id, rotated, "2028-03")
    assert [name for name in kind.computed if after.properties[name] == made.properties[name]] == []
    assert set(kind.renewed) == set(kind.computed)


@each_kind
def test_it_is_in_the_state_or_lost(kind: MadeKind) -> None:
    with pytest.raises(NotMadeHere, match=f"^registry-admin: a {kind.token} can't be imported: .* its backup, or let"):
        kind.read(NOBODY, "registry-admin", {}, {})


@pytest.mark.parametrize("length", [16, 32, 256])
def test_a_password_of_letters_has_a_capital_a_small_letter_and_a_digit(length: int) -> None:
    for value in (new_password(length) for _ in range(200)):
        assert re.fullmatch(f"[A-Za-z0-9]{{{length}}}", value)
        assert all(re.search(group, value) for group in ("[A-Z]", "[a-z]", "[0-9]"))


def test_a_password_is_of_the_length_and_the_alphabet_that_were_asked_for() -> None:
    kind = Password()
    inputs = kind.normalized({"length": 64, "alphabet": "hexadecimal"})
    assert re.fullmatch("[0-9a-f]{64}", kind.create(NOBODY, inputs, urn(kind)).properties["value"])


def test_the_password_of_a_signing_key_opens_it() -> None:
    made = SigningKey().create(NOBODY, SigningKey().normalized({}), urn(SigningKey())).properties
    open_private_key(made["privateKey"], made["password"])
    assert made["publicKey"].startswith("-----BEGIN PUBLIC KEY-----\n")


@each_kind
def test_without_a_vcenter_the_engine_gets_secrets_that_a_preview_does_not_know(kind: MadeKind) -> None:
    inputs = wired(kind.normalized({}))

    def create(*, preview: bool) -> sdk.CreateResponse:
        request = sdk.CreateRequest(urn(kind), inputs, 0.0, preview)
        found: sdk.CreateResponse = asked(lambda provider: provider.create(request))
        return found

    to_come, made = create(preview=True).properties, create(preview=False).properties
    assert {name for name in to_come if to_come[name].value == UNKNOWN} == set(kind.computed)
    assert {name for name in made if made[name].value == UNKNOWN} == set()
    for found in (to_come, made):
        assert {name for name in found if found[name].is_secret} == set(kind.secret)


@each_kind
def test_a_preview_of_another_version_does_not_know_the_new_values_nor_shows_the_old_ones(kind: MadeKind) -> None:
    state = kind.create(NOBODY, kind.normalized({}), urn(kind)).properties
    news = wired(kind.normalized({"version": 2}))
    request = sdk.UpdateRequest(urn(kind), "registry-admin", wired(state), news, 0.0, [], preview=True)
    to_come = asked(lambda provider: provider.update(request)).properties
    assert {name for name in to_come if to_come[name].value == UNKNOWN} == set(kind.computed)
    assert {name for name in to_come if to_come[name].is_secret} == set(kind.secret)


@each_kind
def test_schema_has_what_the_kind_has(kind: MadeKind) -> None:
    resource = json.loads(schema())["resources"][kind.token]
    assert {name: each["default"] for name, each in resource["inputProperties"].items()} == kind.defaults
    assert resource["requiredInputs"] == []
    assert set(resource["properties"]) == {*kind.defaults, *kind.computed}
    assert {name for name, each in resource["properties"].items() if each.get("secret")} == set(kind.secret)


class Playing(mocks.Mocks):
    """An engine that answers with values, and keeps what each type of resource was given."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.inputs[args.typ] = args.inputs
        (kind,) = (each for each in KINDS if each.token == args.typ)
        return args.name, {**args.inputs, **{name: f"some {name}" for name in kind.computed}}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        raise AssertionError(args.token)


class Monitor(mocks.MockMonitor):
    """A monitor that also keeps the outputs that have to be secret, by type."""

    def __init__(self, playing: Playing) -> None:
        super().__init__(playing)
        self.secret: dict[str, set[str]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        self.secret[request.type] = set(request.additionalSecretOutputs)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def test_the_program_s_classes_speak_of_the_same_properties() -> None:
    playing, found = Playing(), list[str]()
    monitor = Monitor(playing)
    pulumi.runtime.set_mocks(playing, project="slipway", stack="dev.platform", monitor=monitor)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> Any:
        password = PasswordResource("registry-admin", length=16, alphabet="hexadecimal", version=2)
        key = SigningKeyResource("image-signing")
        outputs = pulumi.Output.all(password.value, key.private_key, key.password, key.public_key)
        return outputs.apply(found.extend)

    program()
    assert found == ["some value", "some privateKey", "some password", "some publicKey"]
    for kind in KINDS:
        inputs = plain(wired(playing.inputs[kind.token]))
        assert set(inputs) == set(kind.defaults)
        assert kind.problems(inputs) == {}
        assert monitor.secret[kind.token] == set(kind.secret)

"""Reviews of any kind, with texts that try to leave the place that they are put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from hypothesis import strategies as st

from infra.model.handover import LAYERS
from infra.review.machines import MACHINE
from infra.review.model import (
    SECRET_CHANGED,
    UNKNOWN,
    Danger,
    EnvironmentReview,
    GpuChange,
    LayerReview,
    Operation,
    PropertyChange,
    ReleaseChange,
    ResourceChange,
    Review,
    RuleResult,
    Staleness,
    TextChange,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

OPERATIONS: tuple[Operation, ...] = get_args(Operation)
HOSTILE = (
    *("</code></summary></details><script>alert(1)</script>", "<!-- ", "-->", "<img src=x onerror=alert(1)>", "]]>"),
    *("&lt;b&gt;", "<a href='https://evil.example'>x</a>", "<details>", "@everybody", "a@octocat b", "#123 !45 GH-7"),
    *("https://evil.example/x www.evil.example", "[x](javascript:alert(1))", "![x](https://evil.example/x.png)"),
    *(
        "```",
        "`````",
        "`",
        "``` \n```\n# out",
        "~~~\nout",
        "a | b | c",
        "|---|---|",
        "\\|",
        "\\",
        "a\\\\|b\\",
        "`a` ``b``",
        "===",
        "---",
    ),
    *("**bold** _it_ ~~gone~~", "\n\n# heading\n\n", "- item", "1. item", "1) item", "> quote", "    code", "/close"),
    *("\r\n/close\r\n", "x\r", "\t", "\u202e\u2066evil", "\u200b\u2060", "\ud800", "\x00\x1b[31m", "{{ 7 * 7 }}"),
    *("<{ secret }> <% raw %>", "\"'", "[x]: https://evil.example", "[^1]", "$x$", ":tada:", " ", "", "  ends too  "),
    *("ü😀" * 3, "a" * 900),
)
texts = st.sampled_from(HOSTILE) | st.text(max_size=30) | st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join)
names = st.sampled_from(("core", "cpu-1", "cpu-2", "cpu-3", "harbor/core")) | texts
values = st.sampled_from(("", "1", "2", SECRET_CHANGED, UNKNOWN, "a: 1\nb: 2\n", "a: 1\nb: 3\n")) | texts
paths = st.sampled_from(("spec.replicas", "memory", 'data["a"]', "spec.template.spec.containers[0].image")) | texts
types = st.sampled_from((
    MACHINE, "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Namespace", "slipway:index:Password",
    "pulumi:providers:kubernetes",
)) | texts  # fmt: skip
properties = st.lists(st.builds(PropertyChange, paths, values, values, st.booleans()), max_size=4).map(tuple)


@st.composite
def resources(draw: st.DrawFn, stack: str, number: int) -> ResourceChange:
    type_, name, component = draw(types), draw(names), draw(st.sampled_from(("", "harbor", "loki")) | texts)
    operation = draw(st.sampled_from(OPERATIONS))
    urn = f"urn:pulumi:{stack}::slipway::{type_}-{number}::{name}"
    return ResourceChange(urn, type_, name, component, operation, draw(properties), draw(st.booleans()))


@st.composite
def layers(draw: st.DrawFn, environment: str, name: str) -> LayerReview:
    number = draw(st.integers(0, 6))
    return LayerReview(
        environment,
        name,
        draw(st.sampled_from(("no change", "changes", "not previewable", "preview failed"))),
        draw(texts),
        tuple(draw(resources(f"{environment}.{name}", index)) for index in range(number)),
        draw(st.integers(0, 5000)),
        tuple(draw(st.lists(st.tuples(texts, st.integers(1, 5)), max_size=2))),
        Staleness(
            draw(texts),
            draw(texts),
            ((draw(texts), draw(texts)),),
            draw(texts),
            draw(st.none() | st.just(3)),
            draw(st.booleans()),
        ),
        tuple(draw(st.lists(texts, max_size=1))),
    )


@st.composite
def environments(draw: st.DrawFn, name: str) -> EnvironmentReview:
    def some(strategy: SearchStrategy[object], most: int = 3) -> tuple[object, ...]:
        return tuple(draw(st.lists(strategy, max_size=most)))

    gpus = st.builds(
        GpuChange, st.sampled_from(("gained", "lost", "moved", "changed")), st.just(name), names, texts, texts
    )
    lines = st.lists(st.sampled_from(("@@ -1,2 +1,3 @@", "+a", "-b", " c")) | texts.map(lambda t: f"+{t}"), max_size=6)
    titles = st.just(f"{name}: values of harbor") | texts
    return EnvironmentReview(
        name,
        tuple(draw(layers(name, each)) for each in LAYERS if draw(st.booleans())),
        (draw(texts), draw(texts)),
        some(st.builds(ReleaseChange, texts, texts, texts)),  # type: ignore[arg-type]
        some(gpus),  # type: ignore[arg-type]
        draw(properties),
        some(st.builds(TextChange, titles, lines.map(tuple))),  # type: ignore[arg-type]
        some(texts, 1),  # type: ignore[arg-type]
    )


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    found = draw(st.lists(st.sampled_from(("dev", "staging", "prod")) | texts, max_size=3, unique=True))
    stacks = st.sampled_from([f"{name}.compute" for name in found] or ["dev.compute"]) | texts
    danger = st.builds(Danger, st.integers(1, 9), texts, st.lists(names, max_size=3).map(tuple), texts, stacks)
    severity = st.sampled_from(("refuse", "warn"))
    rule = st.builds(
        RuleResult, texts, texts, texts, texts, st.sampled_from(("", "until 2026-12-31")) | texts, severity
    )
    return Review(
        tuple(draw(environments(name)) for name in found),
        draw(texts),
        draw(texts),
        tuple(draw(st.lists(danger, max_size=3))),
        tuple(draw(st.lists(rule, max_size=3))),
    )

"""The page of the rules, made from the rules themselves."""

from __future__ import annotations

from infra.review.rules.engine import known_rules
from infra.review.rules.protected_kinds import protected_kinds

_HEAD = """# Rules of a review

Made from `infra/review/rules/` by `./slipway schema`; do not edit it. A rule that refuses keeps a change from being
carried out, unless `stacks/exceptions.yaml` excepts it:

```yaml
# yaml-language-server: $schema=schemas/exceptions.json
exceptions:
  - rule: one-control-plane-node
    subject: prod:controlPlane.count
    until: 2027-03-31
    by: jane.doe@example.com
    because: the second host comes in March
```

An exception holds for one rule and what its `subject` says, as the review names it (`*` is any text), until its last
day, by UTC, at most 366 days ahead. `./slipway validate` says which have ended; these hold for nothing.
"""


def rules_page() -> str:
    """Return the whole page, as Markdown."""
    rules = [
        f"| `{rule.name}` | {rule.looks_at} | {rule.severity} | {_cell(rule.reason)} |"
        for rule in known_rules().values()
    ]
    kinds = [
        f"| `{_cell(kind.type)}` | {' or '.join(kind.operations)} | {_cell(kind.holds)} | {_cell(kind.source)} |"
        for kind in protected_kinds()
    ]
    return "\n".join(
        [
            _HEAD,
            "| rule | looks at | severity | why |",
            "| --- | --- | --- | --- |",
            *rules,
            "",
            "## Kinds that hold data or identity",
            "",
            "The rule `deletes-data` goes by this table (`infra/review/rules/protected_kinds.yaml`).",
            "",
            "| type | refused | lost with it | source |",
            "| --- | --- | --- | --- |",
            *kinds,
            "",
        ]
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

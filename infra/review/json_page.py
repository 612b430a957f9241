"""A review as JSON for programs: all of it, unfolded, with the keys that docs/review.md tells of. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.review.folding import layer_order
from infra.review.ranks import is_grave
from infra.review.verdicts import exit_code, is_refused, verdict_of
from infra.review.words import kind_of, place_of, short_name

if TYPE_CHECKING:
    from infra.review.model import EnvironmentReview, LayerReview, PropertyChange, ResourceChange, Review

FORMAT, VERSION = "slipway-review", 1  # the version changes with the meaning of a key, not with a new one


def json_page(review: Review) -> str:
    """Return a review as JSON; it does not depend on the order of anything in the review."""
    environments = sorted(review.environments, key=lambda each: each.environment)
    data = {
        "format": FORMAT,
        "version": VERSION,
        "verdict": verdict_of(review),
        "exitCode": exit_code(review),
        "revision": review.revision,
        "against": review.against,
        "dangers": [
            {
                "rank": each.rank,
                "grave": is_grave(each.rank),
                "what": each.what,
                "subjects": list(each.subjects),
                "why": each.why,
                "stack": each.stack,
            }
            for each in sorted(review.dangers)
        ],
        "rules": [
            {
                "rule": each.rule,
                "severity": each.severity,
                "refuses": each.refuses,
                "subject": each.subject,
                "message": each.message,
                "reason": each.reason,
                "excepted": each.excepted,
            }
            for each in sorted(review.rules)
        ],
        "environments": [_environment(each) for each in environments],
    }
    return json.dumps(data, indent=2) + "\n"


def _environment(each: EnvironmentReview) -> dict[str, Any]:
    layers = sorted(each.layers, key=lambda layer: layer_order(layer.layer))
    return {
        "environment": each.environment,
        "refused": is_refused(each),
        "refusals": sorted(each.refusals),
        "release": _before_and_after(*each.release),
        "releaseChanges": [
            {"name": change.name, **_before_and_after(change.old, change.new)}
            for change in sorted(each.release_changes)
        ],
        "gpus": [
            {"kind": change.kind, "node": change.node, **_before_and_after(change.old, change.new)}
            for change in sorted(each.gpus)
        ],
        "documents": [_property(change) for change in sorted(each.documents)],
        "texts": [{"name": change.name, "lines": list(change.lines)} for change in sorted(each.texts)],
        "layers": [_layer(layer) for layer in layers],
    }


def _layer(layer: LayerReview) -> dict[str, Any]:
    staleness = layer.staleness
    return {
        "stack": layer.stack,
        "layer": layer.layer,
        "verdict": layer.verdict,
        "reason": layer.reason,
        "unchanged": layer.unchanged,
        "noise": [{"why": why, "count": count} for why, count in sorted(layer.noise)],
        "removed": sorted(layer.removed),
        "staleness": {
            "state": staleness.state,
            "engine": staleness.engine,
            "plugins": dict(sorted(staleness.plugins)),
            "revision": staleness.revision,
            "inventoryAgeDays": staleness.inventory_age_days,
            "rehearsed": staleness.rehearsed,
        },
        "changes": [_change(layer.environment, change) for change in sorted(layer.changes)],
    }


def _change(environment: str, change: ResourceChange) -> dict[str, Any]:
    return {
        "urn": change.urn,
        "type": change.type,
        "kind": kind_of(change.type),
        "name": short_name(change),
        "place": place_of(environment, change),
        "operation": change.operation,
        "protected": change.protected,
        "properties": [_property(each) for each in sorted(change.properties)],
    }


def _property(change: PropertyChange) -> dict[str, Any]:
    return {
        "path": change.path,
        **_before_and_after(change.old, change.new),
        "forcesReplacement": change.replaces,
    }


def _before_and_after(old: str, new: str) -> dict[str, str]:
    return {"old": old, "new": new}

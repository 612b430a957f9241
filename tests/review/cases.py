"""Reviews that look like real ones, by name: what people will have before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.review import cases_machines, cases_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.review.model import Review

CASES: dict[str, Callable[[], Review]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        cases_machines.changed_gpu_profile,
        cases_machines.new_machine_template,
        cases_machines.deleted_pool,
        cases_machines.failed_preview,
        cases_tools.promoted_release,
        cases_tools.rotated_secret,
        cases_tools.nothing_at_all,
        cases_tools.three_environments,
        cases_tools.refused,
        cases_tools.replaced_connection,
    )
}

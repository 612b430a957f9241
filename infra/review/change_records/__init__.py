"""Change records: a change is recorded where people approve changes, and carried out once somebody has approved it.

Every place is an adapter of `ChangeRecords`: a folder (`folder.py`), a service spoken to by HTTPS (`webhook.py`). What
is approved is the hash of a seal (`infra.review.seal`): a record of another seal approves nothing.

A third adapter for ServiceNow would need nothing but a module beside these two and an entry in the settings; its
mapping, by ServiceNow's Table API and the field names that `ansible-collections/servicenow.itsm` (module
`change_request`) and ServiceNow's page "Change Management API" use:

| here | ServiceNow, table `change_request` |
| --- | --- |
| `create` | `POST /api/now/table/change_request` (or `POST /api/sn_chg_rest/change/normal`), the answer's `sys_id` is the identifier |
| title | `short_description` (at most 160 characters) |
| counts, dangers, rules | `description`; dangers again in `risk_impact_analysis` |
| requested by | `requested_by` (a `sys_id` of `sys_user`, looked up by the person's e-mail) |
| seal | `correlation_id`, with `correlation_display` = `slipway`; asked for before `create`, so that none is made twice |
| settings | `type` = `normal`, `chg_model`, `category`, `assignment_group` (needed from the state Assess on) |
| `read` | `GET /api/now/table/change_request/<sys_id>?sysparm_fields=state,approval,correlation_id,sys_updated_by` |
| approved | `approval` = `approved` and `state` = -2 (Scheduled) or -1 (Implement) |
| refused | `approval` = `rejected`, or `state` = 4 (Canceled) |
| closed | `state` = 3 (Closed) |
| open | everything else: -5 (New), -4 (Assess), -3 (Authorize) |
| `close` | `PATCH` with `state` through -1 and 0 (Review) to 3, one step at a time as the state model asks for, with |
| | `close_code` = `successful` or `unsuccessful`, and `close_notes`; `not run` is `state` = 4 |

Both states and names can be changed at a site, so that adapter's settings would have to hold them.
"""  # noqa: E501 - a row of a table stands on one line

from __future__ import annotations

from infra.review.change_records.choice import open_change_records
from infra.review.change_records.record import (
    ChangeRecordRefused,
    ChangeRecords,
    ChangeRecordsAway,
    ChangeSummary,
    NotApproved,
    Record,
)
from infra.review.change_records.summary import summary_of

__all__ = [
    "ChangeRecordRefused",
    "ChangeRecords",
    "ChangeRecordsAway",
    "ChangeSummary",
    "NotApproved",
    "Record",
    "open_change_records",
    "summary_of",
]

"""Tasks of vCenter, and its faults as one line each."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from infra.errors import PersonError

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL_SECONDS = 0.1
_LOOK = "look at vCenter's recent tasks, mend the cause and run again"
_FIXES: dict[type, str] = {
    vim.fault.NoPermission: "let `slipway doctor` name the privileges that this user lacks",
    vim.fault.DuplicateName: "give the template another name, or move what has it",
    vmodl.fault.ManagedObjectNotFound: "something that the template needs is gone: run again, so that it is looked up",
    vim.fault.NoDiskSpace: "make room on the datastore",
}


class TemplateRefused(PersonError):
    """A GPU template that can't be made, changed or removed: one line with its name, the reason and what to do."""

    def __init__(self, name: str, reason: str, fix: str) -> None:
        super().__init__(f"GPU template {name}: {reason}; {fix}")


def finish(task: Any) -> Any:
    """Wait for a task and return its result. Raises the task's fault."""
    while task.info.state in (vim.TaskInfo.State.running, vim.TaskInfo.State.queued):
        time.sleep(_POLL_SECONDS)
    if task.info.state == vim.TaskInfo.State.error:
        raise task.info.error
    return task.info.result


@contextmanager
def explained(name: str, step: str) -> Iterator[None]:
    """Raise faults of vCenter, and a vCenter that stops answering, as `TemplateRefused` for a template and a step."""
    try:
        yield
    except vmodl.MethodFault as fault:
        fix = next((fix for kind, fix in _FIXES.items() if isinstance(fault, kind)), _LOOK)
        raise TemplateRefused(name, f"vCenter refused to {step}: {said(fault)}", fix) from None
    except (OSError, HTTPException) as error:
        reason = f"vCenter stopped answering during: {step} ({str(error) or type(error).__name__})"
        raise TemplateRefused(name, reason, "run again: what it still makes is taken over") from None


def said(fault: Any) -> str:
    """Return what a fault says, in one line: its type, and its words if it has any."""
    kind = type(fault).__name__.rpartition(".")[2]
    words = " ".join((getattr(fault, "msg", "") or "").split())
    return kind if words in ("", kind) else f"{words} ({kind})"

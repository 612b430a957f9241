"""What a person reads when the program fails: the message and their own lines, nothing of the machinery's."""

import sys
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException

import pulumi

_MACHINERY = Path(__file__).resolve().parent


def render_error(error: BaseException, root: Path) -> str:
    """Return the text shown for `error`, with file names relative to the project's `root`.

    A `pulumi.RunError`, and any exception whose attribute `for_people` is true, is its message alone. Every
    other one is a traceback of the frames in the project's own files; when there are none, of all frames: it
    is a bug outside the project. A SyntaxError shows the file and line it was found in.
    What a plugin answers to a data source is that answer alone.
    """
    if isinstance(error, pulumi.RunError) or getattr(error, "for_people", False) is True:
        return str(error)
    report = TracebackException.from_exception(error)
    ours = _cut(report, root.resolve())
    if not ours and type(error) is Exception:
        return str(error)  # so the SDK passes on what a plugin answered; a bug of its own has a type
    if not ours and isinstance(error, SyntaxError):
        return "".join(report.format_exception_only()).rstrip()
    return "".join(report.format()).rstrip()


def _cut(report: TracebackException, root: Path) -> bool:
    """Leave only the project's frames in `report` and in its causes; tell whether it had any itself."""
    own = [_shortened(frame, root) for frame in report.stack if _is_own(frame.filename, root)]
    if own:
        report.stack = StackSummary.from_list(own)
    if isinstance(getattr(report, "filename", None), str):
        report.filename = _relative(report.filename, root)
    for cause in (report.__cause__, *(report.exceptions or [])):
        if cause is not None and not _cut(cause, root):
            cause.stack = StackSummary()
    if report.__context__ is not None and not _cut(report.__context__, root):
        report.__context__ = None
    return bool(own)


def _is_own(filename: str, root: Path) -> bool:
    path = Path(filename)
    foreign = (_MACHINERY, Path(sys.prefix).resolve(), Path(sys.prefix))
    return (
        path.is_relative_to(root)
        and "site-packages" not in path.parts
        and not any(path.is_relative_to(folder) for folder in foreign if folder != root)
    )


def _shortened(frame: FrameSummary, root: Path) -> FrameSummary:
    return FrameSummary(_relative(frame.filename, root), frame.lineno, frame.name, line=frame.line)


def _relative(filename: str, root: Path) -> str:
    return str(Path(filename).relative_to(root)) if Path(filename).is_relative_to(root) else filename

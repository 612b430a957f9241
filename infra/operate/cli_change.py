"""The commands of `slipway change`: as in the command line, what each needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

change = typer.Typer(help="Look at change records of a folder, approve or refuse them.", no_args_is_help=True)
RecordId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of a record.")]


@change.command("list")
def change_list() -> None:
    """List the records."""
    from infra.operate.change_records import list_changes

    for line in list_changes():
        typer.echo(line)


@change.command("show")
def change_show(record: RecordId) -> None:
    """Show what a change would do, and the hash of its plan."""
    from infra.operate.change_records import show_change

    for line in show_change(record):
        typer.echo(line)


@change.command("approve")
def change_approve(
    record: RecordId, because: Annotated[str, typer.Option("--because", help="What you looked at.")] = ""
) -> None:
    """Approve a change that somebody else asked for."""
    from infra.operate.change_records import decide_change

    typer.echo(decide_change(record, approve=True, because=because))


@change.command("refuse")
def change_refuse(record: RecordId, because: Annotated[str, typer.Option("--because", help="Why not.")]) -> None:
    """Refuse a change, and say why."""
    from infra.operate.change_records import decide_change

    typer.echo(decide_change(record, approve=False, because=because))

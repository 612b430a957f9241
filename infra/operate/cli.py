"""The command line: every command says what it takes and hands over; what it needs is imported when it runs."""

from __future__ import annotations

import sys
from typing import Annotated, Optional

import typer

app = typer.Typer(
    help="Makes the virtual machines of an environment on vSphere, from one document, with Pulumi.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# typer reads these annotations at run time, where `X | None` in quotes does not resolve
Environment = Annotated[
    str, typer.Argument(metavar="ENV", help="Name of an environment: stacks/environments/ENV.yaml.")
]
LayerName = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(metavar="[LAYER]", help="One layer; without it all layers, in their order."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Quiet = Annotated[bool, typer.Option("--expect-no-changes", help="Fail if anything would change.")]


@app.command()
def validate(
    environments: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[ENV]...", help="Environments to check; without any, all of them."),
    ] = None,
) -> None:
    """Check environment documents whole, without touching anything."""
    from infra.operate.documents import validate_all

    for line in validate_all(environments or []):
        typer.echo(line)


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files are up to date.")] = False,
) -> None:
    """Write the JSON Schemas of the documents, for editors, to stacks/schemas/."""
    from infra.operate.documents import write_schemas

    for line in write_schemas(check_only=check):
        typer.echo(line)


@app.command()
def preview(environment: Environment, layer: LayerName = None, expect_no_changes: Quiet = False) -> None:
    """Show what `up` would do."""
    from infra.operate.run import run_preview

    run_preview(environment, layer, expect_no_changes=expect_no_changes)


@app.command()
def up(
    environment: Environment,
    layer: LayerName = None,
    yes: Yes = False,
    leftovers: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="adopt|remove", help="What to do with machines that a killed run left in vCenter."),
    ] = None,
) -> None:
    """Bring an environment to what its document says, after showing a preview and asking."""
    from infra.operate.up import run_up

    run_up(environment, layer, yes=yes, leftovers=leftovers)


@app.command()
def refresh(environment: Environment, layer: LayerName = None, expect_no_changes: Quiet = False) -> None:
    """Read back what vCenter has into the state, and show how it differs."""
    from infra.operate.run import run_refresh

    run_refresh(environment, layer, expect_no_changes=expect_no_changes)


@app.command()
def destroy(environment: Environment, layer: LayerName = None, yes: Yes = False) -> None:
    """Delete everything that was made for an environment, top layer first, after asking."""
    from infra.operate.run import run_destroy

    run_destroy(environment, layer, yes=yes)


@app.command()
def status(environment: Environment) -> None:
    """Show an environment's layers and nodes as recorded in its state."""
    from infra.operate.status import show_status

    show_status(environment)


@app.command()
def rehearse(
    environment: Environment,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running afterwards, to look inside.")] = False,
    shell: Annotated[
        bool, typer.Option("--shell", help="Open a shell inside; starts a rehearsal if none runs.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End a rehearsal that was left running.")] = False,
) -> None:
    """Run an environment for real against a simulated vCenter, on this machine alone."""
    from infra.catalog import Catalog
    from rehearsal.run import open_shell, rehearse_environment, stop_rehearsal

    Catalog().load(environment)
    if stop:
        stop_rehearsal(environment)
    elif shell:
        sys.exit(open_shell(environment))
    else:
        rehearse_environment(environment, keep=keep)

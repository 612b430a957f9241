"""The commands of `slipway release`: as in the command line, what each needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

release = typer.Typer(
    help="Pin a release, check it, compare two, or print how its machine template is built.", no_args_is_help=True
)
# typer reads these annotations at run time, where `X | None` in quotes does not resolve
Version = Annotated[str, typer.Argument(metavar="VERSION", help="A release: stacks/releases/VERSION.yaml.")]


@release.command("pin")
def release_pin(version: Version) -> None:
    """Compute every digest that a release lacks, and write it to the release. Needs internet."""
    from infra.operate.release import pin_release

    for line in pin_release(version):
        typer.echo(line)


@release.command("template")
def release_template(version: Version) -> None:
    """Print the script that makes a fresh machine the template of a release."""
    from infra.operate.release import template_recipe

    typer.echo(template_recipe(version), nl=False)


@release.command("check")
def release_check(
    version: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="[VERSION]", help="A release; without it, all of them."),
    ] = None,
) -> None:
    """Check that a release goes together, that all in it is asked for, and that all that is asked for is in it."""
    from infra.operate.release_check import check_releases

    for line in check_releases(version):
        typer.echo(line)


@release.command("diff")
def release_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The release to compare with.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The release to compare.")],
    form: Annotated[str, typer.Option("--format", metavar="table|md|json", help="How it is written.")] = "table",
) -> None:
    """Show what differs between two releases: versions, digests, what was added and removed."""
    from infra.operate.release_diff import release_diff as difference

    typer.echo(difference(old, new, form), nl=False)

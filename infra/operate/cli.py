"""The command line: every command says what it takes and hands over; what it needs is imported when it runs."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import Annotated, Optional

import typer

from infra.operate.cli_change import change
from infra.operate.cli_release import release

app = typer.Typer(
    help="Makes environments for AI applications on vSphere, from one document each, with Pulumi.",
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


app.add_typer(release, name="release")
app.add_typer(change, name="change")


@app.command()
def bundle(
    version: Annotated[str, typer.Argument(metavar="RELEASE", help="A release: stacks/releases/RELEASE.yaml.")],
    mirror: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="URL", help="Where charts are taken from instead of their own sources: oci:// or https://."
        ),
    ] = None,
) -> None:
    """Collect a release's charts, manifests and list of images into bundles/RELEASE/. Needs internet."""
    from infra.operate.bundle import make_bundle

    for line in make_bundle(version, mirror):
        typer.echo(line)


@app.command()
def review(
    environments: Annotated[list[str], typer.Argument(metavar="ENV...", help="Environments to review together.")],
    against: Annotated[
        str, typer.Option(metavar="REV", help="Revision that documents are compared with, for example origin/main.")
    ] = "HEAD",
    form: Annotated[str, typer.Option("--format", metavar="md|html|json", help="Form of the report.")] = "md",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="FILE", help="Write the report there instead of printing it."),
    ] = None,
    seal: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write the seal of what was previewed, for `up --approved`."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Put the seal on record, for somebody to approve (docs/change-records.md).")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Preview in a rehearsal that came up as --against says.")
    ] = False,
) -> None:
    """Tell in one report what a change would do; the exit code says the verdict (0, 4, 5 or 6)."""
    from infra.operate.review import write_review

    sys.exit(write_review(environments, against, form, output, rehearse=rehearse, seal=seal, record=record))


@app.command()
def promote(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The environment whose release is taken.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The environment that gets it.")],
    back: Annotated[bool, typer.Option("--back", help="Let it be an older release than TARGET has.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and write nothing.")] = False,
    review: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write the review to a file: .md, .html or .json."),
    ] = None,
) -> None:
    """Give an environment the release of the one before it (stacks/promotion.yaml), and review that."""
    from infra.operate.promote import run_promote

    sys.exit(run_promote(source, target, back=back, dry_run=dry_run, review=review))


@app.command()
def new(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="Name of the new environment.")],
    source: Annotated[str, typer.Option("--from", metavar="ENV", help="The environment to make it from.")] = "dev",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take every proposal without asking.")] = False,
) -> None:
    """Make a new environment from another one, in a few answers."""
    from infra.operate.new import make_environment

    for line in make_environment(environment, source, accept=yes):
        typer.echo(line)


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files are up to date.")] = False,
) -> None:
    """Write JSON Schemas (for editors), reference pages and the picture (for people) from models and tables."""
    from infra.operate.documents import write_generated

    for line in write_generated(check_only=check):
        typer.echo(line)


@app.command()
def preview(environment: Environment, layer: LayerName = None, expect_no_changes: Quiet = False) -> None:
    """Show what `up` would do."""
    from infra.operate.run import run_preview

    run_preview(environment, layer, expect_no_changes=expect_no_changes)


@app.command()
def up(  # noqa: PLR0913, PLR0917 - options of a command line
    environment: Environment,
    layer: LayerName = None,
    yes: Yes = False,
    lose_disks: Annotated[
        bool, typer.Option("--lose-disks", help="Go on although data disks are deleted with what is on them.")
    ] = False,
    lose_cluster: Annotated[
        bool,
        typer.Option(
            "--lose-cluster", help="Go on although the only control-plane node goes, and the cluster with it."
        ),
    ] = False,
    leftovers: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="adopt|remove", help="What to do with machines that a killed run left in vCenter."),
    ] = None,
    approved: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Do exactly what this seal of a review has, or refuse and say what moved."),
    ] = None,
    approved_hash: Annotated[
        str,
        typer.Option("--approved-hash", metavar="HASH", help="What was approved: the hash that the seal must have."),
    ] = "",
    record: Annotated[
        str, typer.Option(metavar="ID", help="Wait until this change record is approved, and close it with the result.")
    ] = "",
) -> None:
    """Bring an environment to what its document says, after showing a preview and asking."""
    from infra.operate.up import Allowed, Plan, run_up

    allowed = Allowed(yes=yes, lose_disks=lose_disks, lose_cluster=lose_cluster, leftovers=leftovers)
    run_up(environment, layer, allowed, plan=Plan(approved, approved_hash, record))


@app.command()
def refresh(environment: Environment, layer: LayerName = None, expect_no_changes: Quiet = False) -> None:
    """Read back what vCenter has into the state, and show how it differs."""
    from infra.operate.run import run_refresh

    run_refresh(environment, layer, expect_no_changes=expect_no_changes)


@app.command()
def destroy(
    environment: Environment,
    layer: LayerName = None,
    yes: Yes = False,
    including_protected: Annotated[
        bool, typer.Option("--including-protected", help="Delete what the document protects, too.")
    ] = False,
) -> None:
    """Delete everything that was made for an environment, top layer first, after asking."""
    from infra.operate.run import run_destroy

    run_destroy(environment, layer, yes=yes, including_protected=including_protected)


@app.command()
def status(
    environment: Environment,
    page: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write it as a page, too: one HTML file that needs nothing else."),
    ] = None,
) -> None:
    """Show an environment's layers and nodes, and its tools: address, sign-in, health, version."""
    from infra.operate.status import show_status

    show_status(environment, page)


@app.command()
def doctor(
    environment: Environment,
    role: Annotated[
        bool, typer.Option("--role", help="Only print the privileges that the vCenter user needs.")
    ] = False,
) -> None:
    """Check that an environment's vCenter has ready what it needs; each problem comes with its fix."""
    from infra.operate.doctor import role_lines, run_doctor

    if role:
        for line in role_lines(environment):
            typer.echo(line)
    else:
        run_doctor(environment)


@app.command()
def inventory(environment: Environment) -> None:
    """Read hosts and GPUs of an environment's vCenter into stacks/inventories/."""
    from infra.operate.gpus import run_inventory

    for line in run_inventory(environment):
        typer.echo(line)


@app.command()
def fit(
    environment: Environment,
    write: Annotated[bool, typer.Option("--write", help="Write the plan to stacks/placements/ENV.yaml.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Plan which node gets which GPUs, from the inventory; say why not if it doesn't fit."""
    from infra.operate.gpus import run_fit

    run_fit(environment, write=write, as_json=as_json)


@app.command()
def rehearse(
    environments: Annotated[
        list[str], typer.Argument(metavar="ENV...", help="Environments; several stand side by side in one vCenter.")
    ],
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running afterwards, to look inside.")] = False,
    shell: Annotated[
        bool, typer.Option("--shell", help="Open a shell inside; starts a rehearsal if none runs.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End a rehearsal that was left running.")] = False,
) -> None:
    """Run environments for real against a simulated vCenter, on this machine alone."""
    from infra.catalog import Catalog
    from rehearsal.run import open_shell, rehearse_environments, stop_rehearsal

    catalog = Catalog()
    for environment in environments:
        catalog.load(environment)
    names = sorted(set(environments))
    name = "+".join(names)
    if stop:
        stop_rehearsal(name)
    elif shell:
        sys.exit(open_shell(name))
    else:
        rehearse_environments(names, keep=keep)

"""Connects the Pulumi SDK to the engine and runs the program inside its stack."""

import asyncio
import logging
import os
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.log
import pulumi.runtime

from tools.language_host.interrupt import leave
from tools.language_host.rendering import render_error
from tools.language_host.start import ERROR_ALREADY_SHOWN, ProgramStart

_THREADS_PER_OPERATION = 4


def execute(start: ProgramStart) -> int:
    """Run the program and return its exit code. What it fails with is shown by the engine, as one error."""
    _configure(start)
    program = Path(start.program)
    if program.is_dir() and not (program / "__main__.py").is_file():
        pulumi.log.error(f"there is no program in {program}: it needs a file __main__.py")
        return ERROR_ALREADY_SHOWN
    os.chdir(start.working_directory)
    sys.argv = [start.program, *start.arguments]
    # A program that fails leaves outputs that nobody will ever await; asyncio's complaints about them would
    # bury the error itself.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max(start.parallel, 1) * _THREADS_PER_OPERATION))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(program)))
    except Exception as error:  # noqa: BLE001 - whatever the program fails with is shown to its author
        pulumi.log.error(render_error(error, Path(start.root_directory)))
        return ERROR_ALREADY_SHOWN
    return 0


def _run(program: Path) -> None:
    try:
        runpy.run_path(str(program), run_name="__main__")
    except KeyboardInterrupt:
        # The SDK would first wait for every resource under way.
        leave()


def _configure(start: ProgramStart) -> None:
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=start.monitor,
            engine=start.engine,
            project=start.project,
            stack=start.stack,
            organization=start.organization,
            parallel=start.parallel,
            dry_run=start.dry_run,
            root_directory=start.root_directory,
        )
    )

"""What a person reads when the program fails."""

import runpy
from pathlib import Path
from typing import ClassVar

import pulumi
import pytest

from tools.language_host.rendering import render_error


class RefusedError(Exception):
    for_people: ClassVar[bool] = True


def failure_of(root: Path, **files: str) -> BaseException:
    """Write `files` into the project `root`, run `__main__.py` as the host does, return what it raises."""
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    try:
        runpy.run_path(str(root), run_name="__main__")
    except Exception as error:  # noqa: BLE001 - the subject of these tests
        return error
    pytest.fail("the program did not fail")


def test_a_bug_shows_the_projects_own_frames_only(tmp_path: Path) -> None:
    pool = 'def gpu_of(pool):\n    return pool["gpu"]\n'
    error = failure_of(tmp_path, __main__="import pool_a\n\npool_a.gpu_of({})\n", pool_a=pool)
    assert render_error(error, tmp_path) == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 3, in <module>\n'
        "    pool_a.gpu_of({})\n"
        '  File "pool_a.py", line 2, in gpu_of\n'
        '    return pool["gpu"]\n'
        "KeyError: 'gpu'"
    )


def test_an_error_inside_a_library_shows_the_line_that_called_it(tmp_path: Path) -> None:
    error = failure_of(tmp_path, __main__='import json\n\njson.loads("{")\n')
    assert render_error(error, tmp_path) == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 3, in <module>\n'
        '    json.loads("{")\n'
        "json.decoder.JSONDecodeError: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )


def test_a_cause_keeps_its_own_frames(tmp_path: Path) -> None:
    program = 'try:\n    int("x")\nexcept ValueError as error:\n    raise RuntimeError("no count") from error\n'
    assert render_error(failure_of(tmp_path, __main__=program), tmp_path) == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 2, in <module>\n'
        '    int("x")\n'
        "ValueError: invalid literal for int() with base 10: 'x'\n"
        "\n"
        "The above exception was the direct cause of the following exception:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 4, in <module>\n'
        '    raise RuntimeError("no count") from error\n'
        "RuntimeError: no count"
    )


def test_a_syntax_error_shows_its_file_and_line(tmp_path: Path) -> None:
    error = failure_of(tmp_path, __main__="pools = [\n")
    assert render_error(error, tmp_path) == (
        "  File \"__main__.py\", line 1\n    pools = [\n            ^\nSyntaxError: '[' was never closed"
    )


def test_a_syntax_error_in_an_imported_file_shows_both(tmp_path: Path) -> None:
    error = failure_of(tmp_path, __main__="import pool_b\n", pool_b="pools = [\n")
    assert render_error(error, tmp_path) == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 1, in <module>\n'
        "    import pool_b\n"
        '  File "pool_b.py", line 1\n'
        "    pools = [\n"
        "            ^\n"
        "SyntaxError: '[' was never closed"
    )


@pytest.mark.parametrize("error", [RefusedError("two lines\nfor people"), pulumi.RunError("two lines\nfor people")])
def test_an_error_for_people_is_its_message_alone(error: Exception, tmp_path: Path) -> None:
    assert render_error(error, tmp_path) == "two lines\nfor people"


def test_an_error_that_never_touched_the_project_keeps_all_frames(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    text = render_error(caught.value, tmp_path)
    assert Path(__file__).name in text
    assert text.endswith("ZeroDivisionError: division by zero")


def test_packages_inside_the_project_folder_are_not_the_project(tmp_path: Path) -> None:
    package = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "library.py"
    package.parent.mkdir(parents=True)
    package.write_text('def fail():\n    raise LookupError("inside")\n')
    program = f'import runpy\n\nrunpy.run_path("{package}")["fail"]()\n'
    assert render_error(failure_of(tmp_path, __main__=program), tmp_path) == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 3, in <module>\n'
        f'    runpy.run_path("{package}")["fail"]()\n'
        "LookupError: inside"
    )


def test_what_a_plugin_answers_to_a_data_source_is_that_answer_alone(tmp_path: Path) -> None:
    """The SDK raises it as a plain Exception in its event loop, where no frame is the program's."""
    sdk = tmp_path / "invoke.py"
    sdk.write_text('raise Exception("invoke of getNetwork failed: Network vm-net not found")\n')
    with pytest.raises(Exception, match="invoke of getNetwork failed") as failed:
        runpy.run_path(str(sdk))
    assert render_error(failed.value, Path("/elsewhere")) == "invoke of getNetwork failed: Network vm-net not found"

"""The language host as the engine meets it: a process that speaks the protocol, and ends when it must."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from tests.tools.played_engine import PlayedEngine, played_engine

HOST = Path(__file__).resolve().parents[2] / "tools" / "language_host" / "__main__.py"
SECONDS = 15.0


class RunningHost:
    """A started host, and the played engine it serves."""

    def __init__(self, engine: PlayedEngine) -> None:
        self.engine = engine
        command = [sys.executable, str(HOST), "-v=9", engine.address]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.client = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def start_program(self, root: Path, text: str, **config: str) -> "grpc.Future[language_pb2.RunResponse]":
        """Write `text` as the project's program and begin to run it; the run ends with the answer's life."""
        (root / "__main__.py").write_text(text)
        return self.start_project(root, **config)

    def start_project(self, root: Path, **config: str) -> "grpc.Future[language_pb2.RunResponse]":
        request = language_pb2.RunRequest(
            project="project",
            stack="dev.compute",
            organization="organization",
            pwd=str(root),
            parallel=4,
            monitor_address=self.engine.address,
            info=info_of(root),
            config=config,
        )
        return self.client.Run.future(request, timeout=SECONDS)

    def run_program(self, root: Path, text: str, **config: str) -> language_pb2.RunResponse:
        return self.start_program(root, text, **config).result()


def info_of(root: Path, **options: str) -> language_pb2.ProgramInfo:
    settings = Struct()
    settings.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(root), entry_point=".", options=settings
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that ended and waits for its parent does not."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def host() -> Iterator[RunningHost]:
    with played_engine() as engine:
        running = RunningHost(engine)
        yield running
        running.channel.close()
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def sleeping_program(tmp_path: Path) -> str:
    """A program that says which process it is, sleeps, and cleans up when it is interrupted."""
    return (
        "import os, pathlib, time\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "(folder / 'new').write_text(str(os.getpid()))\n"
        "(folder / 'new').rename(folder / 'process')\n"
        "try:\n"
        "    time.sleep(600)\n"
        "finally:\n"
        "    (folder / 'cleaned').touch()\n"
    )


def program_process(folder: Path) -> int:
    wait_until((folder / "process").exists)
    return int((folder / "process").read_text())


def test_it_tells_which_python_the_program_runs_on(host: RunningHost, tmp_path: Path) -> None:
    about = host.client.About(language_pb2.AboutRequest(info=info_of(tmp_path)), timeout=SECONDS)
    assert about.executable == sys.executable
    assert about.version == ".".join(map(str, sys.version_info[:3]))
    assert host.client.GetPluginInfo(Empty(), timeout=SECONDS).version == ""


def test_it_lists_the_plugins_of_the_named_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "own" / "lib" / "python3.11" / "site-packages"
    for name in ("here", "elsewhere"):
        (packages / f"pulumi_{name}").mkdir(parents=True)
        (packages / f"pulumi_{name}" / "pulumi-plugin.json").write_text('{"resource": true, "version": "1.2.3"}')
    (tmp_path / "own" / "bin").mkdir()
    (tmp_path / "own" / "bin" / "python").touch(mode=0o755)
    (tmp_path / "home" / "plugins" / "resource-here-v1.2.3").mkdir(parents=True)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    with played_engine() as engine:
        host = RunningHost(engine)
        request = language_pb2.GetRequiredPackagesRequest(info=info_of(tmp_path, virtualenv="own"))
        answer = host.client.GetRequiredPackages(request, timeout=SECONDS)
        host.process.kill()
        host.process.communicate()
    assert [(package.kind, package.name, package.version) for package in answer.packages] == [
        ("resource", "here", "v1.2.3")
    ]


def test_a_missing_virtual_environment_is_named_with_its_remedy(host: RunningHost, tmp_path: Path) -> None:
    request = language_pb2.AboutRequest(info=info_of(tmp_path, virtualenv="nowhere"))
    with pytest.raises(grpc.RpcError) as caught:
        host.client.About(request, timeout=SECONDS)
    folder = tmp_path / "nowhere"
    assert caught.value.details() == (
        f"there is no virtual environment in {folder}: make it (`python3 -m venv {folder}`) and install "
        "the project's requirements into it, or correct runtime.options.virtualenv in Pulumi.yaml"
    )


def test_running_a_plugin_is_refused_with_the_alternatives(host: RunningHost) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(host.client.RunPlugin(language_pb2.RunPluginRequest(), timeout=SECONDS))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == (
        "this Python language host runs programs, not plugins: give the plugin an executable file "
        "(pulumi-resource-NAME), or install the official release of Pulumi"
    )


def test_a_program_sees_its_settings_its_configuration_and_its_own_modules(host: RunningHost, tmp_path: Path) -> None:
    (tmp_path / "own_module.py").write_text("ANSWER = 42\n")
    program = (
        "import os, pulumi, own_module\n"
        "pulumi.export('answer', own_module.ANSWER)\n"
        "pulumi.export('stack', pulumi.get_stack())\n"
        "pulumi.export('folder', os.getcwd())\n"
        "pulumi.export('configured', pulumi.Config('project').require('size'))\n"
    )
    answer = host.run_program(tmp_path, program, **{"project:size": "large"})
    assert (answer.error, answer.bail) == ("", False)
    assert host.engine.outputs == {
        "answer": 42.0,
        "stack": "dev.compute",
        "folder": str(tmp_path),
        "configured": "large",
    }
    assert host.engine.errors == []


def test_a_failing_program_is_one_error_and_nothing_more(host: RunningHost, tmp_path: Path) -> None:
    program = "import pulumi\n\npulumi.Output.from_input({}).apply(lambda pool: pool['gpu'])\n"
    answer = host.run_program(tmp_path, program)
    assert (answer.error, answer.bail) == ("", True)
    (error,) = host.engine.errors
    assert error == (
        "Traceback (most recent call last):\n"
        '  File "__main__.py", line 3, in <lambda>\n'
        "    pulumi.Output.from_input({}).apply(lambda pool: pool['gpu'])\n"
        "KeyError: 'gpu'"
    )


def test_a_project_without_program_is_told_so(host: RunningHost, tmp_path: Path) -> None:
    assert host.start_project(tmp_path).result().bail
    assert host.engine.errors == [f"there is no program in {tmp_path}: it needs a file __main__.py"]


def test_a_program_that_ends_with_a_code_of_its_own_is_reported(host: RunningHost, tmp_path: Path) -> None:
    assert host.run_program(tmp_path, "raise SystemExit(3)\n").error == "the program ended with exit code 3"


def test_cancel_ends_the_program_after_its_clean_up_and_then_the_host(
    host: RunningHost, tmp_path: Path, sleeping_program: str
) -> None:
    future = host.start_program(tmp_path, sleeping_program)
    program = program_process(tmp_path)
    host.client.Cancel(Empty(), timeout=SECONDS)
    answer = future.result()
    assert (answer.error, answer.bail) == ("", True)
    assert host.process.wait(SECONDS) == 0
    assert (tmp_path / "cleaned").exists()
    assert not is_alive(program)
    assert host.engine.errors == []


def test_a_program_that_ignores_interrupts_is_killed(host: RunningHost, tmp_path: Path, sleeping_program: str) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    answer = host.start_program(tmp_path, ignoring + sleeping_program)
    program = program_process(tmp_path)
    host.process.send_signal(signal.SIGINT)
    assert host.process.wait(SECONDS) == 0
    assert not is_alive(program)
    assert not (tmp_path / "cleaned").exists()
    assert answer.result().bail


def test_the_program_ends_when_the_host_is_killed(host: RunningHost, tmp_path: Path, sleeping_program: str) -> None:
    answer = host.start_program(tmp_path, sleeping_program)
    program = program_process(tmp_path)
    host.process.kill()
    wait_until(lambda: not is_alive(program))
    assert answer.exception() is not None


def test_the_host_ends_when_the_engine_is_gone() -> None:
    start = f"import subprocess, sys; p = subprocess.Popen([sys.executable, {str(HOST)!r}, 'nobody:1']); "
    keep = "print(p.pid, flush=True); p.wait()"
    engine = subprocess.Popen([sys.executable, "-c", start + keep], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    numbers = [int(engine.stdout.readline()) for _ in ("process", "port")]
    hosts = [number for number in numbers if is_alive(number) and is_host(number)]
    assert len(hosts) == 1
    engine.kill()
    wait_until(lambda: not is_alive(hosts[0]))
    engine.communicate()


def is_host(process: int) -> bool:
    return str(HOST).encode() in Path(f"/proc/{process}/cmdline").read_bytes()


def test_without_an_engine_it_says_who_starts_it() -> None:
    answer = subprocess.run([sys.executable, str(HOST)], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == ("usage: pulumi-language-python ENGINE_ADDRESS (the pulumi engine starts this program)\n")


def test_it_starts_without_the_sdk(tmp_path: Path) -> None:
    check = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tools.language_host.protocol import skip_sdk_start_up; skip_sdk_start_up(); "
        "import tools.language_host.host; "
        "print([name for name in ('pulumi.resource', 'opentelemetry') if name in sys.modules])"
    )
    command = [sys.executable, "-c", check, str(HOST.parents[2])]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=dict(os.environ))
    assert answer.stdout == "[]\n"

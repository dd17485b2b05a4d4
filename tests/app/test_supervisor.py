"""The supervisor as a process of its own, with two small programs in the place of ours; tests/faults runs the real ones."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from app.child import command_line
from app.embedded import POSTGRES_STOP_S, VALKEY_STOP_S
from app.settings import CHECKOUT, Settings
from app.supervisor import PROGRAM_STOP_S, our_programs, welcome
from tests.ports import own_port

SERVER = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""
SERVES = """
import json, os, sys
from app.supervisor import serve
from app.settings import Settings
from core.errors import RecollectError
try:
    serve(Settings(), say=lambda line: print(line, flush=True), programs=json.loads(os.environ["PROGRAMS"]))
except RecollectError as error:
    print(f"recollect: {error}", flush=True)
    sys.exit(1)
"""
PROGRAMS = {"api": (sys.executable, "-c", SERVER), "worker": ("/bin/sleep", "600")}


class Supervisor:
    """One `serve` under test; what it says is kept in `said`."""

    def __init__(self, home: Path, *, port: int, programs=PROGRAMS, **environment: str) -> None:
        self.home = home
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVES],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                "PATH": os.defpath,
                "RECOLLECT_HOME": str(home),
                "PORT": str(port),
                "EMBEDDER": "fake",
                "PROGRAMS": json.dumps(programs),
                **{name: value for name, value in os.environ.items() if name.startswith("COV")},
                **environment,
            },
        )

    def wait_for(self, word: str) -> "Supervisor":
        while word not in self.said:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"ended before it said {word!r}:\n{self.said}"
            self.said += line
        return self

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.outcome()

    def outcome(self) -> int:
        self.said += self.process.communicate(timeout=100)[0]
        return self.process.returncode

    def worker_pid(self) -> int:
        return int((self.home / "run" / "worker.pid").read_text())

    def processes(self) -> list[str]:
        """Return the command lines that speak of this home, and those of our programs."""
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        mine = {self.process.pid, os.getpid()}
        return [
            line
            for pid in pids
            if pid not in mine and str(self.home) in (line := command_line(pid))
        ]

    def sockets(self) -> list[Path]:
        return [path for path in self.home.rglob("*") if path.is_socket()]


def until(condition):
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def port():
    return own_port()


@pytest.fixture(scope="module")
def served(home):
    made = Path(tempfile.mkdtemp(prefix="serve ", dir=home))
    made.chmod(0o755)
    return made / "my home"


def test_it_starts_says_where_and_stops_without_a_trace(served, port):
    supervisor = Supervisor(served, port=port).wait_for("Recollect is ready")
    assert f"ready at http://localhost:{port}" in supervisor.said
    worker = supervisor.worker_pid()
    assert supervisor.end(signal.SIGTERM) == 0
    assert (supervisor.processes(), supervisor.sockets(), command_line(worker)) == ([], [], "")
    assert [path.name for path in (served / "run").iterdir()] == ["lock"]


def test_stopping_takes_ten_seconds_at_most():
    assert PROGRAM_STOP_S + POSTGRES_STOP_S + VALKEY_STOP_S <= 10


def test_ctrl_c_and_a_closed_terminal_stop_it_too(served, port):
    for number in (signal.SIGINT, signal.SIGHUP):
        assert Supervisor(served, port=port).wait_for("Recollect is ready").end(number) == 0


def test_ctrl_c_during_the_start_leaves_nothing(served, port):
    supervisor = Supervisor(served, port=port).wait_for("starting PostgreSQL")
    assert supervisor.end(signal.SIGINT) == 0
    assert supervisor.processes() == []


def test_what_dies_is_started_again(served, port):
    supervisor = Supervisor(served, port=port).wait_for("Recollect is ready")
    postmaster = served / "postgres" / "data" / "postmaster.pid"
    before = (supervisor.worker_pid(), postmaster.read_text().split()[0])
    os.kill(before[0], signal.SIGKILL)
    os.kill(int(before[1]), signal.SIGKILL)
    supervisor.wait_for("unit=worker").wait_for("unit=postgres")
    until(
        lambda: (
            postmaster.exists()
            and "ready" in postmaster.read_text()
            and postmaster.read_text().split()[0] != before[1]
        )
    )
    until(lambda: (served / "run" / "worker.pid").exists() and supervisor.worker_pid() != before[0])
    assert supervisor.end(signal.SIGTERM) == 0


def test_after_kill_9_of_the_supervisor_the_next_start_works_at_once(served, port):
    killed = Supervisor(served, port=port).wait_for("Recollect is ready")
    worker = killed.worker_pid()
    killed.end(signal.SIGKILL)
    until(lambda: command_line(worker) == "")
    again = Supervisor(served, port=port).wait_for("Recollect is ready")
    assert again.end(signal.SIGTERM) == 0
    assert (again.processes(), again.sockets()) == ([], [])


def test_a_second_copy_needs_its_own_home_and_port(served, port):
    first = Supervisor(served, port=port).wait_for("Recollect is ready")
    same_home = Supervisor(served, port=own_port())
    assert same_home.outcome() == 1
    assert re.fullmatch(
        r"recollect: .* is in use by process \d+: .* set RECOLLECT_HOME and PORT for a second copy\n",
        same_home.said,
    )
    second = Supervisor(served.parent / "second", port=port)
    assert second.outcome() == 1
    assert (
        second.said
        == f"recollect: Port {port} is taken: choose another one, for example PORT={port + 1} make run\n"
    )
    beside = Supervisor(served.parent / "second", port=own_port()).wait_for("Recollect is ready")
    assert (beside.end(signal.SIGTERM), first.end(signal.SIGTERM)) == (0, 0)


def test_a_database_that_is_not_there_is_one_clear_line(served):
    url = f"postgresql://ann:p4ss@127.0.0.1:{own_port()}/recollect"
    supervisor = Supervisor(
        served, port=own_port(), DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1"
    )
    assert supervisor.outcome() == 1
    last = supervisor.said.splitlines()[-1]
    assert last.startswith("recollect: DATABASE_URL: no database answers there")
    assert "p4ss" not in supervisor.said


def test_another_database_and_redis_take_the_place_of_the_embedded_ones(
    served, port, database_url, redis_url
):
    supervisor = Supervisor(
        served.parent / "outside", port=port, DATABASE_URL=database_url, REDIS_URL=redis_url
    )
    supervisor.wait_for("Recollect is ready")
    assert "starting PostgreSQL" not in supervisor.said
    assert supervisor.end(signal.SIGTERM) == 0
    assert not (served.parent / "outside" / "postgres").exists()


def test_a_program_that_cannot_run_ends_the_start(served, port):
    programs = {"api": (sys.executable, "-c", "import sys; print('no module'); sys.exit(78)")}
    supervisor = Supervisor(served, port=port, programs=programs)
    assert supervisor.outcome() == 1
    assert "no module" in supervisor.said
    assert (
        supervisor.said.splitlines()[-1]
        == "recollect: api cannot run as things are: its last lines say why"
    )
    assert supervisor.processes() == []


@pytest.mark.parametrize(
    ("embedder", "names"),
    [
        ("minilm", ["embedder", "api", "worker"]),
        ("st:/srv/model", ["embedder", "api", "worker"]),
        ("openai:text-embedding-3-small", ["embedder", "api", "worker"]),
        ("fake", ["api", "worker"]),
    ],
)
def test_models_have_a_process_of_their_own_also_where_a_vendor_makes_new_vectors(embedder, names):
    programs = our_programs(Settings(embedder=embedder))
    assert list(programs) == names
    assert programs["api"] == (sys.executable, "-m", "api.serve")


def test_the_local_model_has_a_process_where_it_is_wanted():
    assert list(our_programs(Settings(embedder="fake", llm="local"))) == ["model", "api", "worker"]


def test_a_home_that_cannot_be_written_is_one_clear_line(port):
    supervisor = Supervisor(Path("/proc/nowhere"), port=port)
    assert supervisor.outcome() == 1
    assert supervisor.said.startswith("recollect: /proc/nowhere cannot be written")


def test_the_welcome_says_where_and_what_next(tmp_path):
    settings = Settings(port=4600, recollect_home=tmp_path)
    text = welcome(settings, seconds=1.23)
    assert "ready at http://localhost:4600 (1.2 s)" in text
    assert text.endswith(f"Everything is kept in {tmp_path}. Ctrl-C stops it.\n")
    (tmp_path / "postgres").symlink_to("/srv/elsewhere")
    assert "But the database in /srv/elsewhere" in welcome(settings, seconds=1.23)

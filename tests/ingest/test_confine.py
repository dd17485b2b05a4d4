"""Each control is tried from inside a confined process; this one stays free."""

import os
import subprocess
import sys
from pathlib import Path
from struct import unpack

import pytest

from ingest.confine import ARCHITECTURES, JUMP_EQUAL, REFUSED, seccomp_program

ROOT = Path(__file__).parents[2]
SUPPORTED = sys.platform == "linux" and os.uname().machine in ARCHITECTURES


def inside(code: str, *, before: str = "") -> str:
    """Run code in a confined child; return what it printed, or its exit status."""
    script = f"""
import os, resource, signal, socket, subprocess
from ingest.confine import confine
{before}
missing = confine(memory_bytes=300 * 2**20, cpu_s=1)
try:
    {code}
except (OSError, MemoryError) as exc:
    print(type(exc).__name__)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return ran.stdout.strip() or str(ran.returncode)


@pytest.mark.skipif(not SUPPORTED, reason="system call filter: Linux on x86_64 or aarch64")
@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), signal.SIGTERM)",
        "os.setsid()",
        "os.unlink('README.md')",
        "os.rename('README.md', 'x')",
        "os.truncate('README.md', 0)",
    ],
)
def test_no_socket_no_process_no_signal_no_file_is_touched(code):
    assert inside(code) == "PermissionError"


@pytest.mark.skipif(not SUPPORTED, reason="system call filter: Linux on x86_64 or aarch64")
@pytest.mark.parametrize("flags", ["os.O_WRONLY", "os.O_RDWR", "os.O_TRUNC", "os.O_CREAT"])
def test_no_file_can_be_opened_for_writing_or_emptied(tmp_path, flags):
    path = tmp_path / "x"
    path.write_text("kept")
    assert inside(f"os.open({str(path)!r}, {flags})") == "PermissionError"
    assert inside(f"print(open({str(path)!r}).read())") == "kept"


def test_what_was_open_before_cannot_grow():
    script = "os.write(handle, b'x')"
    assert inside(script, before="handle = os.open('/tmp', os.O_TMPFILE | os.O_RDWR)") == "OSError"


def test_memory_and_files_are_limited():
    assert inside("bytearray(400 * 2**20)") == "MemoryError"
    assert inside("[os.open('/dev/null', 0) for _ in range(100)]") == "OSError"


def test_cpu_time_ends_it():
    assert inside("[None for _ in iter(int, 1)]") == str(-24)  # SIGXCPU


@pytest.mark.skipif(not SUPPORTED, reason="system call filter: Linux on x86_64 or aarch64")
def test_says_that_nothing_is_missing():
    assert inside("print(missing)") == "()"


def test_names_what_the_machine_lacks():
    script = "confine.__globals__['ARCHITECTURES'].clear(); print(confine(memory_bytes=300 * 2**20, cpu_s=1))"
    assert inside(script) == "('seccomp',)"


@pytest.mark.parametrize("column", [0, 1])
def test_each_refused_call_jumps_to_the_last_instruction(column):
    """An instruction is code, jump if true, jump if false (relative to the next one), constant."""
    numbers = {row[column] for row in REFUSED.values() if row[column] is not None}
    program = [unpack("HBBI", one) for one in seccomp_program(1, column)]
    jumps = {
        constant: at + 1 + if_true
        for at, (code, if_true, if_false, constant) in enumerate(program)
        if code == JUMP_EQUAL and if_false == 0 and at > 1
    }
    assert jumps == dict.fromkeys(numbers, len(program) - 1)
    assert len(program) < 256  # a jump has eight bits

import os
import subprocess
import sys
import time

import pytest

from app.child import LAUNCH, command_line

HERE = (sys.executable, "-I", "-S", str(LAUNCH))


def test_it_becomes_the_program_under_the_same_pid():
    started = subprocess.Popen(
        [
            *HERE,
            str(os.getpid()),
            "15",
            str(os.getuid()),
            str(os.getgid()),
            "/bin/sh",
            "-c",
            "echo $$",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.communicate()[0] == f"{started.pid}\n"


def test_it_does_not_start_for_a_parent_that_is_gone():
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process of its parent's death")
    done = subprocess.run(
        [*HERE, "1", "15", "0", "0", "/bin/echo", "started"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")
def test_root_gives_up_its_groups_too():
    done = subprocess.run(
        [*HERE, str(os.getpid()), "15", "65534", "65534", "/usr/bin/id"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("uid=65534")
    assert "(root)" not in done.stdout


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a process of its parent's death"
)
@pytest.mark.parametrize("uid", [os.getuid(), 65534 if os.geteuid() == 0 else os.getuid()])
def test_the_program_dies_with_a_killed_parent(uid):
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([*{HERE!r}, str(os.getpid()), '15', '{uid}', '{uid}', '/bin/sleep', '60'])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_for(lambda: command_line(pid).startswith("/bin/sleep"))
    parent.kill()
    parent.communicate()
    wait_for(lambda: "/bin/sleep" not in command_line(pid))


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)

"""What an extraction child may do: little CPU and memory, no file written, no socket, no process, no signal to others.

Linux only for the second half (prctl and seccomp by system call number: x86_64 and aarch64); `confine` names what is
missing elsewhere. Left out: reading other files of the same user, so give the worker a user of its own (jobs.md §6).
"""

import ctypes
import os
import resource
import signal
from struct import pack

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 38, 22
SECCOMP_MODE_FILTER = 2
OPEN_FILES = 32

# include/uapi/linux/seccomp.h, linux/bpf_common.h
ALLOW, EPERM_INSTEAD, KILL = 0x7FFF0000, 0x00050001, 0x80000000
LOAD_WORD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET = 0, 4
X32_BIT = 0x40000000  # x86_64 answers a second set of numbers from here on

# By architecture: its audit id, and the numbers of socket, socketpair, connect, bind, listen, accept, accept4, sendto,
# sendmsg, execve, execveat, clone, clone3, fork, vfork, kill, tkill, ptrace, process_vm_readv, process_vm_writev,
# pidfd_send_signal, io_uring_setup, unlink, unlinkat, rename, renameat, renameat2, truncate, setsid.
REFUSED = {
    "x86_64": (
        0xC000003E,
        (41, 53, 42, 49, 50, 43, 288, 44, 46, 59, 322, 56, 435, 57, 58, 62, 200, 101, 310, 311)
        + (424, 425, 87, 263, 82, 264, 316, 76, 112),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 203, 200, 201, 202, 242, 206, 211, 221, 281, 220, 435, 129, 130, 117, 270, 271)
        + (424, 425, 35, 38, 276, 45, 157),
    ),
}


def confine(*, memory_bytes: int, cpu_s: int) -> tuple[str, ...]:
    """Give up, for good, what a parser does not need; return the names of the controls that this machine lacks."""
    _limit(memory_bytes=memory_bytes, cpu_s=cpu_s)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        prctl = libc.prctl
    except (OSError, AttributeError):
        return ("parent_death_signal", "seccomp")
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return () if _filter_calls(libc) else ("seccomp",)


def _limit(*, memory_bytes: int, cpu_s: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _filter_calls(libc: ctypes.CDLL) -> bool:
    machine = os.uname().machine
    if machine not in REFUSED:
        return False
    instructions = seccomp_program(*REFUSED[machine])
    program = _Program(len(instructions), b"".join(instructions))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0


def seccomp_program(architecture: int, refused: tuple[int, ...]) -> list[bytes]:
    """Return the BPF program that answers EPERM to the refused calls and allows the rest (8 bytes an instruction)."""
    head = [
        _instruction(LOAD_WORD, ARCHITECTURE_OFFSET),
        _instruction(JUMP_EQUAL, architecture, if_true=1),
        _instruction(RETURN, KILL),
        _instruction(LOAD_WORD, NUMBER_OFFSET),
        _instruction(JUMP_GREATER_EQUAL, X32_BIT, if_true=len(refused) + 1),
    ]
    tests = [
        _instruction(JUMP_EQUAL, number, if_true=len(refused) - position)
        for position, number in enumerate(refused)
    ]
    return [*head, *tests, _instruction(RETURN, ALLOW), _instruction(RETURN, EPERM_INSTEAD)]


def _instruction(code: int, constant: int, *, if_true: int = 0) -> bytes:
    return pack("HBBI", code, if_true, 0, constant)

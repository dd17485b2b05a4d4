"""What an extraction child may do: little CPU and memory, no file written, no socket, no process, no signal to others.

Linux only for the second half (prctl and seccomp by system call number: x86_64 and aarch64); `confine` names what is
missing elsewhere. Left out: reading other files of the same user, so give the worker a user of its own.
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
LOAD_WORD, JUMP_EQUAL, JUMP_NOT_LESS, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET = 0, 4
X32_BIT = 0x40000000  # x86_64 answers a second set of numbers from here on

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# System call numbers on x86_64 and aarch64; the second lacks the older ones.
REFUSED = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211),
    "execve": (59, 221), "execveat": (322, 281), "clone": (56, 220), "clone3": (435, 435), "fork": (57, None),
    "vfork": (58, None), "setsid": (112, 157), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kill": (62, 129), "tkill": (200, 130), "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425), "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "truncate": (76, 45), "creat": (85, None), "openat2": (437, 437),
    "rmdir": (84, None), "linkat": (265, 37), "symlinkat": (266, 36), "fchmodat": (268, 53), "mkdirat": (258, 34),
}  # fmt: skip
# open and openat: allowed for reading; the offset of their flags in struct seccomp_data (little-endian).
OPENING = {(2, None): 24, (257, 56): 32}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def confine(*, memory_bytes: int, cpu_s: int) -> tuple[str, ...]:
    """Give up, for good, what a parser does not need; return the names of the controls that this machine lacks."""
    limit(memory_bytes=memory_bytes, cpu_s=cpu_s)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        prctl = libc.prctl
    except (OSError, AttributeError):
        return ("parent_death_signal", "seccomp")
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return () if _filter_calls(libc) else ("seccomp",)


def limit(*, memory_bytes: int, cpu_s: int) -> None:
    """Set the limits that hold for a program that is started from here, too."""
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
    if machine not in ARCHITECTURES:
        return False
    column = list(ARCHITECTURES).index(machine)
    instructions = seccomp_program(ARCHITECTURES[machine], column)
    program = _Program(len(instructions), b"".join(instructions))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0


def seccomp_program(architecture: int, column: int) -> list[bytes]:
    """Return the BPF program that answers EPERM to the refused calls and allows the rest (8 bytes an instruction).

    From the end: refuse, allow, then the calls that may open files but not for writing, then the refused numbers.
    """
    program = [_instruction(RETURN, ALLOW), _instruction(RETURN, EPERM_INSTEAD)]
    for row, flags_offset in OPENING.items():
        if (number := row[column]) is not None:
            refuse = len(program) - 1
            program[:0] = [
                _instruction(JUMP_EQUAL, number, if_false=2),
                _instruction(LOAD_WORD, flags_offset),
                _instruction(JUMP_ANY_BIT, WRITING, if_true=refuse, if_false=refuse - 1),
            ]
    for row in REFUSED.values():
        if (number := row[column]) is not None:
            program.insert(0, _instruction(JUMP_EQUAL, number, if_true=len(program) - 1))
    return [
        _instruction(LOAD_WORD, ARCHITECTURE_OFFSET),
        _instruction(JUMP_EQUAL, architecture, if_true=1),
        _instruction(RETURN, KILL),
        _instruction(LOAD_WORD, NUMBER_OFFSET),
        _instruction(JUMP_NOT_LESS, X32_BIT, if_true=len(program) - 1),
        *program,
    ]


def _instruction(code: int, constant: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return pack("HBBI", code, if_true, if_false, constant)

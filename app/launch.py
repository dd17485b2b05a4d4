"""Become another program that dies with its supervisor: `python -I -S launch.py PARENT SIGNAL UID GID PROGRAM ARG...`.

Run by path, never imported, so that it starts in milliseconds. In this order: give up the privileges, ask Linux to send
SIGNAL when PARENT dies (a change of user clears that wish, hence the order), become PROGRAM under the same pid. A
`preexec_fn` would do the same, but is unsafe beside threads. Elsewhere than on Linux the next start ends what was left.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(parent: int, death_signal: int, uid: int, gid: int, *, command: list[str]) -> None:
    """Drop to `uid` and `gid` when root, then become `command`."""
    if os.geteuid() == 0 and uid != 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before the wish was heard
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:5]), command=sys.argv[5:])

"""A program of its own: `python -I -S with_parent.py PARENT REPORT COMMAND…` becomes COMMAND.

COMMAND ends with its parent. PARENT is the process id of whoever starts it, REPORT the writing end of a pipe. What
would otherwise be done between fork and exec is done here: a process with threads may run no Python there, another
thread may hold a lock that nobody releases in the child:
https://docs.python.org/3/library/subprocess.html (preexec_fn).
The death signal is the kernel's and stays across exec, only on Linux:
https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html

The pipe says what became of it: closed without a word where COMMAND runs now, else the errno that was in the way.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(parent: int, report: int, command: list[str]) -> None:
    """Does not return."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before the kernel knew that we care
        os._exit(1)
    os.set_inheritable(report, False)
    try:
        os.execvp(command[0], command)
    except OSError as problem:
        os.write(report, str(problem.errno).encode())
        os._exit(127)


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])

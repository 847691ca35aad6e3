"""The first thing that each child of the engine runs: it makes sure that the child goes when the engine goes.

    python -u child.py ENGINE_PID module MODULE ARGUMENT...       as `python -u -m MODULE ARGUMENT...`
    python -u child.py ENGINE_PID program FILE ARGUMENT...        as `python -u FILE ARGUMENT...`

The child is put into a process group of its own, so that Ctrl-C reaches the engine alone, and asks the kernel
to be killed with the thread that started it. Standard library only: it runs in the interpreter of the
project. Modules are looked for in the working directory, never beside this file.
"""

import os
import sys

sys.path[0] = os.getcwd()  # noqa: PTH109 - pathlib would be looked for beside this file

import ctypes  # noqa: E402 - not before the path is set right
import runpy  # noqa: E402
import signal  # noqa: E402

PR_SET_PDEATHSIG = 1


def main() -> None:
    engine, kind, what, *arguments = sys.argv[1:]
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(engine):
        sys.exit("the engine has gone before its child was there")
    sys.argv = [what, *arguments]
    if kind == "module":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(what, run_name="__main__")


main()

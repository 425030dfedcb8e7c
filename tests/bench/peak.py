#!/usr/bin/env python3
"""Run a command, and say how much memory it took at most, and the largest of its descendants, in kB of 1,024 bytes.

    peak.py FILE COMMAND...

FILE gets the two numbers, of which the second is 0 where there were no descendants; the exit status is the command's. Each process is
stopped at its very end, by ptrace, and what its memory was at most (VmHWM) read: wait4 and time tell only the most of the whole family, and
count what a process was before it called exec.
"""
import ctypes
import os
import signal
import sys

TRACEME, CONT, SETOPTIONS = 0, 7, 0x4200
FORK, VFORK, CLONE, EXEC, EXIT = 1, 2, 3, 4, 6  # events, whose options are these bits
EXITKILL = 1 << 20
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


def proceed(pid, number=0):
    try:
        ptrace(CONT, pid, number)
    except ProcessLookupError:
        pass  # killed meanwhile


def status_of(pid):
    """(process, peak): a thread's process is another number. (0, 0) when it was killed meanwhile."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file)
    except OSError:
        return 0, 0
    return int(fields["Tgid"]), int(fields.get("VmHWM", "0 kB").split()[0])


def start(command):
    pid = os.fork()
    if pid == 0:
        try:
            ptrace(TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            os.execvp(command[0], command)
        except OSError as error:
            print(f"peak.py: {command[0]}: {error}", file=sys.stderr)
        os._exit(127)
    os.waitpid(pid, WALL)
    ptrace(SETOPTIONS, pid, sum(1 << event for event in (FORK, VFORK, CLONE, EXEC, EXIT)) | EXITKILL)
    proceed(pid)
    return pid


def follow(first):
    """Until all have ended: (exit status of the first, its peak, the highest peak of the others)."""
    known, own, others, result = {first}, 0, 0, 0
    while True:
        try:
            pid, status = os.waitpid(-1, WALL)
        except ChildProcessError:
            return result, own, others
        if not os.WIFSTOPPED(status):
            if pid == first:
                result = os.waitstatus_to_exitcode(status)
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == EXIT:
            process, peak = status_of(pid)
            own, others = (max(own, peak), others) if process == first else (own, max(others, peak))
        begins = pid not in known and number == signal.SIGSTOP
        known.add(pid)
        proceed(pid, 0 if event or begins else number)


def main():
    result, own, others = follow(start(sys.argv[2:]))
    with open(sys.argv[1], "w", encoding="ascii") as file:
        print(own, others, file=file)
    sys.exit(result if result >= 0 else 128 - result)


main()

#!/usr/bin/env python3
"""opened - what the runtime's own processes inside opened, out of a trace by strace -f

    opened.py TRACE

Process 1 is the one that called pivot_root; the others are its children, each until it has executed the command. A line for each: "before" or "after"
the root was changed, and the name.
"""
import re
import sys

CALL = re.compile(r'(?:open|openat|openat2|execve|execveat|open_tree|creat|connect)\(')


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        lines = [line.split(None, 1) for line in file]
    init = next(pid for pid, text in lines if text.startswith("pivot_root("))
    family, pivoted, gone = {init}, False, set()
    for pid, text in lines:
        if pid not in family or pid in gone:
            continue
        started = re.search(r"(?:fork|clone3?)(?:\(| resumed).*= (\d+)$", text.rstrip())
        if started:
            family.add(started.group(1))
        pivoted = pivoted or text.startswith("pivot_root(")
        if text.startswith(("execve(", "<... execve")) and text.rstrip().endswith("= 0") and pid != init:
            gone.add(pid)
        elif CALL.match(text):
            name = re.search(r'"([^"]*)"', text)
            print("after" if pivoted else "before", name.group(1) if name else text.rstrip())


main()

#!/usr/bin/env python3
"""nonblocking - runs a command whose standard output does not block, reads it slowly at first, and prints it

    nonblocking.py pipe|socket CMD...
"""
import os
import shutil
import socket
import subprocess
import sys
import time

if sys.argv[1] == "pipe":
    reader, writer = os.pipe()
else:
    reader, writer = (end.detach() for end in socket.socketpair())
os.set_blocking(writer, False)
command = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=writer)
os.close(writer)
time.sleep(1)
with os.fdopen(reader, "rb") as output:
    shutil.copyfileobj(output, sys.stdout.buffer)
sys.exit(command.wait())

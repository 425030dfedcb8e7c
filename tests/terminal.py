#!/usr/bin/env python3
"""terminal - runs a command at a terminal of its own, and plays its user

    terminal.py STEP... -- CMD...

Steps, done in their order:
    expect=TEXT   wait until the command has written TEXT
    send=TEXT     type TEXT (\\n, \\r, \\x03 and the like stand for characters)
    signal=NAME   send it SIGNAME
    stopped       wait until it is stopped
    continue      send it on its way again
    size=ROWS,COLUMNS
                  another size of the window
    echo          print "echo on" or "echo off": what the terminal does
    stall         look away, with the terminal full: it takes nothing more
    look          look again
    keys          wait until ^C and ^Z are the terminal's to obey
After them the command is waited for; "status N" or "signal N" is printed, what the terminal does ("echo on" or "echo off"),
and then all that it showed, behind "shown: ". Gives up after SECONDS.
"""
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

SECONDS = 20


class Player:
    def __init__(self, command):
        self.master, self.slave = pty.openpty()
        self.news, news = os.pipe()
        self.shown = b""
        self.said = b""
        self.looking = True
        self.until = time.monotonic() + SECONDS
        self.shell = os.fork()
        if self.shell == 0:
            lead_session(os.ttyname(self.slave), news, command)
        os.close(news)
        self.pid = int(self.wait_for_news("pid"))

    def look(self):
        """Takes what is there of output and of news."""
        left = self.until - time.monotonic()
        if left <= 0:
            sys.exit(f"in vain after {SECONDS} s; shown: {self.shown!r}")
        ready, _, _ = select.select([self.news] + [self.master] * self.looking, [], [], left)
        if self.master in ready:
            self.shown += os.read(self.master, 4096)
        if self.news in ready:
            self.said += os.read(self.news, 4096)

    def wait_for_news(self, what):
        """The rest of the next piece of news, which must be that one."""
        while b"\n" not in self.said:
            self.look()
        line, self.said = self.said.split(b"\n", 1)
        word, _, rest = line.decode().partition(" ")
        if what and word != what:
            sys.exit(f"{line.decode()}, not {what}; shown: {self.shown!r}")
        return rest if what else line.decode()

    def echo(self):
        return "echo on" if termios.tcgetattr(self.slave)[3] & termios.ECHO else "echo off"

    def stall(self):
        self.looking = False
        again = os.open(os.ttyname(self.slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        for size in 256, 1, 1, 1:  # what is full for many may have room for few, or again in a moment
            try:
                while True:
                    os.write(again, b"." * size)
            except BlockingIOError:
                time.sleep(0.1)
        os.close(again)

    def wait_for_keys(self):
        while not termios.tcgetattr(self.slave)[3] & termios.ISIG:
            if time.monotonic() > self.until:
                sys.exit(f"no keys after {SECONDS} s; shown: {self.shown!r}")
            time.sleep(0.05)

    def play(self, step):
        verb, _, text = step.partition("=")
        text = text.encode().decode("unicode_escape")
        if verb == "expect":
            while text.encode() not in self.shown[self.seen:]:
                self.look()
            self.seen += self.shown[self.seen:].index(text.encode()) + len(text.encode())
        elif verb == "send":
            os.write(self.master, text.encode())
        elif verb == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + text))
        elif verb == "stopped":
            self.wait_for_news("stopped")
        elif verb == "continue":
            os.kill(self.pid, signal.SIGCONT)
        elif verb == "size":
            rows, columns = map(int, text.split(","))
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        elif verb == "echo":
            print(self.echo())
        elif verb == "stall":
            self.stall()
        elif verb == "look":
            self.looking = True
        elif verb == "keys":
            self.wait_for_keys()
        else:
            sys.exit(f"{step}: no such step")

    seen = 0


def lead_session(terminal, news, command):
    """What a shell does: the command is a job of its own in the foreground, which may be stopped."""
    os.setsid()
    tty = os.open(terminal, os.O_RDWR)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(tty, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for fd in range(3):
            os.dup2(tty, fd)
        os.execvp(command[0], command)
    os.write(news, b"pid %d\n" % job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.write(news, b"stopped\n")
        elif os.WIFSIGNALED(status):
            os.write(news, b"signal %d\n" % os.WTERMSIG(status))
            os._exit(0)
        else:
            os.write(news, b"status %d\n" % os.WEXITSTATUS(status))
            os._exit(0)


def main():
    end = sys.argv.index("--")
    player = Player(sys.argv[end + 1:])
    try:
        for step in sys.argv[1:end]:
            player.play(step)
        print(player.wait_for_news(None))
    except BaseException:
        for pid in (-player.pid, player.shell):  # else they keep our output open
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise
    os.waitpid(player.shell, 0)
    print(player.echo())
    while select.select([player.master], [], [], 0)[0]:
        player.shown += os.read(player.master, 4096)
    print("shown: " + player.shown.decode(errors="replace").replace("\r\n", "\n"))


main()

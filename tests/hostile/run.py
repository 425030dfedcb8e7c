#!/usr/bin/env python3
"""Applies every hostile layer and looks at what came of it.

usage: run.py [-k SUBSTRING] [-v] COMMAND...

COMMAND is run once for each layer of a case, as COMMAND... DIR with the layer on stdin. Beside DIR lies a canary
tree, which must be afterwards what it was before: bytes, modes, owners, links and times. An expectation is one of

  REJECT   some layer is refused with status 3
  ACCEPT   every layer is applied with status 0, and all that the case says then holds
  CONTAIN  either will do, but what was accepted must hold, and nothing else may come of it

No layer may take more than ten seconds, or end by a signal. Prints a line for each failure, and a summary; the status
is 0 when all went well.
"""
import argparse
import os
import stat
import subprocess
import sys
import tempfile

from cases import CASES

SECONDS = 10
REJECTED = 3
HOLDS_WHEN_REJECTED = ('absent-out', 'not-chr')


def can_chown():
    """Whether we are root, and of more than one id."""
    with open('/proc/self/uid_map') as f:
        return os.geteuid() == 0 and sum(int(line.split()[2]) for line in f) > 1


def snapshot(top, skip):
    """Everything that can be told of a tree, but for the part below `skip`."""
    seen = {}
    for where, dirs, files in os.walk(top):
        if where == skip:
            dirs.clear()
            continue
        for path in [where] + [os.path.join(where, n) for n in files]:
            st = os.lstat(path)
            content = open(path, 'rb').read() if stat.S_ISREG(st.st_mode) else sorted(os.listdir(where))
            seen[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_mtime_ns, content)
    return seen


def make_canary(top):
    """Targets of the attacks, beside the directory that layers are applied on."""
    root = os.path.join(top, 'root')
    for name, mode in (('root', 0o755), ('canary', 0o755), ('canary/d', 0o700), ('dest-evil', 0o755)):
        os.mkdir(os.path.join(top, name))
        os.chmod(os.path.join(top, name), mode)
    for name in ('canary/keep', 'dest-evil/secret'):
        path = os.path.join(top, name)
        with open(path, 'w') as f:
            f.write('KEEP')
        os.chmod(path, 0o600)
        os.utime(path, (1, 1))
    return root


class Tree:
    """What a case may say of the tree that was made. Each method is a kind of claim, `kind:path=value`."""

    def __init__(self, root):
        self.root = root

    def at(self, path):
        return os.path.join(os.fsencode(self.root), path.encode())

    def stat(self, path):
        try:
            return os.lstat(self.at(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def file(self, path, value):
        st = self.stat(path)
        return bool(st and stat.S_ISREG(st.st_mode) and open(self.at(path), 'rb').read() == value.encode())

    def link(self, path, value):
        st = self.stat(path)
        return bool(st and stat.S_ISLNK(st.st_mode) and os.readlink(self.at(path)) == value.encode())

    def link_or_absent(self, path, value):
        st = self.stat(path)
        return not st or not stat.S_ISLNK(st.st_mode) or self.link(path, value)

    def absent(self, path, _):
        return self.stat(path) is None

    def absent_out(self, path, _):
        return not os.path.lexists(os.path.join(self.root, '../canary', path))

    def type(self, path, value):
        letters = {stat.S_IFDIR: 'd', stat.S_IFLNK: 'l', stat.S_IFREG: 'f'}
        st = self.stat(path)
        return bool(st and letters.get(stat.S_IFMT(st.st_mode)) == value)

    def not_chr(self, path, _):
        st = self.stat(path)
        return not st or not stat.S_ISCHR(st.st_mode)

    def same(self, paths, _):
        a, b = (self.stat(p) for p in paths.split(','))
        return bool(a and b and (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))

    def mode(self, path, value):
        st = self.stat(path)
        return bool(st and stat.S_IMODE(st.st_mode) == int(value, 8))

    def owner(self, path, value):
        st = self.stat(path)
        return bool(st and (st.st_uid == int(value) or not can_chown()))

    def size(self, path, value):
        st = self.stat(path)
        return bool(st and st.st_size == int(value))

    def mtime(self, path, value):
        st = self.stat(path)
        return bool(st and int(st.st_mtime) == int(value))

    def noxattr(self, path, value):
        return value not in os.listxattr(self.at(path), follow_symlinks=False)

    def holds(self, claim):
        kind, rest = claim.split(':', 1)
        path, _, value = rest.partition('=')
        return getattr(self, kind.replace('-', '_'))(path, value)


def apply(case, root, command):
    """The status of the first layer that failed, or 0; a sentence when it is none a tool may have."""
    for layer in case.layers():
        try:
            done = subprocess.run([*command, root], input=layer, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return None, f'takes more than {SECONDS} seconds'
        text = done.stderr.decode(errors='replace').strip()
        if done.returncode < 0 or 'Sanitizer' in text or 'runtime error' in text:
            return None, f'died: {done.returncode} {text[:2000]}'
        if done.returncode not in (0, 1, REJECTED):
            return None, f'status {done.returncode}: {text}'
        if done.returncode:
            return done.returncode, text
    return 0, ''


def judge(case, root, status, text):
    """What is wrong, as sentences."""
    if case.expect == 'REJECT' and status != REJECTED:
        yield f'was not rejected but gave status {status} {text}'
    if case.expect == 'ACCEPT' and status != 0:
        yield f'was not accepted: status {status}: {text}'
    for claim in case.claims:
        if status == 0 or claim.startswith(HOLDS_WHEN_REJECTED):
            if not Tree(root).holds(claim):
                yield f'does not hold: {claim[:100]!r}'


def run(case, command):
    top = tempfile.mkdtemp(prefix='hostile-')
    try:
        root = make_canary(top)
        before = snapshot(top, root)
        status, text = apply(case, root, command)
        after = snapshot(top, root)
        # the root's own mode, owner and times are the layer's to set
        before.pop(root, None), after.pop(root, None)
        if before != after:
            changed = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
            yield f'ESCAPED: {changed}'
        if status is None:
            yield text
        else:
            yield from judge(case, root, status, text)
    finally:
        subprocess.run(['rm', '-rf', top], check=True)  # rmtree gives up on deep trees


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('-k', dest='only', default='')
    parser.add_argument('-v', dest='verbose', action='store_true')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    chosen = [c for c in CASES if args.only in c.id]
    bad = 0
    for case in chosen:
        faults = list(run(case, args.command))
        bad += bool(faults)
        for fault in faults:
            print(f'{case.id} {case.title}: {fault}')
        if args.verbose and not faults:
            print(f'{case.id} {case.title}: as expected')
    print(f'{len(chosen)} cases, {bad} failed')
    return 1 if bad or not chosen else 0


if __name__ == '__main__':
    sys.exit(main())

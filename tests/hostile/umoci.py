#!/usr/bin/env python3
"""Stacks of layers made at random: a plain copy, the overlay, layers applied in order, and umoci's tree are the same.

usage: umoci.py [-x] FIRST:COUNT DIR

As `store.py --random`, and beside it umoci unpacks the same image. -x: without umoci. DIR, which must not exist, is for everything
that is made. A stack that fails is printed, and stays as DIR/seed-NUMBER/LAYER.tar; the rest of DIR goes.

To be run as root, or as root of a user namespace with subordinate ids. umoci sees everything read-only but the directory that it
unpacks into: a release of it was seen to remove the parent of its target.
"""
import argparse
import ctypes
import os
import shutil
import stat
import subprocess
import sys
import time

import views
from stacks import random_stack
from store import Bench

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_BIND = 0x20000, 0x4000, 1 << 18, 0x1000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, RDONLY = 442, -100, 0x8000, 1
SECONDS = 60
PART = 50


def check(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount_attributes(path, put, take):
    attributes = (ctypes.c_uint64 * 4)(put, take, 0, 0)
    flags = AT_RECURSIVE if put else 0
    check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path, flags, ctypes.byref(attributes), ctypes.sizeof(attributes)))


def read_only_but(target):
    """What the child does before it becomes umoci."""
    target = os.fsencode(target)

    def confine():
        check(libc.unshare(CLONE_NEWNS))
        check(libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None))
        check(libc.mount(target, target, None, MS_BIND, None))
        mount_attributes(b'/', RDONLY, 0)
        mount_attributes(target, 0, RDONLY)
        os.chdir('/')

    return confine


class WithUmoci(Bench):
    def umoci(self, name):
        target = os.path.join(self.top, name + '-umoci')
        os.mkdir(target)
        words = ['umoci', 'raw', 'unpack', '--image', f'{self.layout.top}:{name}', os.path.join(target, 'rootfs')]
        done = subprocess.run(words, capture_output=True, timeout=SECONDS, preexec_fn=read_only_but(target))
        return os.path.join(target, 'rootfs'), done.returncode, done.stderr.decode(errors='replace').strip()

    def _bundles(self, name, layers, claims):
        faults = super()._bundles(name, layers, claims)
        if faults:
            return faults
        began = time.time_ns()
        root, status, text = self.umoci(name)
        if status != 0:
            return [f'umoci: status {status}: {text[:500]}']
        ours = views.look(os.path.join(self.top, name + '-copy', 'rootfs').encode())
        theirs = views.look(root.encode())
        settle(ours, theirs, began)
        faults = [*views.compare('ours, umoci', ours, theirs), *views.split_links('ours, umoci', theirs, ours)]
        if not faults:
            shutil.rmtree(os.path.dirname(root))
        return faults


def implied(seen):
    """A directory that only some path implies: nobody gave it a time, and ours is that of the epoch."""
    return stat.S_ISDIR(seen[0]) and seen[2:5] == [0, 0, 0]


def settle(ours, theirs, began):
    """Where umoci (0.4.7) is known to differ, without being right."""
    for path, seen in list(ours[0].items()):
        other = theirs[0].get(path)
        if other:
            # Go's reader takes an attribute that is empty for none
            seen[:] = [value for value in seen if not (isinstance(value, tuple) and value[1] == b'')]
        if other and stat.S_ISDIR(other[0]) and other[4] > began:
            # it loses the time of a directory that something is removed from, or that is only implied
            other[4] = seen[4]
        if not implied(seen) or path == b'.':
            continue
        if other is None:
            # it does not make the directories that the path of a whiteout implies; docker and containerd do
            del ours[0][path]
        elif stat.S_ISDIR(other[0]) and int(other[1], 8) == int(seen[1], 8) | stat.S_ISGID:
            # it lets the kernel give them group and setgid bit of the directory above, which nobody knows who unpacks
            # layers by themselves
            other[1:4] = seen[1:4]
    ours[0][b'.'] = theirs[0][b'.'] = None


def keep(top, seed, layers):
    where = os.path.join(top, f'seed-{seed}')
    os.mkdir(where)
    for i, layer in enumerate(layers):
        with open(os.path.join(where, f'{i}.tar'), 'wb') as f:
            f.write(layer)
    return where


def run_part(kind, top, seeds):
    """With a store of its own, as every image is looked at in the light of all that are in the store. Yields the seeds that fail."""
    bench = kind(os.path.join(top, 'part'))
    for seed in seeds:
        layers = random_stack(seed)
        faults = bench.run(f'stack{seed}', layers, 'ACCEPT')
        if faults:
            print(f'seed {seed} (kept in {keep(top, seed, layers)}):', flush=True)
            yield seed
        for fault in faults[:8]:
            print(f'  {fault}', flush=True)
    views.remove(bench.top)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('-x', dest='alone', action='store_true')
    parser.add_argument('seeds')
    parser.add_argument('dir')
    args = parser.parse_args()
    first, count = map(int, args.seeds.split(':'))
    top = os.path.abspath(args.dir)
    os.makedirs(top)
    failed = []
    for start in range(first, first + count, PART):
        seeds = range(start, min(start + PART, first + count))
        failed += run_part(Bench if args.alone else WithUmoci, top, seeds)
    print(f'{count} stacks, {len(failed)} failed' + (f': {" ".join(map(str, failed))}' if failed else ''))
    if not failed:
        os.rmdir(top)
    return 1 if failed or not count else 0


if __name__ == '__main__':
    sys.exit(main())

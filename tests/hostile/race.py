#!/usr/bin/env python3
"""Runs the tools while names are exchanged under their hands, and looks whether they were led astray.

usage: race.py target ROUNDS SWAP DIR COMMAND...     COMMAND... TARGET unpacks a layer; a directory in TARGET and a symlink
                                                     to the canary change places
       race.py store ROUNDS SWAP DIR                 the store's blobs/sha256 and a symlink to a directory of other blobs; a
                                                     layer and a symlink to a secret; a layer and another file of its size

SWAP is the program of swap.c. A round is an exchange that happened while a tool ran; each kind of race goes on until there were
ROUNDS of it. DIR must not exist, and is gone if all went well: nothing outside is changed or shown, and whatever the store holds
in the end is right. Prints a line for each kind; the status is 0 when all went well.
"""
import os
import subprocess
import sys

from image import Layout
from tarkit import *
from tree import make_canary, snapshot
from views import Views, remove

SECRET = b'the secret of another'
FILES = 40


def run(swap, top, a, b, words, data, env=None):
    """The finished process, and how often a and b changed places meanwhile."""
    count = os.path.join(top, 'count')
    done = subprocess.run([swap, count, a, b, *words], input=data, capture_output=True, env=env, timeout=60)
    with open(count) as f:
        return done, int(f.read())


class Race:
    """One kind: go() until there were enough rounds. A fault is a sentence."""

    def __init__(self, top, swap):
        self.top, self.swap, self.views, self.rounds, self.runs, self.well = top, swap, Views(), 0, 0, 0
        os.mkdir(top)

    def go(self, rounds):
        while self.rounds < rounds:
            swaps, status, faults = self.once()
            self.rounds, self.runs, self.well = self.rounds + swaps, self.runs + 1, self.well + (status == 0)
            if status not in (0, 1, 3, 4):
                faults = [*faults, f'status {status}']
            if faults:
                return faults
        return []


class Target(Race):
    """COMMAND unpacks a layer of which every other entry lies in a directory that may just be a symlink."""
    name = 'target'

    def __init__(self, top, swap, command):
        super().__init__(top, swap)
        self.command = command
        groups = [[reg(f'd/f{i}', 'x'), reg(f'e/f{i}', 'x'), reg(f'd/d/f{i}', 'x'), symlink(f'd/l{i}', '/'),
                   directory(f'd/n{i}/m', mode=0o777), hardlink(f'd/h{i}', f'e/f{i}'), reg('d/.wh.keep'), fifo(f'd/p{i}')]
                  for i in range(FILES)]
        self.layer = layer(*[m for group in groups for m in group], reg('d/d/.wh..wh..opq'), hardlink('e/keep', 'd/f1'))

    def once(self):
        top = os.path.join(self.top, 'run')
        os.mkdir(top)
        root = make_canary(top)
        os.makedirs(os.path.join(root, 'd/d'))
        with open(os.path.join(root, 'd/keep'), 'w') as f:
            f.write('inside')
        os.symlink('../canary' if self.runs % 2 else os.path.join(top, 'canary'), os.path.join(root, 's'))
        before = snapshot(top, root)
        done, swaps = run(self.swap, self.top, os.path.join(root, 'd'), os.path.join(root, 's'), [*self.command, root],
                          self.layer)
        after = snapshot(top, root)
        before.pop(root, None), after.pop(root, None)
        faults = [f'ESCAPED: {p}' for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
        self.views.faults(remove=top)
        return swaps, done.returncode, faults


class Store(Race):
    """The filters, one after the other, on a store of one image."""

    def __init__(self, top, swap):
        super().__init__(top, swap)
        self.store = os.path.join(top, 'store')
        self.env = {**os.environ, 'CR_STORE': self.store}
        layout = Layout(self.store)
        self.data = layer(reg('f', 'right'), reg('padding', 'p' * 300000))
        layout.add('right', [self.data])
        self.blobs = os.path.join(self.store, 'images/blobs/sha256')
        self.records = subprocess.run(['cr-inspect', '-r', 'right'], env=self.env, capture_output=True, check=True).stdout
        self.digest = self.records.splitlines()[2].split(b'\t')[0].decode()
        self.blob = os.path.join(self.blobs, self.digest.split(':')[1])
        self.outside = os.path.join(top, 'outside')
        os.mkdir(self.outside)
        self.wrong = layer(reg('f', 'wrong'), reg('padding', SECRET + b'p' * (300000 - len(SECRET))))
        for name in os.listdir(self.blobs):
            self.write(os.path.join(self.outside, name), self.wrong)
        self.other = self.prepare()
        self.before = snapshot(self.outside, None)

    def write(self, path, data):
        with open(path, 'wb') as f:
            f.write(data)

    def once(self):
        words = (['cr-unpack'], ['cr-verify'], ['cr-cat', self.digest])[self.runs % 3]
        done, swaps = run(self.swap, self.top, self.exchanged, self.other, words, self.records, self.env)
        return swaps, done.returncode, list(self.faults(words[0], done))

    def faults(self, tool, done):
        if snapshot(self.outside, None) != self.before:
            yield 'ESCAPED: what lies outside has changed'
        if tool == 'cr-cat' and done.returncode == 0 and done.stdout != self.data:
            yield 'cr-cat: other bytes, and status 0'
        if self.hidden and SECRET in done.stdout:
            yield f'ESCAPED: {tool} shows the secret'
        if tool == 'cr-unpack':
            yield from self.published(done)

    def published(self, done):
        """A layer is there, and right, or it is not; it is gone afterwards."""
        layers = os.path.join(self.store, 'layers/sha256')
        names = os.listdir(layers)
        if done.returncode == 0 and len(names) != 1:
            yield f'status 0, and {len(names)} layers'
        for name in names:
            path = os.path.join(layers, name)
            yield from self.views.faults(tree=os.path.join(path, 'fs'), claims=['file:f=right', 'size:padding=300000'])
            self.views.faults(remove=path)
        left = [n for n in os.listdir(os.path.join(self.store, 'tmp')) if not n.endswith('.lock')]
        if left:
            yield f'left in tmp: {left}'


class Directory(Store):
    """blobs/sha256, and a symlink to a directory of the same names."""
    name, hidden = 'the directory of blobs', True

    def prepare(self):
        self.exchanged = self.blobs
        os.symlink(self.outside, self.blobs + '.other')
        return self.blobs + '.other'


class Link(Store):
    """A layer, and a symlink to a secret of the same size."""
    name, hidden = 'a blob and a symlink', True

    def prepare(self):
        self.exchanged = self.blob
        other = os.path.join(self.top, 'link')
        os.symlink(os.path.join(self.outside, os.path.basename(self.blob)), other)
        return other


class Other(Store):
    """A layer, and a file of the same size that is another: what cr-cat writes before it knows may be of that."""
    name, hidden = 'a blob and another file', False

    def prepare(self):
        self.exchanged = self.blob
        other = os.path.join(self.top, 'other')
        self.write(other, self.wrong)
        return other


def main():
    what, rounds, swap, top, *command = sys.argv[1:]
    os.mkdir(top)
    kinds = [(Target, [command])] if what == 'target' else [(kind, []) for kind in (Directory, Link, Other)]
    bad = 0
    for kind, more in kinds:
        race = kind(os.path.join(top, kind.__name__), os.path.abspath(swap), *more)
        faults = race.go(int(rounds))
        print(f'{kind.name}: {race.rounds} rounds in {race.runs} runs, of which {race.well} went well; {len(faults)} faults')
        print(*faults[:8], sep='\n', end='\n' if faults else '')
        bad += len(faults)
    if not bad:
        remove(top)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

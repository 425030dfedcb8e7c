#!/usr/bin/env python3
"""Puts layers through a store: cr-inspect -r | cr-unpack, then cr-mkrootfs in both forms, and looks at what came of it.

usage: store.py [-k SUBSTRING] [-n EVERY] DIR          the hostile layers of cases.py; -n: one in EVERY, from the first
       store.py --random FIRST:COUNT DIR               stacks of layers made at random, by their numbers

DIR, which must not exist, is for everything that is made, and afterwards gone if all went well. What must hold, of every case:

  - the statuses that run.py asks for; a layer that is refused is not published, nor any above it
  - nothing lies in the store or beside it but what the tools are to make there, and no blob has changed
  - a plain copy, the overlay mounted as config.json says, and the same layers applied one after the other (cr-unpack -C) are
    the same tree, and what the case says of it holds

Run it as root, or as a user that may have user namespaces. Prints a line for each failure, and a summary; the status is 0
when all went well.
"""
import argparse
import json
import os
import subprocess
import sys

from cases import CASES
from image import Layout
from run import REJECTED, SECONDS, make_canary, snapshot
from stacks import random_stack

HERE = os.path.dirname(os.path.abspath(__file__))
HUGE = ('J01',)  # a gibibyte, which the copies would make three
BUNDLES = {'copy': ['config.json', 'rootfs'], 'overlay': ['config.json', 'rootfs', 'upper', 'work']}


def namespace():
    """The words that start a program where the owners of our trees can be seen and mounts are ours."""
    if os.geteuid() == 0:
        return ['unshare', '-m']
    user = subprocess.run(['id', '-un'], capture_output=True, text=True, check=True).stdout.strip()
    with open('/etc/subuid') as f:
        many = any(line.split(':')[0] in (user, str(os.geteuid())) for line in f)
    return ['unshare', '--user', '--map-root-user', *(['--map-auto'] if many else []), '-m']


class Views:
    """views.py, running beside us."""

    def __init__(self):
        self.child = subprocess.Popen([*namespace(), sys.executable, os.path.join(HERE, 'views.py')], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def faults(self, **request):
        self.child.stdin.write(json.dumps(request) + '\n')
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())


class Bench:
    def __init__(self, top):
        self.top, self.store = top, os.path.join(top, 'store')
        os.makedirs(self.store)
        self.env = {**os.environ, 'CR_STORE': self.store}
        self.layout = Layout(self.store)
        make_canary(top)
        self.canary = self._outside()
        self.views = Views()

    def _outside(self):
        seen = {}
        for name in ('canary', 'dest-evil'):
            seen.update(snapshot(os.path.join(self.top, name), None))
        return seen

    def _tool(self, *words, **more):
        try:
            done = subprocess.run(words, env=self.env, capture_output=True, timeout=SECONDS, **more)
        except subprocess.TimeoutExpired:
            return None, f'{words[0]}: takes more than {SECONDS} seconds', b''
        text = done.stderr.decode(errors='replace').strip()
        if done.returncode < 0 or 'Sanitizer' in text or 'runtime error' in text:
            return None, f'{words[0]} died: {done.returncode} {text[:2000]}', b''
        return done.returncode, text, done.stdout

    def _published(self):
        return set(os.listdir(os.path.join(self.store, 'layers/sha256')))

    def _strange(self, before, layers, status):
        """Anything that the tools have no business to make."""
        new = self._published() - before
        tmp = [n for n in os.listdir(os.path.join(self.store, 'tmp')) if not n.endswith('.lock')]
        if tmp:
            yield f'left in tmp: {tmp}'
        if status != 0 and len(new) >= len(layers):
            yield 'a layer was refused, and published'
        for name in new:
            inside = sorted(os.listdir(os.path.join(self.store, 'layers/sha256', name)))
            if inside != ['fs', 'notes']:
                yield f'beside a layer: {inside}'
        for name in ('', 'layers', 'images'):
            wanted = {'': ['images', 'layers', 'tmp'], 'layers': ['sha256'], 'images': ['blobs', 'index.json', 'oci-layout']}
            inside = sorted(n for n in os.listdir(os.path.join(self.store, name)) if not n.endswith('.lock'))
            if inside != wanted[name]:
                yield f'in the store: {name}: {inside}'
        if any(name != digest for name, digest in self.layout.blobs().items()):
            yield 'a blob has changed'
        if self._outside() != self.canary:
            yield 'ESCAPED: the canary is not what it was'

    def _applied(self, name, layers):
        where = os.path.join(self.top, name + '-applied')
        for layer in layers:
            status, text, _ = self._tool('cr-unpack', '-C', where, input=layer)
            if status != 0:
                return None, f'cr-unpack -C: status {status}: {text}'
        return where, None

    def _bundles(self, name, layers, claims):
        request = {'claims': claims}
        for form, inside in BUNDLES.items():
            target = request[form] = os.path.join(self.top, f'{name}-{form}')
            status, text, _ = self._tool('cr-mkrootfs', '-i', name, '-m', form, target)
            if status != 0:
                return [f'cr-mkrootfs -m {form}: status {status}: {text}']
            if sorted(os.listdir(target)) != inside:
                return [f'in the bundle: {os.listdir(target)}']
        request['applied'], wrong = self._applied(name, layers)
        return [wrong] if wrong else self.views.faults(**request)

    def unpack(self, name, layers):
        self.layout.add(name, layers)
        os.makedirs(os.path.join(self.store, 'layers/sha256'), exist_ok=True)
        before = self._published()
        _, _, records = self._tool('cr-inspect', '-r', name)
        status, text, printed = self._tool('cr-unpack', input=records)
        faults = [] if status in (0, 1, REJECTED) else [f'status {status}: {text}']
        if status == 0 and printed != records:
            faults.append('not all records came through')
        return status, text, faults + list(self._strange(before, layers, status))

    def run(self, name, layers, expect, claims=()):
        status, text, faults = self.unpack(name, layers)
        if expect == 'REJECT' and status != REJECTED:
            faults.append(f'was not rejected but gave status {status} {text}')
        if expect == 'ACCEPT' and status != 0:
            faults.append(f'was not accepted: status {status}: {text}')
        if status == 0:
            faults += self._bundles(name, layers, list(claims))
        if not faults:
            made = [os.path.join(self.top, f'{name}-{form}') for form in ('copy', 'overlay', 'applied')]
            subprocess.run([*namespace(), 'rm', '-rf', *made], check=True)
        return faults


def work(args):
    if args.random:
        first, count = map(int, args.random.split(':'))
        for seed in range(first, first + count):
            yield f'stack{seed}', random_stack(seed), 'ACCEPT', ()
        return
    for i, case in enumerate(c for c in CASES if args.only in c.id and c.id not in HUGE):
        if i % args.every == 0:
            yield case.id, case.layers(), case.expect, case.claims


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('-k', dest='only', default='')
    parser.add_argument('-n', dest='every', type=int, default=1)
    parser.add_argument('--random')
    parser.add_argument('dir')
    args = parser.parse_args()
    bench = Bench(os.path.abspath(args.dir))
    count = bad = 0
    for name, layers, expect, claims in work(args):
        faults = bench.run(name.lower(), layers, expect, claims)
        count, bad = count + 1, bad + bool(faults)
        for fault in faults[:8]:
            print(f'{name}: {fault}', flush=True)
    print(f'{count} cases, {bad} failed')
    if not bad:
        subprocess.run([*namespace(), 'rm', '-rf', bench.top], check=True)
    return 1 if bad or not count else 0


if __name__ == '__main__':
    sys.exit(main())

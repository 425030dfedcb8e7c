#!/usr/bin/env python3
"""Puts layers through a store: cr-inspect -r | cr-unpack, then cr-mkrootfs in both forms, and looks at what came of it.

usage: store.py [-k SUBSTRING]... [-n EVERY] [-s START] [-f FORM]... DIR
           the hostile layers of cases.py, in the forms of run.py; -n: one in EVERY, beginning with the one at START
       store.py --random FIRST:COUNT DIR
           stacks of layers made at random, by their numbers

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
import sys

from cases import CASES, FORMS
from image import Layout
from pool import spread
from run import REJECTED
from stacks import random_stack
from tool import run as run_tool
from tree import make_canary, snapshot
from views import Views, remove

HUGE = ('J01',)  # a gibibyte, which the copies would make three
BUNDLES = {'copy': ['config.json', 'rootfs'], 'overlay': ['config.json', 'rootfs', 'upper', 'work']}


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
        return run_tool(words, env=self.env, **more)

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
            for form in ('copy', 'overlay', 'applied'):
                self.views.faults(remove=os.path.join(self.top, f'{name}-{form}'))
        return faults


def job(bench, what):
    """What is wrong with one: a case by its place and the form of its layers, or a stack by its number."""
    at, form = what
    if form is None:
        return bench.run(f'stack{at}', random_stack(at), 'ACCEPT')
    case = CASES[at]
    return bench.run(f'{case.id}-{form}'.lower(), case.layers(form), case.expect, case.claims)


def jobs(args):
    if args.random:
        first, count = map(int, args.random.split(':'))
        return [(seed, None) for seed in range(first, first + count)]
    chosen = [i for i, case in enumerate(CASES) if case.id not in HUGE and any(k in case.id for k in args.only or [''])]
    return [(i, form) for form in args.forms or FORMS for i in chosen[args.start::args.every] if CASES[i].has(form)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('-k', dest='only', action='append')
    parser.add_argument('-n', dest='every', type=int, default=1)
    parser.add_argument('-s', dest='start', type=int, default=0)
    parser.add_argument('-f', dest='forms', action='append', choices=FORMS)
    parser.add_argument('--random')
    parser.add_argument('dir')
    args = parser.parse_args()
    top = os.path.abspath(args.dir)
    os.mkdir(top)
    count = bad = 0
    for (at, form), faults in spread(Bench, top, job, jobs(args)):
        count, bad = count + 1, bad + bool(faults)
        for fault in faults[:8]:
            print(f'{CASES[at].id + " " + form if form else f"stack{at}"}: {fault}', flush=True)
    print(f'{count} cases, {bad} failed')
    if not bad:
        remove(top)
    return 1 if bad or not count else 0


if __name__ == '__main__':
    sys.exit(main())

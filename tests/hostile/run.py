#!/usr/bin/env python3
"""Applies every hostile layer and looks at what came of it.

usage: run.py [-k SUBSTRING]... [-x ID]... [-f FORM]... [-d DIR] [-e] [-v] COMMAND...

COMMAND is run once for each layer of a case, as COMMAND... TARGET with the layer on stdin. Beside TARGET lies a canary
tree, which must be afterwards what it was before: bytes, modes, owners, links and times. An expectation is one of

  REJECT   some layer is refused with status 3
  ACCEPT   every layer is applied with status 0, and all that the case says then holds
  CONTAIN  either will do, but what was accepted must hold, and nothing else may come of it

No layer may take more than ten seconds of a processor, or end by a signal. FORM is plain or gzip; both are the default. -x
leaves a case out. With -e only escapes count, and neither expectations nor claims. What is made lies in DIR, which must not
exist, and is afterwards gone if all went well.

Run it as whoever COMMAND is to run as: root, or a user that may have user namespaces. Prints a line for each failure, and a
summary; the status is 0 when all went well.
"""
import argparse
import os
import sys
import tempfile

from cases import CASES, FORMS
from pool import spread
from tool import run as run_tool
from tree import make_canary, snapshot
from views import Views, remove

REJECTED = 3
HOLDS_WHEN_REJECTED = ('absent-out', 'not-chr')


class Bench:
    """What one process needs to apply one case after the other."""

    def __init__(self, top, command, escapes_only):
        self.top, self.command, self.escapes_only = top, command, escapes_only
        self.views, self.count = Views(), 0

    def apply(self, layers, root):
        """The status of the first layer that failed, or 0; a sentence when it is none a tool may have."""
        for layer in layers:
            status, text, _ = run_tool([*self.command, root], input=layer)
            if status not in (None, 0, 1, REJECTED):
                return None, f'status {status}: {text}'
            if status != 0:
                return status, text
        return 0, ''

    def judge(self, case, root, status, text):
        """What is wrong, as sentences."""
        if case.expect == 'REJECT' and status != REJECTED:
            yield f'was not rejected but gave status {status} {text}'
        if case.expect == 'ACCEPT' and status != 0:
            yield f'was not accepted: status {status}: {text}'
        claims = [c for c in case.claims if status == 0 or c.startswith(HOLDS_WHEN_REJECTED)]
        if claims:
            yield from self.views.faults(tree=root, claims=claims)

    def run(self, case, form):
        self.count += 1
        top = os.path.join(self.top, str(self.count))
        os.mkdir(top)
        root = make_canary(top)
        before = snapshot(top, root)
        status, text = self.apply(case.layers(form), root)
        after = snapshot(top, root)
        # the root's own mode, owner and times are the layer's to set
        before.pop(root, None), after.pop(root, None)
        if before != after:
            changed = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
            yield f'ESCAPED: {changed}'
        if self.escapes_only:
            pass
        elif status is None:
            yield text
        else:
            yield from self.judge(case, root, status, text)
        self.views.faults(remove=top)


def work(bench, job):
    at, form = job
    return list(bench.run(CASES[at], form))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('-k', dest='only', action='append')
    parser.add_argument('-x', dest='but', action='append', default=[])
    parser.add_argument('-f', dest='forms', action='append', choices=FORMS)
    parser.add_argument('-d', dest='dir')
    parser.add_argument('-e', dest='escapes_only', action='store_true')
    parser.add_argument('-v', dest='verbose', action='store_true')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    top = args.dir or tempfile.mkdtemp(prefix='hostile-')
    os.makedirs(top, exist_ok=not args.dir)
    chosen = [i for i, c in enumerate(CASES) if c.id not in args.but and any(k in c.id for k in args.only or [''])]
    jobs = [(i, form) for i in chosen for form in args.forms or FORMS if CASES[i].has(form)]
    jobs.sort(key=lambda job: CASES[job[0]].id[0] != 'J')  # what takes long begins first
    bad = 0
    for (at, form), faults in spread(lambda mine: Bench(mine, args.command, args.escapes_only), top, work, jobs):
        case = CASES[at]
        bad += bool(faults)
        for fault in faults:
            print(f'{case.id} {form} {case.title}: {fault}', flush=True)
        if args.verbose and not faults:
            print(f'{case.id} {form} {case.title}: as expected', flush=True)
    print(f'{len(jobs)} cases, {bad} failed')
    if not bad or not args.dir:
        remove(top)
    return 1 if bad or not jobs else 0


if __name__ == '__main__':
    sys.exit(main())

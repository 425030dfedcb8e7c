"""Stacks of layers made at random, all of them right: each number always makes the same.

Few names, so that things meet: files, directories that are given or only implied, symlinks to directories that later
entries go through, hard links within a layer and to lower ones, whiteouts, opaque directories, names that change type.
A model of the merged tree keeps entries from being such as must be refused.
"""
import random

from tarkit import *

NAMES = ('a', 'b', 'c', 'd')
OPAQUE = '.wh..wh..opq'


class Model:
    """The merged tree: path to 'd', 'f', or ('l', target)."""

    def __init__(self):
        self.tree = {}

    def resolve(self, path):
        """The path without symlinks; None where it passes through something else, or round and round."""
        done, rest, links = [], path.split('/'), 0
        while rest:
            name = rest.pop(0)
            if name == '..':
                del done[-1:]
                continue
            here = '/'.join([*done, name])
            what = self.tree.get(here)
            if isinstance(what, tuple):
                links += 1
                if links > 8:
                    return None
                target = what[1]
                if target.startswith('/'):
                    done = []
                rest = [n for n in target.split('/') if n] + rest
            elif what == 'f':
                return None
            else:
                done.append(name)
        return '/'.join(done)

    def spot(self, path):
        """Where an entry of this name goes, or None."""
        above, _, name = path.rpartition('/')
        if not above:
            return name
        above = self.resolve(above)
        return None if above is None else f'{above}/{name}' if above else name

    def imply(self, path):
        parts = path.split('/')
        for i in range(1, len(parts)):
            self.tree.setdefault('/'.join(parts[:i]), 'd')

    def remove(self, path, keep=()):
        for p in [p for p in self.tree if p == path or p.startswith(path + '/')]:
            if not any(k == p or k.startswith(p + '/') for k in keep):
                del self.tree[p]

    def put(self, path, what):
        if what != 'd' or self.tree.get(path) != 'd':
            self.remove(path)
        self.imply(path)
        self.tree[path] = what


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.model = Model()
        self.number = 0

    def path(self):
        return '/'.join(self.random.choice(NAMES) for _ in range(self.random.randint(1, 4)))

    def fields(self):
        self.number += 1
        return {'uid': self.random.randint(0, 3), 'gid': self.random.randint(0, 3),
                'mtime': 1_000_000_000 + self.number}

    def mode(self):
        return self.random.choice((0o644, 0o755, 0o700, 0o1777, 0o2755, 0o4711))

    def xattr(self):
        if self.random.random() < 0.85:
            return b''
        return pax_header([(f'SCHILY.xattr.user.{self.random.choice(NAMES)}', str(self.number))])

    def file(self, path, spot):
        self.model.put(spot, 'f')
        self.made.add(spot)
        return self.xattr() + reg(path, f'content {self.number}', mode=self.mode(), **self.fields())

    def directory(self, path, spot):
        self.model.put(spot, 'd')
        self.made.add(spot)
        fields = {**self.fields(), 'mode': self.mode() | 0o700}
        return self.xattr() + directory(path + self.random.choice(('', '/')), **fields)

    def symlink(self, path, spot):
        target = self.random.choice(('/', '', '', '../', '/../')) + self.path()
        self.model.put(spot, ('l', target))
        self.made.add(spot)
        return symlink(path, target, **self.fields())

    def hardlink(self, path, spot):
        files = sorted(p for p, what in self.model.tree.items() if what == 'f' and p != spot)
        # one that has to give way to the link would be gone before it is linked to
        files = [p for p in files if not p.startswith(spot + '/') and p not in self.hidden]
        if not files:
            return b''
        target = self.random.choice(files)
        self.model.put(spot, 'f')
        self.made.add(spot)
        return hardlink(path, target)

    def whiteout(self, path, spot):
        above, _, name = path.rpartition('/')
        self.model.imply(spot)
        self.hide(spot, itself=True)
        return reg((above + '/' if above else '') + '.wh.' + name)

    def opaque(self, path, spot):
        where = self.model.resolve(path)
        if where is None:
            return b''
        if where:
            self.model.imply(where + '/x')
        self.hide(where, itself=False)
        return reg(f'{path}/{OPAQUE}')

    def hide(self, path, itself):
        """What the layers below have goes, of what is there; a directory of this layer stays with what this layer put in."""
        for p in list(self.model.tree):
            if (itself and p == path) or p.startswith(path + '/') or not path:
                if not any(k == p or k.startswith(p + '/') for k in self.made):
                    del self.model.tree[p]
                    self.hidden.add(p)

    def layer(self):
        self.made, self.hidden = set(), set()
        members = [directory('./', mode=0o755, **self.fields())]
        kinds = [self.file] * 5 + [self.directory] * 5 + [self.symlink] * 2 + [self.hardlink, self.whiteout, self.opaque]
        for _ in range(self.random.randint(1, 14)):
            path = self.path()
            spot = self.model.spot(path)
            if spot is None or spot == '':
                continue
            members.append(self.random.choice(kinds)(path, spot))
        return layer(*members)


def random_stack(seed):
    maker = Maker(seed)
    return [maker.layer() for _ in range(maker.random.randint(2, 5))]

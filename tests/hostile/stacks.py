"""Stacks of layers made at random, all of them right: each number always makes the same.

Few names, so that things meet, and some odd ones: files and FIFOs, directories that are given or only implied, the root too,
symlinks to directories that later entries and hard links go through, hard links within a layer and to lower ones, to
symlinks too, whiteouts, opaque directories, names that change type, also within one layer, attributes of all kinds.
A model of the merged tree keeps entries from being such as must be refused.
"""
import random

from tarkit import *

NAMES = ('a', 'b', 'c', 'd')
ACCESS_MODE = 0o754 # what ACCESS says too, as in archives by any tool
ODD = ('e f', 'g\n\t\\', '\u00e9', '\udcff\udcfe', '.wh', '-h', 'l' * 15)
NAME_MAX = 100 # bytes of a header's field
CAPABILITY = bytes.fromhex('0100000200200000000000000000000000000000')
ACCESS = bytes.fromhex('02000000' '01000700ffffffff' '02000500d2040000' '04000400ffffffff' '10000500ffffffff' '20000400ffffffff')
OPAQUE = '.wh..wh..opq'


class Model:
    """The merged tree: path to 'd', 'f', 'p', or ('l', target)."""

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
            elif what in ('f', 'p'):
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

    def name(self):
        return self.random.choice(ODD if self.random.random() < 0.05 else NAMES)

    def path(self):
        return '/'.join(self.name() for _ in range(self.random.randint(1, 4)))

    def entry_path(self):
        """One that this layer has had already, at times."""
        if self.paths and self.random.random() < 0.15:
            return self.random.choice(self.paths)
        self.paths.append(self.path())
        return self.paths[-1]

    def fields(self):
        self.number += 1
        return {'uid': self.random.randint(0, 3), 'gid': self.random.randint(0, 3),
                'mtime': 1_000_000_000 + self.number}

    def mode(self):
        return self.random.choice((0o644, 0o755, 0o700, 0o1777, 0o2755, 0o4711))

    def acl(self):
        return self.random.random() < 0.05

    def xattr(self, acl, of_file=False):
        records = []
        if self.random.random() < 0.15:
            value = self.random.choice((str(self.number), '', b'\0\n\xff=' + str(self.number).encode()))
            records.append((f'SCHILY.xattr.user.{self.random.choice(NAMES)}', value))
        if of_file and self.random.random() < 0.05:
            records.append(('SCHILY.xattr.security.capability', CAPABILITY))
        if acl:
            records.append(('SCHILY.xattr.system.posix_acl_access', ACCESS))
        return pax_header(records) if records else b''

    def file(self, path, spot):
        self.model.put(spot, 'f')
        self.made.add(spot)
        acl = self.acl()
        mode = ACCESS_MODE if acl else self.mode()
        return self.xattr(acl, of_file=True) + reg(path, f'content {self.number}', mode=mode, **self.fields())

    def directory(self, path, spot):
        self.model.put(spot, 'd')
        self.made.add(spot)
        acl = self.acl()
        fields = {**self.fields(), 'mode': ACCESS_MODE if acl else self.mode() | 0o700}
        return self.xattr(acl) + directory(path + self.random.choice(('', '/')), **fields)

    def symlink(self, path, spot):
        target = self.random.choice(('/', '', '', '../', '/../')) + self.path()
        self.model.put(spot, ('l', target))
        self.made.add(spot)
        return symlink(path, target, **self.fields())

    def fifo(self, path, spot):
        self.model.put(spot, 'p')
        self.made.add(spot)
        return fifo(path, mode=0o620, **self.fields())

    def alias(self, target, spot):
        """Another name for it, through a symlink to its directory, where there is one that `spot` is no part of."""
        above, _, name = target.rpartition('/')
        links = sorted(p for p, what in self.model.tree.items() if isinstance(what, tuple))
        whole, self.model.tree = self.model.tree, dict(self.model.tree)
        self.model.remove(spot)
        aliases = [f'{p}/{name}' for p in links if p in self.model.tree and self.model.resolve(p) == above]
        self.model.tree = whole
        aliases = [a for a in aliases if len(as_bytes(a)) < NAME_MAX]
        return self.random.choice(aliases) if aliases and self.random.random() < 0.7 else target

    def hardlink(self, path, spot):
        files = sorted(p for p, what in self.model.tree.items() if what != 'd' and p != spot)
        # one that has to give way to the link would be gone before it is linked to
        files = [p for p in files if not p.startswith(spot + '/') and (p not in self.hidden or p in self.made)]
        if not files:
            return b''
        target = self.random.choice(files)
        name = self.alias(target, spot)
        self.model.put(spot, self.model.tree[target])
        self.made.add(spot)
        long = long_link(name) if len(as_bytes(name)) > NAME_MAX else b''
        return long + hardlink(path, name)

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
        self.made, self.hidden, self.paths = set(), set(), []
        members = []
        if self.random.random() < 0.7:
            members = [directory('./', mode=self.random.choice((0o755, 0o755, 0o775)), **self.fields())]
        kinds = [self.file] * 5 + [self.directory] * 5 + [self.symlink] * 3 + [self.hardlink] * 2
        kinds += [self.whiteout, self.opaque, self.fifo]
        for _ in range(self.random.randint(1, 14)):
            path = self.entry_path()
            spot = self.model.spot(path)
            if spot is None or spot == '':
                continue
            members.append(self.random.choice(kinds)(path, spot))
        return layer(*members)


def random_stack(seed):
    maker = Maker(seed)
    return [maker.layer() for _ in range(maker.random.randint(2, 5))]

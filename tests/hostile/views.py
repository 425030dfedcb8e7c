#!/usr/bin/env python3
"""Looks at an image's trees from where its owners can be seen, and says what is wrong.

usage: views.py

To be started in a mount namespace of its own, and in the user namespace that the trees were made in: Views does that. Each
line of stdin is an object. Of a tree alone, or to be removed:

  tree, claims    what a case of cases.py says of the tree
  remove          paths

Of an image:

  copy, overlay   bundles as cr-mkrootfs makes them: a plain tree, and one whose overlay is mounted here by what its
                  config.json says
  applied         or null: a directory on which the same layers were applied one after the other
  claims          what a case of cases.py says of the tree

For each a list of sentences is printed, one JSON value a line: empty when the three trees are the same (type, mode, owner, time,
links, attributes, content of each path) and all claims hold.
"""
import ctypes
import json
import os
import stat
import subprocess
import sys

from tree import Tree

FOREIGN = ('security.selinux', 'trusted.', 'user.overlay.')
MNT_DETACH = 2
libc = ctypes.CDLL(None, use_errno=True)


def namespace():
    """The words that start a program where the owners of our trees can be seen and mounts are ours."""
    if os.geteuid() == 0:
        return ['unshare', '-m']
    user = subprocess.run(['id', '-un'], capture_output=True, text=True, check=True).stdout.strip()
    with open('/etc/subuid') as f:
        many = any(line.split(':')[0] in (user, str(os.geteuid())) for line in f)
    return ['unshare', '--user', '--map-root-user', *(['--map-auto'] if many else []), '-m']


class Views:
    """This program, running beside us."""

    def __init__(self):
        self.child = subprocess.Popen([*namespace(), sys.executable, os.path.abspath(__file__)], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def faults(self, **request):
        self.child.stdin.write(json.dumps(request) + '\n')
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())


def remove(*paths):
    """For whoever has no Views. rmtree gives up on deep trees."""
    subprocess.run([*namespace(), 'rm', '-rf', *paths], check=True)


def mount(bundle):
    """The overlay of a bundle on its rootfs, as any runtime would."""
    where = os.path.join(bundle, 'rootfs').encode()
    with open(os.path.join(bundle, 'config.json')) as f:
        config = json.load(f)
    options = next(m for m in config['mounts'] if m['type'] == 'overlay')['options']
    if libc.mount(b'overlay', where, b'overlay', 0, ','.join(options).encode()):
        raise OSError(ctypes.get_errno(), 'overlay: ' + ','.join(options))
    return where


def entry(path):
    st = os.lstat(path)
    seen = [stat.S_IFMT(st.st_mode), oct(stat.S_IMODE(st.st_mode)), st.st_uid, st.st_gid, st.st_mtime_ns]
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as f:
            seen.append(st.st_size if st.st_size > 1 << 26 else f.read())
    elif stat.S_ISLNK(st.st_mode):
        seen.append(os.readlink(path))
    elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        seen.append(st.st_rdev)
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if not name.startswith(FOREIGN):
            seen.append((name, os.getxattr(path, name, follow_symlinks=False)))
    return st, seen


def look(root):
    """Path to all there is to know of it; and path to the first path of the same inode."""
    seen, groups, first, pending = {}, {}, {}, [root]
    while pending:
        path = pending.pop()
        name = os.path.relpath(path, root)
        st, seen[name] = entry(path)
        if stat.S_ISDIR(st.st_mode):
            pending += [os.path.join(path, n) for n in os.listdir(path)]
        else:
            groups.setdefault((st.st_dev, st.st_ino), set()).add(name)
    for names in groups.values():
        first.update((n, min(names)) for n in names)
    return seen, first


def compare(what, a, b):
    for path in sorted(a[0].keys() | b[0].keys(), key=os.fsencode):
        left, right = a[0].get(path), b[0].get(path)
        if left != right:
            yield f'{what}: {os.fsencode(path)}: {str(left)[:360]} is not {str(right)[:360]}'


def same_links(what, a, b):
    for path in a[1].keys() & b[1].keys():
        if a[1][path] != b[1][path]:
            yield f'{what}: {path}: linked to {a[1][path]}, not {b[1][path]}'


def split_links(what, whole, parts):
    """An overlay may part the names of a lower file of which one is linked to; it must not join what was apart."""
    for path, first in parts[1].items():
        if path in whole[1] and whole[1].get(first) != whole[1][path]:
            yield f'{what}: {path} is linked to {first}'


def judge(copy, overlay, applied, claims):
    where = mount(overlay)
    try:
        left, right = look(os.path.join(copy, 'rootfs').encode()), look(where)
        yield from compare('copy, overlay', left, right)
        yield from same_links('copy, overlay', left, right)
        trees = [os.path.join(copy, 'rootfs'), os.fsdecode(where)]
        if applied:
            third = look(applied.encode())
            # nobody but a layer's own "./" gives the root a time, and the directory here had one before
            for tree in (left, third):
                tree[0][b'.'] = None
            yield from compare('copy, applied', left, third)
            yield from split_links('copy, applied', third, left)
        for tree in trees:
            yield from Tree(tree).faults(claims)
    finally:
        libc.umount2(where, MNT_DETACH)


def answer(request):
    if 'remove' in request:
        subprocess.run(['rm', '-rf', '--', request['remove']], check=True)
        return []
    return Tree(request['tree']).faults(request['claims']) if 'tree' in request else list(judge(**request))


def main():
    for line in sys.stdin:
        try:
            faults = answer(json.loads(line))
        except OSError as fault:
            faults = [str(fault)]
        print(json.dumps(faults), flush=True)


if __name__ == '__main__':
    main()

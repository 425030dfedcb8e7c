"""The tree that a layer was applied on, the canary beside it, and what may be said of them."""
import os
import stat


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

    def hasxattr(self, path, value):
        return value in os.listxattr(self.at(path), follow_symlinks=False)

    def holds(self, claim):
        kind, rest = claim.split(':', 1)
        path, _, value = rest.partition('=')
        return getattr(self, kind.replace('-', '_'))(path, value)

    def faults(self, claims):
        return [f'does not hold: {claim[:100]!r}' for claim in claims if not self.holds(claim)]

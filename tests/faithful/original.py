#!/usr/bin/env python3
"""original - make a tree of all that an archive's format can tell of

usage: original.py DIR FEATURE...

Always: files of odd modes, one of setuid, an empty one, one that ends within a block; directories of odd modes, one that nobody may
write to; hard links; symlinks; names with blanks, control characters and of no encoding. And by FEATURE:

  links    hard links of symlinks
  fifo     named pipes
  names    components of 255 bytes, and paths and targets longer than any field of a header
  ids      owners too big for seven octal digits
  times    nanoseconds; times before 1970 and after 2242
  before   fractions of a second before 1970
  xattrs   user.*, with binary values; a capability
  odd      names of attributes with = and %
  acls     access control lists

Owners are set by root alone. What an attribute cannot be set on is left out.
"""
import os
import struct
import sys

ACCESS, DEFAULT = 'system.posix_acl_access', 'system.posix_acl_default'
NOBODY = 0xFFFFFFFF


def acl(*entries):
    """linux/posix_acl_xattr.h: tag, permissions, id"""
    return struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in entries)


class Original:
    def __init__(self, top, features):
        self.top, self.features = os.fsencode(top), features
        self.number, self.settle = 0, []

    def has(self, feature):
        return feature in self.features

    def path(self, name):
        return os.path.join(self.top, name if isinstance(name, bytes) else name.encode())

    def finish(self, name, mode=None, owner=None):
        """Owner, mode and time; later, as what lies in a directory changes its time."""
        self.number += 1
        ns = 1_000_000_000_000_000_000 + self.number * 1_000_000_000
        if self.has('times'):
            ns += self.number * 1_234_567
        uid = 1000 + self.number % 7
        self.settle.append((self.path(name), mode, owner or (uid, uid + 100), ns))

    def file(self, name, content=b'', mode=0o644, owner=None):
        with open(self.path(name), 'wb') as f:
            f.write(content)
        self.finish(name, mode, owner)

    def directory(self, name, mode=0o755, owner=None):
        os.mkdir(self.path(name), 0o700)
        self.finish(name, mode, owner)

    def symlink(self, name, target):
        os.symlink(target, self.path(name))
        self.finish(name)

    def xattr(self, name, attribute, value):
        try:
            os.setxattr(self.path(name), attribute, value)
        except OSError as fault:
            print(f'{attribute}: {fault}', file=sys.stderr)

    def plain(self):
        self.directory('bin')
        self.file('bin/setuid', b'#!/bin/sh\n', 0o4755, (0, 0))
        self.file('bin/setgid', b'#!/bin/sh\n', 0o2711, (0, 42))
        self.file('empty')
        self.file('block', b'x' * 512)
        self.file('more', bytes(range(256)) * 2 + b'!')
        self.file('big', b''.join(i.to_bytes(4, 'big') for i in range(500_000)), 0o400)
        self.file('none', b'secret', 0 if os.geteuid() == 0 else 0o400)  # or who packs it cannot read it
        self.directory('closed', 0o500)
        self.file('closed/inside', b'in')
        self.directory('tmp', 0o1777, (0, 0))
        self.directory('shared', 0o2775)
        os.link(self.path('more'), self.path('closed/linked'))
        self.symlink('to-more', 'more')
        self.symlink('absolute', '/etc/../nowhere/at all')
        if self.has('links'):
            os.link(self.path('to-more'), self.path('to-more-linked'), follow_symlinks=False)
        self.file('blank and\ttab\nnewline', b'1')
        self.file('back\\slash "quoted" \x7f', b'2')
        self.file(b'no-encoding-\xff\xfe\x80', b'3')
        self.symlink(b'to-no-encoding-\xc3', b'no-encoding-\xff\xfe\x80')
        self.file('.wh', b'no whiteout')
        self.file('-C', b'no option')

    def long_names(self):
        self.directory('l' * 255)
        self.file('l' * 255 + '/' + 'f' * 255, b'long')
        self.file(b'\xe9' * 255, b'255 bytes of no encoding')
        self.symlink('to-long', 'x/' * 1000 + 'end')
        os.link(self.path('l' * 255 + '/' + 'f' * 255), self.path('n' * 120))
        for n in (98, 99, 100, 101, 154, 155, 156):  # the fields of a header, and beside them
            self.file('e' * n, str(n).encode())
            self.symlink('s' * n, 't' * n)

    def xattrs(self):
        self.file('attributes', b'a')
        self.xattr('attributes', 'user.plain', b'value')
        self.xattr('attributes', 'user.binary', bytes(range(256)) + b'\n12 path=x\n')
        self.xattr('attributes', 'user.empty', b'')
        if self.has('odd'):
            self.xattr('attributes', 'user.a=b %25 %3D', b'odd name')
        self.xattr('attributes', b'user.\xc3\xa4', b'another')
        self.directory('with-attributes')
        self.xattr('with-attributes', 'user.of', b'directory')
        self.file('capable', b'c', 0o755)

    def settled_xattrs(self):
        """What a change of owner or mode would take away or change."""
        if self.has('xattrs'):
            self.xattr('capable', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
        if self.has('acls'):
            self.acls()

    def acls(self):
        user, group, mask = (2, 6, 1234), (8, 5, 55), (16, 7, NOBODY)
        base = (1, 6, NOBODY), user, (4, 4, NOBODY), group, mask, (32, 4, NOBODY)
        self.xattr('listed', ACCESS, acl(*base))
        self.xattr('listed-directory', ACCESS, acl(*base))
        self.xattr('listed-directory', DEFAULT, acl(*base))

    def make(self):
        os.mkdir(self.top)
        self.plain()
        if self.has('fifo'):
            os.mkfifo(self.path('fifo'))
            self.finish('fifo', 0o620)
        if self.has('names'):
            self.long_names()
        if self.has('ids'):
            self.file('large-owner', b'l', 0o644, (3_000_000, 4_294_967_294))
            self.directory('large-owner-directory', 0o755, (4_294_967_294, 2_097_152))
        if self.has('xattrs'):
            self.xattrs()
        if self.has('acls'):
            self.file('listed', b'l')
            self.directory('listed-directory')
        self.finish('.', 0o755, (0, 0))
        if self.has('times'):
            self.file('ancient', b'')
            self.settle[-1] = (*self.settle[-1][:3], -1_500_000_000 if self.has('before') else -2_000_000_000)
            self.file('future', b'')
            self.settle[-1] = (*self.settle[-1][:3], 9_000_000_000_123_456_789)
        for path, mode, owner, _ in self.settle:
            if os.geteuid() == 0:
                os.chown(path, *owner, follow_symlinks=False)
            if mode is not None:
                os.chmod(path, mode)
        self.settled_xattrs()
        for path, _, _, ns in reversed(self.settle):
            os.utime(path, ns=(ns, ns), follow_symlinks=False)


Original(sys.argv[1], sys.argv[2:]).make()

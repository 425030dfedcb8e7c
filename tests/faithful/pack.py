#!/usr/bin/env python3
"""pack - python's tarfile packs a tree: usage: pack.py ustar|gnu|pax DIR OUT

In pax it is told the times to the nanosecond and the attributes, which it would leave out.
"""
import os
import sys
import tarfile

FORMATS = {'ustar': tarfile.USTAR_FORMAT, 'gnu': tarfile.GNU_FORMAT, 'pax': tarfile.PAX_FORMAT}


def time_of(ns):
    sign, ns = '-' if ns < 0 else '', abs(ns)
    return f'{sign}{ns // 10**9}.{ns % 10**9:09d}'


def records(path, st):
    yield 'mtime', time_of(st.st_mtime_ns)
    for name in os.listxattr(path, follow_symlinks=False):
        value = os.getxattr(path, name, follow_symlinks=False)
        if '=' not in name:
            yield 'SCHILY.xattr.' + name, value.decode('utf-8', 'surrogateescape')


def main():
    form, top, out = sys.argv[1:]
    # names as bytes: the encoding that tells them by themselves, and surrogates for what it is not
    os.chdir(top)
    with tarfile.open(out, 'w', format=FORMATS[form], encoding='utf-8', errors='surrogateescape') as tar:
        def fill(member):
            st = os.lstat(member.name)
            member.mtime = st.st_mtime_ns // 10**9
            if form == 'pax':
                member.pax_headers = dict(records(member.name, st))
            return member

        tar.add('.', filter=fill)


main()

#!/usr/bin/env python3
"""deep - a file and a link of paths of 4,095 bytes: usage: deep.py make|check|name DIR

Made of components of 255 bytes below DIR, one of them of bytes of no encoding, and looked at a directory at a time. check
fails if there is anything else. name prints the first component.
"""
import os
import sys

NAMES = [b'd' * 255] * 14 + [b'\xfe' * 255]
FILE, LINK = b'f' * 255, b'l' * 255
assert len(b'/'.join([*NAMES, FILE])) == 4095


def main():
    verb, top = sys.argv[1:]
    if verb == 'name':
        print(os.fsdecode(NAMES[0]))
        return
    if verb == 'make':
        os.mkdir(top)
    os.chdir(top)
    for name in NAMES:
        if verb == 'make':
            os.mkdir(name)
        assert os.listdir(b'.') == [name], os.listdir(b'.')
        os.chdir(name)
    if verb == 'make':
        with open(FILE, 'w') as f:
            f.write('deep')
        os.symlink(b't' * 4095, LINK)
    assert sorted(os.listdir(b'.')) == [FILE, LINK]
    with open(FILE) as f:
        assert f.read() == 'deep'
    assert os.readlink(LINK) == b't' * 4095


main()

#!/usr/bin/env python3
"""differential_json - what json.h accepts, python's json accepts too, with the same values

usage: differential_json.py JSON_TELL DIRECTORY...

JSON_TELL is the program tests/fuzz/json_tell.c. Prints each file of the directories where the two differ, and how many there were.
"""
import json
import os
import subprocess
import sys

INTEGERS = range(-2 ** 63, 2 ** 63)


def pairs(members):
    if len({key for key, _ in members}) != len(members):
        raise ValueError('two members of one name')
    return members


class Object(list):
    pass


class Number(str):
    pass


def string(text):
    return 'z ' if '\0' in text else 's' + text.encode().hex() + ' '  # encode: no half of a surrogate pair


def constant(word):
    raise ValueError(word)


def tell(v):
    if v is None:
        return 'n '
    if v is True or v is False:
        return 't ' if v else 'f '
    if isinstance(v, Number):
        integer = not set(v) & set('.eE') and int(v) in INTEGERS
        return f'i{int(v)} ' if integer else f'd{v} '
    if isinstance(v, str):
        return string(v)
    if isinstance(v, Object):
        return '{ ' + ''.join(string(key) + tell(value) for key, value in v) + '} '
    return '[ ' + ''.join(map(tell, v)) + '] '


def python_says(data):
    try:
        return tell(json.loads(data.decode('utf-8'), object_pairs_hook=lambda m: Object(pairs(m)), parse_int=Number, parse_float=Number,
                               parse_constant=constant))
    except (ValueError, RecursionError):
        return 'refused'


def files(directories):
    for directory in directories:
        for name in sorted(os.listdir(directory)):
            yield os.path.join(directory, name)


def main():
    program, names = sys.argv[1], list(files(sys.argv[2:]))
    wrong = accepted = 0
    for start in range(0, len(names), 500):
        some = names[start:start + 500]
        lines = subprocess.run([program, *some], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        assert len(lines) == len(some)
        for name, ours in zip(some, lines):
            with open(name, 'rb') as f:
                theirs = python_says(f.read())
            accepted += ours != 'refused'
            if ours not in ('refused', theirs):
                wrong += 1
                print(f'{name}:\n    ours   {ours[:200]}\n    python {theirs[:200]}')
    print(f'{len(names)} files, {accepted} accepted, {wrong} differ')
    return 1 if wrong or not accepted else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
"""seeds - what the fuzzers begin with

usage: seeds.py TARGET DIR

Writes files to DIR: for tar, layer, pax and inflate those of tests/hostile/cases.py, for the others small ones made here.
"""
import gzip
import io
import json
import os
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'hostile'))
from cases import CASES  # noqa: E402
from tarkit import *  # noqa: E402, F403

LONGEST = 64 << 10
DIGEST = 'sha256:' + '0123456789abcdef' * 4


def plain(data):
    """A layer without its gzip; None for what is none."""
    if data[:2] != b'\x1f\x8b':
        return data
    try:
        return zlib.decompressobj(31).decompress(data, LONGEST)
    except zlib.error:
        return None


def layers():
    for case in CASES:
        if case.id == 'J01':  # a gigabyte
            continue
        for i, data in enumerate(case.layers()):
            yield f'{case.id}-{i}', data


def tars():
    for name, data in layers():
        data = plain(data)
        if data is not None and len(data) <= LONGEST:
            yield name, data


def sparse():
    """The forms that cases.py has, and what GNU tar writes."""
    lines = pad(b'2\n0\n3\n1000\n2\n')
    pax = pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 's'),
                      ('GNU.sparse.realsize', '2000')])
    yield 'sparse-1.0', layer(pax, reg('GNUSparseFile.0/s', lines + b'abcde'))
    old = pax_header([('GNU.sparse.size', '2000'), ('GNU.sparse.numblocks', '2'), ('GNU.sparse.map', '0,3,1000,2')])
    yield 'sparse-0.1', layer(old, reg('s', b'abcde'))
    oldest = pax_header([('GNU.sparse.size', '2000'), ('GNU.sparse.numblocks', '2'), ('GNU.sparse.offset', '0'),
                         ('GNU.sparse.numbytes', '3'), ('GNU.sparse.offset', '1000'), ('GNU.sparse.numbytes', '2')])
    yield 'sparse-0.0', layer(oldest, reg('s', b'abcde'))


def layer_target():
    """Two bytes of choices before the archive."""
    for name, data in [*tars(), *sparse()]:
        if len(data) <= 16 << 10:
            yield name, b'm' + data
            yield name + '-alone', b'a' + data


def pax():
    for name, data in [*tars(), *sparse()]:
        for at in range(0, len(data), BLOCK):
            if data[at + 156:at + 157] in (b'x', b'g') and data[at + 257:at + 262] == b'ustar':
                size = int(data[at + 124:at + 135] or b'0', 8)
                if size < 4096:
                    yield f'{name}-{at}', b'p' + data[at + BLOCK:at + BLOCK + size]
            if data[at + 257:at + 262] == b'ustar':
                for offset, width in ((124, 12), (108, 8), (136, 12)):
                    yield f'{name}-{at}-{offset}', b'n' + data[at + offset:at + offset + width]
                yield f'{name}-{at}-name', b'c' + data[at:at + 100].split(b'\0')[0]
    for i, text in enumerate((b'0', b'12', b'-1', b'9223372036854775807', b'1.5', b'-0.000000001', b'1234567890.123456789123')):
        yield f'decimal-{i}', b'd' + text
        yield f'time-{i}', b't' + text
    yield 'map', b'm0,3,1000,2'
    yield 'lines', b'l\x10\x00' + pad(b'2\n0\n3\n1000\n2\n')
    regions = b''.join(octal(n, 12) for n in (0, 3, 1000, 2))
    old = bytearray(BLOCK)
    old[386:386 + len(regions)] = regions
    old[482] = 1
    more = bytearray(BLOCK)
    more[:24] = octal(5000, 12) + octal(7, 12)
    yield 'old', b'o\x00\x10' + bytes(old) + bytes(more)


def inflate():
    for name, data in layers():
        if data[:2] == b'\x1f\x8b' and len(data) <= LONGEST:
            yield name, data
    one = gzip.compress(b'hello ' * 100, mtime=0)
    yield 'two-members', one + gzip.compress(b'world', mtime=0)
    yield 'stored', gzip.compress(os.urandom(0) + bytes(range(256)), 0, mtime=0)
    yield 'padding', one + bytes(1000)
    yield 'padding-and-more', one + bytes(10) + b'x'
    yield 'empty-member', gzip.compress(b'', mtime=0) + one
    raw = io.BytesIO()
    with gzip.GzipFile('name', 'wb', fileobj=raw, mtime=1) as f:
        f.write(b'named')
    yield 'named', raw.getvalue()
    yield 'plain', b'as it is'


def descriptor(kind='application/vnd.oci.image.layer.v1.tar+gzip', **more):
    return {'mediaType': kind, 'digest': DIGEST, 'size': 1234, **more}


def documents():
    config = descriptor('application/vnd.oci.image.config.v1+json')
    yield 'manifest', {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config,
                       'layers': [descriptor(), descriptor(annotations={'a': 'b'}, urls=['https://a.b/c'])]}
    yield 'docker', {'schemaVersion': 2, 'mediaType': 'application/vnd.docker.distribution.manifest.v2+json',
                     'config': descriptor('application/vnd.docker.container.image.v1+json'),
                     'layers': [descriptor('application/vnd.docker.image.rootfs.diff.tar.gzip')]}
    yield 'index', {'schemaVersion': 2, 'manifests': [
        descriptor('application/vnd.oci.image.manifest.v1+json', platform={'architecture': a, 'os': 'linux', 'variant': v},
                   annotations={'org.opencontainers.image.ref.name': 'latest'})
        for a, v in (('amd64', 'v2'), ('arm', 'v7'), ('unknown', ''))]}
    yield 'config', {'architecture': 'amd64', 'os': 'linux', 'created': '2020-01-01T00:00:00Z', 'config': {
        'User': '1:2', 'Env': ['PATH=/bin', 'A=b'], 'Entrypoint': ['/a'], 'Cmd': ['b', ''], 'Volumes': {'/v': {}},
        'ExposedPorts': {'80/tcp': {}}, 'WorkingDir': '/w', 'StopSignal': 'SIGQUIT', 'Labels': None},
        'rootfs': {'type': 'layers', 'diff_ids': [DIGEST, DIGEST]}, 'history': [{'empty_layer': True}]}
    yield 'schema1', {'schemaVersion': 1, 'fsLayers': [], 'history': []}


def json_target():
    for name, value in documents():
        yield name, json.dumps(value).encode()
        yield name + '-indented', json.dumps(value, indent=3).encode()
    for i, text in enumerate((
            '[1,-0,1.5e3,1E-2,9223372036854775807,-9223372036854775808,9223372036854775808]', '"\\u00e9\\ud83d\\ude00\\n"',
            '{"a":{"b":[true,false,null,"",{}]},"\\u0061b":1}', '[[[[[[[[[[]]]]]]]]]]', '"é€😀"', '{"a":1,"\\u0061":2}',
            '"\\u0000"', ' \t\r\n0 ', '"\\ud800"', '[1,]', '{"":""}', 'tru', '"\x7f"', '"a\1b"', '01', '-01', '1.', '.5', '1e',
            '+1', 'NaN', '-Infinity', "'a'", '[1]x', '\ufeff1', '"\\x41"', '"a', '{a:1}', '{"a":1,}', '{"a" 1}', '[1 2]', '', ' ',
            '"\\udc00\\ud800"', '/* */1', '"\t"', '1\0', '"\\u00zz"', '{"a":1,"b":2,"a":3}')):
        yield f'text-{i}', text.encode()
    yield 'overlong', b'"\xc0\x80"'


def text():
    for i, ref in enumerate((
            'busybox', 'a/b:c', 'localhost:5000/a/b@' + DIGEST, '[::1]:80/x:y', 'docker.io/library/x', 'UPPER/x', 'a__b/c.d-e--f',
            'index.docker.io/library/busybox:1.2.3@' + DIGEST, 'ghcr.io/a/b/c/d:_-')):
        yield f'ref-{i}', b'r' + ref.encode()
    yield 'digest', b'd' + DIGEST.encode()
    for i, kind in enumerate((
            'application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.v2+json; charset=utf-8',
            'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'application/vnd.docker.image.rootfs.diff.tar.gzip',
            'application/vnd.docker.container.image.v1+json')):
        yield f'media-{i}', b'm' + kind.encode()
    for i, word in enumerate(('linux/amd64', 'linux/arm/v7', 'linux/aarch64/v8', 'windows/x86_64', 'linux/armhf')):
        yield f'platform-{i}', b'p' + word.encode()
    yield 'record', f'l{DIGEST}\t123\tapplication/vnd.oci.image.layer.v1.tar+gzip\tdocker.io/library/busybox'.encode()
    for i, header in enumerate((
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull"', 'Basic realm="x"',
            'Negotiate oYG2==, Basic realm=y, Bearer realm="a\\"b,c" , scope = "d"', 'Digest a=b, nonce="", Bearer realm=""')):
        yield f'challenge-{i}', b'c' + header.encode()
    yield 'challenge-long', b'cBearer realm="' + b'r' * 3000 + b'"'
    yield 'challenge-long-token', b'cBearer realm=' + b'r' * 3000
    for i, wait in enumerate(('0', '120', '-5', '99999999999999999999', 'Wed, 21 Oct 2065 07:28:00 GMT',
                              'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994')):
        yield f'wait-{i}', b't' + wait.encode()
    yield 'answer', (b'aHTTP/1.1 200 OK\r\nContent-Length: 12\r\ncontent-length:12\r\nLocation: /x\r\n'
                     b'Content-Range: bytes 5-9/10\r\n\r\n')
    yield 'chunked', b'aHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n'
    for i, pair in enumerate((
            'https://registry-1.docker.io/v2/\nhttps://auth.docker.io/token?a=b#c', 'http://localhost:5000/a/b\n../c d',
            'https://[::1]:443/\n//127.0.0.1/x', 'https://a.gitlab.com/\nhttp://169.254.169.254/latest', 'https://a/\nfile:///etc/passwd',
            'https://u:p@a/b\nx', 'https://EXAMPLE.org:0443/\n?q=%zz', 'https://xn--a.example/\n/\\evil')):
        yield f'url-{i}', b'u' + pair.encode()
    yield 'escape', b'eaZ09-._~ /\xff%'
    yield 'words', b'w{"errors":[{"code":"DENIED","message":"no\\u001b[2J such","detail":{}},{"code":"UNKNOWN"}]}'
    yield 'words-plain', b'wtoo many requests\r\nplease wait'
    yield 'words-html', b'w<html><body>no</body></html>'
    yield 'words-other', b'w{"details":"x","message":"incorrect username or password"}'


def user():
    passwd = b'root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/x\nweb:x:33:34::/var/www:\n\nbroken:x:a:1:::\n'
    group = b'root:x:0:\nwheel:x:10:root,web\nweb:x:34:\nmany:x:2147483648:web\nx:x:7:,web,,\n'
    for i, spec in enumerate((b'', b'root', b'web', b'33', b'web:wheel', b'0:0', b'1:web', b'99999999999', b'2147483647', b'2147483648',
                              b'web:', b':web', b'a:b:c', b'nobody', b'00', b'-1', b'web/x')):
        for flags in (b'\0', b'\1', b'\2'):
            yield f'{i}-{flags[0]}', flags + spec + b'\xff' + passwd + b'\xff' + group
    yield 'many-groups', b'\0web\xff' + passwd + b'\xff' + b''.join(b'g:x:%d:web\n' % i for i in range(300))
    yield 'long-name', b'\0' + b'n' * 300 + b'\xff' + b'n' * 300 + b':x:1:1::/' + b'h' * 5000 + b':\n'
    yield 'long-home', b'\0001\xffa:x:1:1::/' + b'h' * 5000 + b':\n'


def beneath():
    """Steps that make a tree, then paths: fuzz_beneath.c says how they are spelt."""
    for i, (steps, paths) in enumerate((
            ('da da/b fa/b/f la/b/up=../.. la/b/abs=/a lout=../../..', 'a/b/f a/b/up/a a/b/abs/b/f a/b/up/../a out/secret a/b/abs/.. a/b/..'),
            ('lself=. lhere=self/.. da la/root=/ la/over=../a/b/../..', 'self/self/a/root/a here .. ../../secret a/over/a a/root/self/x'),
            ('la=b lb=a', 'a a/x b/../..'), ('dd dd/e lb=d/../../.. ld/e/far=/../d/e f/d/x', 'd/e/far/far d/secret b/d/e/.. b/d/e/far/../.. e/'),
            ('fa lb=a lc=a/ ld=nowhere le=/nowhere/x', 'a/ a/x b b/ b/x c d d/x e e/y'),
            ('d' + 'x' * 200 + ' l' + 'x' * 200 + '/l=' + 'x/../' * 30, 'x' * 200 + '/l/a ' + 'x' * 255 + '/a'))):
        tree = ''.join(step.replace('=', '\0') + '\0' for step in steps.split())
        yield str(i), (tree + '|' + '\0'.join(paths.split())).encode()


TARGETS = {'tar': lambda: [*tars(), *sparse()], 'layer': layer_target, 'pax': pax, 'inflate': inflate, 'json': json_target,
           'text': text, 'user': user, 'beneath': beneath}


def main():
    target, where = sys.argv[1:]
    os.makedirs(where, exist_ok=True)
    seen = set()
    for name, data in TARGETS[target]():
        if data not in seen:
            seen.add(data)
            with open(os.path.join(where, name), 'wb') as f:
                f.write(data)


if __name__ == '__main__':
    main()

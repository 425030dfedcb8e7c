"""Tar archives byte for byte, right or wrong: what no library would write is the point of it."""

BLOCK = 512
END = b'\0' * 2 * BLOCK


def as_bytes(text):
    return text.encode(errors='surrogateescape') if isinstance(text, str) else text


def octal(value, width):
    return f'{value:0{width - 1}o}\0'.encode()


def pad(data):
    return data + b'\0' * (-len(data) % BLOCK)


def header(name=b'', mode=0o644, uid=0, gid=0, size=0, mtime=0, kind=b'0', link=b'', magic=b'ustar\0', version=b'00',
           uname=b'', gname=b'', major=0, minor=0, prefix=b'', raw=None, checksum=None):
    """A header block. raw: bytes by offset, put over everything else before the checksum is made."""
    block = bytearray(BLOCK)

    def put(offset, data, width):
        block[offset:offset + width] = (as_bytes(data) + b'\0' * width)[:width]

    put(0, name, 100)
    put(100, octal(mode, 8), 8)
    put(108, octal(uid, 8), 8)
    put(116, octal(gid, 8), 8)
    put(124, octal(size, 12), 12)
    put(136, octal(mtime, 12), 12)
    put(156, kind, 1)
    put(157, link, 100)
    put(257, magic, 6)
    put(263, version, 2)
    put(265, uname, 32)
    put(297, gname, 32)
    put(329, octal(major, 8), 8)
    put(337, octal(minor, 8), 8)
    put(345, prefix, 155)
    for offset, data in (raw or {}).items():
        put(offset, data, len(data))
    put(148, b' ' * 8, 8)
    put(148, f'{sum(block):06o}\0 '.encode() if checksum is None else checksum, 8)
    return bytes(block)


def entry(name, data=b'', **fields):
    """A header and its content; the size is that of the content unless it is given."""
    data = as_bytes(data)
    fields.setdefault('size', len(data))
    return header(name, **fields) + pad(data)


def reg(name, data='', **fields):
    return entry(name, data, **fields)


def directory(name, **fields):
    fields.setdefault('mode', 0o755)
    return entry(name, kind=b'5', **fields)


def symlink(name, target, **fields):
    return entry(name, kind=b'2', link=target, mode=0o777, **fields)


def hardlink(name, target, data=b'', **fields):
    return entry(name, data, kind=b'1', link=target, **fields)


def char(name, major, minor, **fields):
    return entry(name, kind=b'3', major=major, minor=minor, **fields)


def fifo(name, **fields):
    return entry(name, kind=b'6', **fields)


def odd(name, offset, field, data=b'', size=None, **fields):
    """A file with one header field of any bytes."""
    size = len(data) if size is None else size
    return header(name, size=size, raw={offset: field}, **fields) + pad(data)


def record(key, value):
    """A pax record, which begins with its own length."""
    rest = b' ' + as_bytes(key) + b'=' + as_bytes(value) + b'\n'
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def pax_header(records=(), kind=b'x', raw=None):
    data = b''.join(record(*r) for r in records) if raw is None else raw
    return entry('PaxHeaders/x', data, kind=kind)


def gnu_name(name, kind, nul=True):
    data = as_bytes(name) + (b'\0' if nul else b'')
    return header('././@LongLink', kind=kind, size=len(data), magic=b'ustar ', version=b' \0') + pad(data)


def long_name(name, **how):
    return gnu_name(name, b'L', **how)


def long_link(name, **how):
    return gnu_name(name, b'K', **how)


def layer(*members):
    return b''.join(members) + END

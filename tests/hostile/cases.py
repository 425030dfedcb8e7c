"""Hostile and odd layers, each with what is expected of whoever applies it. run.py says what the words mean.

The bytes are written out member by member, since no tool would write them. `why` names the vulnerability or the tool
that went wrong, where there is one.
"""
import gzip
import zlib

from tarkit import *

REJECT, ACCEPT, CONTAIN = 'REJECT', 'ACCEPT', 'CONTAIN'
FORMS = ('plain', 'gzip')
CASES = []


class Case:
    """An id, layers (bytes, or functions that make them), and claims on the tree that comes of them."""

    def __init__(self, name, expect, layers, *claims, why=''):
        assert all(c.id != name for c in CASES), name
        self.id, self.expect, self.claims, self.title = name, expect, claims, why
        self._layers = layers if isinstance(layers, list) else [layers]

    def has(self, form):
        """Cases of the compressed stream itself are what they are; they count as plain."""
        return form == 'plain' or not (self.id.startswith('I') or big_file in self._layers)

    def layers(self, form='plain'):
        made = [made() if callable(made) else made for made in self._layers]
        return made if form == 'plain' else [gzip.compress(data, 1, mtime=0) for data in made]


def case(*args, **more):
    CASES.append(Case(*args, **more))


def gz(data):
    return gzip.compress(data, 6, mtime=0)


def big_file():
    """A file of 1 GiB of zeros, made when it is asked for: one stretch of a stream, over and over."""
    out = zlib.compressobj(9, zlib.DEFLATED, -15)
    head, zeros, times = header('bomb', size=1 << 30), bytes(1 << 20), 1024
    first = out.compress(head) + out.flush(zlib.Z_FULL_FLUSH)
    again = out.compress(zeros) + out.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(head)
    for _ in range(times):
        crc = zlib.crc32(zeros, crc)
    tail = zlib.crc32(END, crc).to_bytes(4, 'little') + (len(head) + times * len(zeros) + len(END)).to_bytes(4, 'little')
    return b'\x1f\x8b\x08' + bytes(6) + b'\xff' + first + again * times + out.compress(END) + out.flush() + tail


def long_gzip_header(data):
    """All the optional fields of a gzip header, as long as they can be."""
    raw = zlib.compressobj(6, zlib.DEFLATED, -15)
    head = b'\x1f\x8b\x08' + bytes([4 | 8 | 16]) + bytes(6) + b'\xff\xff' + b'e' * 65535
    names = b'n' * 65536 + b'\0' + b'c' * 65536 + b'\0'
    tail = zlib.crc32(data).to_bytes(4, 'little') + len(data).to_bytes(4, 'little')
    return head + names + raw.compress(data) + raw.flush() + tail


def signed_sum(block):
    """The block with the checksum of writers whose characters had signs."""
    signed = sum(c - 256 if c > 127 else c for c in block[:148] + block[156:]) + 8 * 32
    return block[:148] + b'%06o\0 ' % signed + block[156:]


def old_sparse(name, regions, size, data=b'', extended=False):
    """An old GNU sparse member: up to four regions (offset, length) in the header itself."""
    pairs = b''.join(octal(offset, 12) + octal(length, 12) for offset, length in regions)
    fields = {386: pairs, 482: b'\1' if extended else b'\0', 483: octal(size, 12)}
    return header(name, kind=b'S', size=len(data), magic=b'ustar ', version=b' \0', raw=fields) + pad(data)


CANARY = '../canary'
PASSWD = 'root:x:0:0::/:/bin/sh\n'
BASE = layer(directory('etc'), reg('etc/passwd', PASSWD), directory('usr'), directory('usr/lib'),
             reg('usr/lib/a', 'A'), symlink('lib', 'usr/lib'))
SMUGGLED = entry('smuggled', 'evil')
ONE_FILE = layer(reg('a', 'x'))
DEEP = '/'.join(f'{i:02d}' + 'x' * 98 for i in range(50))
CAPABILITY = b'\1\0\0\2' + b'\xff' * 4 + b'\0' * 12

# names

case('A01', REJECT, layer(reg('../canary/new', 'x')),
     why='CVE-2007-4559; policy: reject .. (umoci/containerd clamp it into the root, also safe)')
case('A02', REJECT, layer(reg('/../canary/new', 'x')), why='moby TestUntarInvalidFilenames')
case('A04', REJECT, layer(directory('..', mode=0o777)),
     why='libtar safer_name_suffix misses trailing ..; chmods parent of root')
case('A05', REJECT, layer(directory('a'), directory('a/../..', mode=0o777)), why='the same')
case('A06', REJECT, layer(reg('..', 'x')), why='moby 2026 TestUntarParentTraversalContained')
case('A08', ACCEPT, layer(reg('//abs2.txt', 'x')), 'file:abs2.txt=x', why='jwilk absolute2')
case('A09', ACCEPT, layer(reg('./././dot.txt', 'x')), 'file:dot.txt=x')
case('A10', ACCEPT, layer(reg('a//b///c', 'x')), 'file:a/b/c=x')
case('A12', REJECT, layer(header('', prefix='p', size=1024) + entry('smuggled', 'evil'), reg('after', 'z')),
     'absent:smuggled', why='libtar takes it for a zero block, and the content for headers')
case('A13', ACCEPT, layer(directory('.', mode=0o755), reg('ok', 'x')), 'file:ok=x', why='every real layer has ./')
case('A14', REJECT, layer(symlink('.', '/tmp'), reg('x', 'x')),
     why='CVE-2021-29136 umoci: root entry of another type')
case('A16', REJECT, layer(symlink('./', '../canary'), reg('new', 'x')), why='CVE-2021-29136')
case('A17', REJECT, layer(hardlink('.', '/etc'), reg('x', 'x')))
case('A18', REJECT, layer(symlink('..', '/etc')), why='containerd SymlinkParentDirectory')
case('A20', ACCEPT, layer(reg('a\\..\\..\\canary\\new', 'x')), 'file:a\\..\\..\\canary\\new=x',
     why='CVE-2021-37701: backslash is an ordinary byte on Linux')
case('A21', ACCEPT, layer(pax_header([('path', 'x' * 255)]), reg('short', 'x')), 'file:' + 'x' * 255 + '=x',
     why='NAME_MAX exactly')
case('A22', REJECT, layer(pax_header([('path', 'n' * 256)]), reg('short', 'x')),
     why='NAME_MAX 256: clean error, no partial publish')
case('A24', CONTAIN,
     layer(*[m for n in range(1, 1200, 40) for m in (pax_header([('path', '/'.join(['a'] * n))]), directory('x'))]),
     why='depth 1200: node-tar CVE-2024-28863; set max depth, e.g. 1024')
case('A25', ACCEPT, layer(reg(b'bad\xff\xfename', 'x')), why='non-UTF-8 bytes kept as is')
case('A26', ACCEPT, layer(reg('esc\x1b]0;pwn\x07\x1b[2J', 'x')),
     why='CVE-2025-46394 busybox: stored, but never printed raw to a terminal')
case('A28', ACCEPT, layer(reg('...', 'x'), reg('..a', 'y'), reg('a..', 'z')), 'file:...=x', 'file:..a=y',
     'file:a..=z', why='must not over-reject')
case('A29', CONTAIN, layer(reg('dir/', 'x', kind=b'0')), why='regular with trailing slash')
case('A30', ACCEPT, layer(entry('old/', kind=b'\0', mode=0o755), reg('old/f', 'x')), 'file:old/f=x',
     why='old BSD directory')
case('A32', REJECT, layer(reg('proc/self/root/../../canary/new', 'x')))

# symlinks

case('B01', CONTAIN, layer(symlink('d', CANARY), reg('d/new', 'x')), 'absent-out:new',
     why='the classic; resolved inside the root it makes canary/new there, which is safe')
case('B02', ACCEPT, layer(symlink('d', '/etc'), reg('d/inroot', 'x')), 'file:etc/inroot=x',
     why='absolute target resolves inside root (usrmerge semantics); containerd SymlinkAbsolute')
case('B04', CONTAIN, layer(symlink('cur', '.'), symlink('par', 'cur/..'), reg('par/canary/new', 'x')),
     why='jwilk dirsymlink2a')
case('B05', CONTAIN, layer(symlink('cur', '.'), symlink('cur/par', '..'), reg('par/canary/new', 'x')),
     why='jwilk dirsymlink2b')
case('B06', CONTAIN,
     layer(directory('s'), symlink('s/p', '..'), symlink('s/p/e', '..'), reg('s/p/e/canary/new', 'x')),
     why='CVE-2020-27833 oc')
case('B08', ACCEPT, layer(symlink('sym', '../canary/d'), directory('sym', mode=0o777)), 'type:sym=d',
     why='libarchive #745, CVE-2026-33056 tar-rs, CVE-2021-31566: dir over symlink must not chmod target')
case('B09', ACCEPT, layer(symlink('l', '../canary/keep', uid=1234, gid=1234)), 'link:l=../canary/keep',
     why='lchown/utimensat NOFOLLOW only')
case('B10', REJECT, layer(symlink('a', 'b'), symlink('b', 'a'), reg('a/x', 'x')), why='ELOOP, no hang')
case('B12', CONTAIN, layer(symlink('d', '/proc/self/root'), reg('d/canaryx', 'x')),
     why='magic link: RESOLVE_NO_MAGICLINKS')
case('B13', CONTAIN, layer(symlink('d', '/proc/self/cwd/..'), reg('d/canary/new', 'x')))
case('B14', ACCEPT, layer(symlink('d', '/proc/1/fd/0'), reg('d', 'x')), 'file:d=x')
case('B16', ACCEPT, layer(symlink('l', 't' * 100)), 'link:l=' + 't' * 100,
     why='libtar returns t*100+"ustar" (linkname not NUL-terminated)')
case('B17', ACCEPT, layer(pax_header([('linkpath', 't' * 4095)]), symlink('l', 'short')), 'link:l=' + 't' * 4095)
case('B18', REJECT, layer(pax_header([('linkpath', 't' * 4096)]), symlink('l', 'short')),
     why='PATH_MAX symlink: ENAMETOOLONG -> reject')
case('B20', ACCEPT, [BASE, layer(reg('lib/b', 'B'))], 'file:usr/lib/b=B', 'type:lib=l',
     why='layer 2 writes through lower usrmerge symlink')
case('B21', ACCEPT, [BASE, layer(directory('lib'), reg('lib/b', 'B'))], 'type:lib=d', 'file:lib/b=B',
     'absent:usr/lib/b', why='dir entry replaces symlink (containerd/umoci default)')
case('B22', CONTAIN, [layer(symlink('etc', '../canary')), layer(reg('etc/new', 'x'))],
     why='cross-layer symlink; must resolve in-root')
case('B24', CONTAIN, [layer(symlink('etc', '../canary')), layer(reg('etc/.wh..wh..opq', ''))],
     why='opaque through symlink must not empty ../canary')
case('B25', ACCEPT, layer(symlink('a', '/'), reg('a/a/a/a/x', 'x')), 'file:x=x')
case('B26', ACCEPT, layer(reg('f', '1'), symlink('f', '../canary/keep'), reg('f', '2')), 'file:f=2', 'type:f=f',
     why='node-tar CVE-2021-32803/37712 cache poisoning shape')
case('B28', REJECT, layer(symlink('c/../d', '../canary'), reg('d/new', 'x')))
case('B29', CONTAIN,
     layer(pax_header([('path', DEEP + '/s')]), symlink('s', '/../canary'), pax_header([('path', DEEP + '/s/new')]),
     reg('s2', 'x')),
     why='libarchive #744: very long path evades symlink check')

# hard links

case('C01', REJECT, layer(hardlink('h', '../canary/keep')), 'absent:h',
     why='CVE-2014-6407/9357; moby TestUntarInvalidHardlink')
case('C02', REJECT, layer(hardlink('h', '/../canary/keep')), 'absent:h')
case('C04', ACCEPT, layer(directory('etc'), reg('etc/passwd', 'IN'), hardlink('h', '/etc/passwd')),
     'same:h,etc/passwd', why='containerd HardlinkDirectAbsolute; moby perlthanks')
case('C05', CONTAIN, layer(symlink('s', '../canary/keep'), hardlink('h', 's'), reg('h', 'x')),
     'link-or-absent:s=../canary/keep', why='hardlink to symlink must use linkat without AT_SYMLINK_FOLLOW')
case('C06', REJECT, layer(symlink('d', CANARY), hardlink('h', 'd/keep'), reg('h', 'x')), 'absent:h',
     why='hardlink target through symlink')
case('C08', CONTAIN, layer(reg('f', '1'), hardlink('f', 'f')), 'file:f=1',
     why='self link over existing must not delete the file first')
case('C09', REJECT, layer(hardlink('fwd', 'later'), reg('later', 'x')), why='target does not exist yet')
case('C10', REJECT, layer(hardlink('x', '.')), why='hardlink to directory')
case('C12', ACCEPT, [layer(reg('a', 'orig'), hardlink('b', 'a')), layer(reg('b', 'new'))], 'file:a=orig',
     'file:b=new')
case('C13', CONTAIN, layer(reg('a', 'x'), hardlink('b', 'a', b'DATA')),
     why='a hard link with a body (CVE-2016-5418)')
case('C14', ACCEPT,
     layer(reg('a', 'x'), header('b', kind=b'1', link='a', size=1024) + entry('smuggled', 'evil'), reg('after', 'z')),
     'file:smuggled=evil', 'file:after=z',
     why='the size of a link is ignored, as all others do, so this is a member like another')
case('C16', ACCEPT, layer(reg('s', 'x', mode=0o4755), hardlink('t', 's')), 'same:s,t')
case('C17', ACCEPT, lambda: layer(reg('a', 'x'), *[hardlink(f'h{i}', 'a') for i in range(3000)]), 'same:a,h2999',
     why='EMLINK at 65000 on ext4: fall back to copy or reject cleanly')
case('C18', REJECT, layer(hardlink('h', '../dest-evil/secret')), 'absent:h',
     why='sibling-prefix check (moby 2026 TestUntarSiblingPrefixContained)')
case('C20', REJECT, layer(hardlink('loop', '../canary'), reg('loop/file', 'x')), why='moby loophole-victim')
case('C21', CONTAIN, layer(char('n', 1, 3), hardlink('m', 'n'), reg('m', 'x')), why='file over hardlink to device')
case('C22', CONTAIN, layer(reg('a', 'x'), hardlink('b', 'a\0../../canary/keep')), 'absent-out:b',
     why='NUL inside linkname')

# whiteouts

case('D01', ACCEPT, [BASE, layer(reg('etc/.wh.passwd', ''))], 'absent:etc/passwd', 'absent:etc/.wh.passwd')
case('D02', REJECT, [BASE, layer(reg('.wh...', ''))],
     why='containerd WhiteoutRootParent; umoci 0.4.7 deletes the PARENT of the rootfs')
case('D04', REJECT, [BASE, layer(reg('etc/.wh...', ''))])
case('D05', REJECT, [BASE, layer(reg('etc/.wh..', ''))])
case('D06', REJECT, [BASE, layer(reg('etc/.wh.', ''))],
     why='umoci 2026 unreleased fix: empty whiteout name was treated as opaque')
case('D08', ACCEPT, [BASE, layer(reg('etc/new', 'N'), reg('etc/.wh..wh..opq', ''))], 'file:etc/new=N',
     'absent:etc/passwd', why='opaque after sibling in same layer keeps the sibling')
case('D09', ACCEPT, [BASE, layer(reg('etc/.wh..wh..opq', ''), reg('etc/new', 'N'))], 'file:etc/new=N',
     'absent:etc/passwd')
case('D10', ACCEPT, [BASE, layer(reg('etc/passwd', 'NEW'), reg('etc/.wh.passwd', ''))], 'file:etc/passwd=NEW',
     why='whiteout applies to lower layers only (image-spec), independent of order')
case('D12', ACCEPT, [BASE, layer(reg('.wh.lib', ''))], 'absent:lib', 'file:usr/lib/a=A',
     why='whiteout of a symlink removes the link, not its target')
case('D13', ACCEPT, [BASE, layer(reg('lib/.wh.a', ''))], 'absent:usr/lib/a', 'type:lib=l',
     why='whiteout through in-root symlink parent (containerd WhiteoutSymlinkPath)')
case('D14', ACCEPT, [BASE, layer(reg('.wh.etc/somefile', 'non-empty'))], 'file:etc/passwd=' + PASSWD,
     'file:.wh.etc/somefile=non-empty',
     why='containerd WhiteoutDirectoryName: .wh. as a directory component is not a whiteout')
case('D16', CONTAIN, [BASE, layer(symlink('.wh.etc', '/'))], why='whiteout with type symlink')
case('D17', CONTAIN, [BASE, layer(hardlink('.wh.x', 'etc/passwd'))])
case('D18', ACCEPT, [BASE, layer(reg('.wh.nonexistent', ''))], why='no-op')
case('D20', CONTAIN, [BASE, layer(reg('.wh..wh.aufs', ''), reg('.wh..wh.plnk/x', ''), reg('.wh..wh.orph', ''))],
     'absent:.wh..wh.aufs', why='AUFS metadata must be ignored (moby)')
case('D21', ACCEPT, [layer(reg('.wh.x', ''))], 'absent:.wh.x',
     why='whiteout in the bottom layer: no-op and not created')
case('D22', CONTAIN, [BASE, layer(reg('etc/.wh.passwd', 'DATA' * 200), reg('after', 'z'))], 'absent:etc/passwd',
     why='whiteout with a body: body skipped, not parsed')
case('D24', CONTAIN, [BASE, layer(char('etc/passwd', 0, 0))], 'not-chr:etc/passwd',
     why='overlayfs on-disk whiteout inside a layer must not become a live whiteout device')
case('D25', ACCEPT,
     [BASE, layer(pax_header([('SCHILY.xattr.trusted.overlay.opaque', 'y'),
     ('SCHILY.xattr.user.overlay.opaque', 'y')]), directory('etc'))],
     'noxattr:etc=trusted.overlay.opaque', 'file:etc/passwd=' + PASSWD,
     why='containerd/buildkit: never honour overlay xattrs from the tar')
case('D26', ACCEPT, [BASE, layer(reg('etc/.wh..wh..opq', ''), reg('etc/.wh.passwd', ''), reg('etc/passwd', 'P2'))],
     'file:etc/passwd=P2')
case('D28', CONTAIN, [layer(reg('d', 'FILE')), layer(reg('d/f', '1'))],
     why='file then child below it (umoci TestUnpackEntryNonDirParent): replace or reject')

# types

case('E01', ACCEPT, layer(fifo('p'), reg('p', 'x')), 'file:p=x', why='libtar open() on FIFO hangs forever')
case('E02', ACCEPT, layer(char('null', 1, 3, mode=0o666), reg('null', 'x')), 'file:null=x',
     why='must not write into the device')
case('E04', ACCEPT, layer(char('kmsg', 1, 11)), 'absent:kmsg')
case('E05', ACCEPT, layer(entry('d', b'hello', mode=0o40755)), 'file:d=hello',
     why='TH_ISDIR trusts mode bits -> directory')
case('E06', ACCEPT, layer(entry('l', b'hello', mode=0o120777, link='../canary/keep')), 'file:l=hello',
     why='libtar makes a symlink')
case('E08', REJECT, layer(entry('w', b'abc', kind=b'Z'), reg('after', 'z')),
     why='unknown typeflag: reject, body must be skipped by size')
case('E09', CONTAIN, layer(entry('cont', b'abc', kind=b'7')), 'file:cont=abc',
     why='GNU accepts as regular, umoci rejects')
case('E10', CONTAIN, layer(entry('vol', kind=b'V'), reg('a', 'x')))
case('E12', CONTAIN, layer(entry('dump', b'Yfoo\0\0', kind=b'D')),
     why='GNU incremental dumpdir: may delete files in --incremental; must never delete')
case('E13', REJECT, layer(entry('N', b'Rename a to b\n', kind=b'N')), why='CVE-2006-6097')
case('E14', ACCEPT,
     layer(header('d', kind=b'5', mode=0o755, size=1024) + entry('smuggled', 'evil'), reg('after', 'z')),
     'file:smuggled=evil', 'file:after=z', why='the size of a directory is ignored')
case('E16', ACCEPT, layer(reg('f', '1'), directory('f')), 'type:f=d')
case('E17', CONTAIN, layer(directory('d'), reg('d/x', '1'), reg('d', '2')),
     why='same-layer dir replaced by file: moby removes; GNU refuses')
case('E18', ACCEPT, layer(reg('f', '1'), reg('f', '22'), reg('f', '333')), 'file:f=333', why='last wins')

# numbers and framing

case('F01', REJECT, layer(header('big', size=2147483648) + SMUGGLED), 'absent:smuggled',
     why='libtar reads 0 bytes and extracts smuggled')
case('F02', REJECT, layer(header('big', raw={124: b'77777777777\0'}) + SMUGGLED), 'absent:smuggled')
case('F04', REJECT, layer(odd('neg', 124, b'\xff' * 10 + b'\xfe\0', b''), reg('after', 'z')),
     why='golang neg-size.tar; node-tar GHSA-8x88; CVE-2025-8194')
case('F05', REJECT, layer(odd('neg8', 124, b'-0000000001\0'), reg('after', 'z')),
     why='measured libtar yields 4294967295 and skips nothing')
case('F06', REJECT, layer(odd('huge', 124, b'\x80\0\0\0\x7f' + b'\xff' * 7), reg('after', 'z')),
     why='offset+padding overflow')
case('F08', ACCEPT, layer(odd('digits12', 124, b'000000000012', b'0123456789'), reg('after', 'z')),
     'size:digits12=10', why='libtar sscanf runs on into mtime')
case('F09', ACCEPT, layer(odd('sp', 124, b'         12 ', b'0123456789'), reg('after', 'z')), 'size:sp=10')
case('F10', REJECT, layer(odd('hex', 124, b'0x0000000a\0\0', b''), reg('after', 'z')),
     why='CVE-2022-48303 class: non-octal')
case('F12', REJECT, layer(odd('garb', 124, b'99999999999\0'), reg('after', 'z')))
case('F13', REJECT, layer(header('ck', size=1, checksum=b'000000\0 ') + pad(b'x'), reg('after', 'z')))
case('F14', CONTAIN, layer(signed_sum(header(b'\xe4\xf6', size=1)) + pad(b'x')),
     why='a checksum of signed characters, as Sun had it')
case('F16', REJECT, layer(odd('uid', 108, b'\x80\0\0\x01\0\0\0\0', b'x')),
     why='uid truncation to 0 (CVE-2024-40635 class)')
case('F17', REJECT, layer(odd('uid2', 108, b'\x80\0\0\0\xff\xff\xff\xff', b'x')),
     why='(uid_t)-1 means "leave unchanged" to chown')
case('F18', REJECT, layer(odd('uid3', 108, b'\xff\xff\xff\xff\xff\xff\xff\xfe', b'x')))
case('F20', CONTAIN, layer(odd('mt', 136, b'\x80\0\0\0@' + b'\0' * 7, b'x')),
     why='utimensat EINVAL must not abort half-way or loop')
case('F21', ACCEPT, layer(odd('mtneg', 136, b'\xff' * 12, b'x')))
case('F22', ACCEPT, layer(reg('v7', 'x', magic=b'\0' * 6, version=b'\0\0')), 'file:v7=x', why='v7')
case('F24', REJECT, layer(reg('new', 'x', prefix='../canary')), why='ustar prefix traversal')
case('F25', ACCEPT, layer(reg('n' * 100, 'x')), 'file:' + 'n' * 100 + '=x', why='100 bytes, no NUL')
case('F26', ACCEPT, layer(reg('n' * 100, 'x', prefix='p' * 155)), 'file:' + 'p' * 155 + '/' + 'n' * 100 + '=x',
     why='full prefix, no NUL')
case('F28', REJECT, [entry('f', 'x' * 5000)[:2000]])
case('F29', REJECT, [entry('f', 'x')[:300]])
case('F30', ACCEPT, layer(reg('a', '1'), b'\0' * 512, reg('b', '2')), 'file:a=1', 'absent:b',
     why='lone zero block: GNU warns and continues, Go stops/err. Decide: reject trailing non-zero data')
case('F32', REJECT, layer(reg('a', '1'), b'\xff' * 512, reg('b', '2')))
case('F33', CONTAIN, [b''], why='empty tar: accept as empty layer or reject, decide; no crash')
case('F34', ACCEPT, [b'\0' * 1024])
case('F36', ACCEPT, layer(reg('dev', 'x', uname=b'daemon', gname=b'daemon', uid=12345, gid=12345)), 'owner:dev=12345',
     why='libtar th_get_uid uses HOST getpwnam(uname) -> uid 1')
case('F37', ACCEPT, layer(reg('uname', 'x', uname=b'A' * 32, gname=b'B' * 32)),
     why='uname not NUL-terminated (apk CVE-2021-30139)')

# pax headers

case('G01', REJECT, layer(pax_header([('path', '../canary/new')]), reg('ok', 'x')))
case('G02', REJECT, layer(pax_header([('linkpath', '../canary/keep')]), hardlink('h', 'ok')))
case('G04', ACCEPT, layer(pax_header([('size', '1024')]), header('f', size=0) + SMUGGLED, reg('after', 'z')),
     'absent:smuggled', 'size:f=1024', 'file:after=z', why='TARmageddon CVE-2025-62518; CVE-2026-33055')
case('G05', ACCEPT,
     layer(pax_header([('size', '2048')]), long_name('longname.txt'), reg('file_a', 'hidden'.ljust(2048, '.')),
     reg('file_b', 'x')),
     'file:file_b=x', why='pax size must not apply to the L header (node-tar 21a8220, tokio-tar)')
case('G06', REJECT, layer(pax_header([('size', '-1')]), reg('f', 'x')))
case('G08', REJECT, layer(pax_header([('size', '1e3')]), reg('f', 'x')))
case('G09', REJECT, layer(pax_header([('path', 'a\0../../canary/new')]), reg('f', 'x')),
     why='embedded NUL (golang pax-nul-path)')
case('G10', REJECT, layer(pax_header(raw=b'999999999 path=x\n'), reg('f', 'x')), why='record length beyond block')
case('G12', REJECT, layer(pax_header(raw=b'0 path=x\n'), reg('f', 'x')), why='zero length: infinite loop class')
case('G13', REJECT, layer(pax_header(raw=b'-5 path=x\n'), reg('f', 'x')))
case('G14', REJECT, layer(pax_header(raw=b'18446744073709551617 a=b\n'), reg('f', 'x')))
case('G16', CONTAIN, layer(pax_header(raw=b'010 path=x\n'), reg('f', 'x')), why='leading zero length')
case('G17', REJECT, layer(pax_header([('path', 'first')]), pax_header([('path', 'second')]), reg('f', 'x')),
     why='two x in a row: Go merges?/tokio rejects: decide REJECT')
case('G18', ACCEPT, layer(pax_header([('path', 'a'), ('path', 'b')]), reg('f', 'x')), 'file:b=x', why='last wins')
case('G20', ACCEPT, layer(pax_header([('comment', 'glob')], kind=b'g'), reg('f', 'x')), 'file:f=x',
     why='git archive global header must be ignored (moby TestTypeXGlobalHeaderDoesNotFail)')
case('G21', REJECT, layer(pax_header([('path', 'g-path')], kind=b'g'), reg('f1', 'x'), reg('f2', 'y')),
     why='global path: reject')
case('G22', REJECT, layer(pax_header([('size', '1024')], kind=b'g'), reg('f1', 'x'), reg('f2', 'y')),
     why='global size: reject')
case('G24', REJECT, layer(pax_header([('path', 'x'), ('uid', '4294967296')]), reg('f', 'x')))
case('G25', REJECT, layer(pax_header([('uid', '-1')]), reg('f', 'x')))
case('G26', CONTAIN, layer(pax_header([('mtime', '1e400')]), reg('f', 'x')))
case('G28', CONTAIN, layer(pax_header([('SCHILY.xattr.user.' + 'k' * 300, 'v')]), reg('f', 'x')),
     why='xattr name > 255')
case('G29', CONTAIN, layer(pax_header([('SCHILY.xattr.user.big', 'v' * 70000)]), reg('f', 'x')),
     why='xattr value > 64 KiB; CVE-2023-39804')
case('G30', CONTAIN,
     layer(pax_header([('SCHILY.xattr.security.capability', CAPABILITY)]), reg('f', 'x', mode=0o755)),
     why='file caps: allowed as root only, inside 0700 parent; must survive chown order (caps set after chown)')
case('G32', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', '../canary/new'),
     ('GNU.sparse.realsize', '1000')]), reg('f', b'1\n0\n10\n'.ljust(512, b'\0') + b'x' * 10)),
     why='sparse name traversal (libarchive/GNU honour GNU.sparse.name)')
case('G33', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 'sp'),
     ('GNU.sparse.realsize', '9223372036854775807')]),
     reg('f', b'1\n9223372036854775000\n10\n'.ljust(512, b'\0') + b'x' * 10)),
     why='sparse map overflow')
case('G34', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 'sp'),
     ('GNU.sparse.realsize', '10')]), reg('f', (b'100000\n' + b'0\n0\n' * 100000).ljust(400384, b'\0'))),
     why='Go CVE-2025-58183: unbounded sparse map')
case('G36', ACCEPT, layer(pax_header([('linkpath', 'ok')]), reg('f', 'x')), 'file:f=x',
     why='linkpath on a regular file ignored')
case('G37', CONTAIN, layer(entry('S', record('path', 'solaris'), kind=b'X'), reg('f', 'x')))
case('G38', ACCEPT, layer(pax_header(raw=b''), reg('f', 'x')), 'file:f=x',
     why='empty pax (node-tar emptypax.tar, libarchive tar_empty_pax)')
case('G40', REJECT, layer(header('PaxHeaders/x', kind=b'x', size=2147483647)),
     why='CVE-2022-2879 Go: header memory; cap 1 MiB')

# GNU's long names and sparse files

case('H01', CONTAIN, layer(long_name('A' * 512, nul=False), reg('short', 'x')),
     why='Debian libtar heap over-read (malloc 512, no NUL)')
case('H02', REJECT, layer(long_name('../canary/new'), reg('ok', 'x')))
case('H04', ACCEPT,
     layer(long_name('n' * 120), long_link('t' * 120), symlink('n' * 100, 't' * 100, magic=b'ustar ', version=b' \0')),
     'link:' + 'n' * 120 + '=' + 't' * 120,
     why='L then K is the order Go archive/tar writes; libtar th_read fails on it')
case('H05', ACCEPT,
     layer(long_link('t' * 120), long_name('n' * 120), symlink('n' * 100, 't' * 100, magic=b'ustar ', version=b' \0')),
     'link:' + 'n' * 120 + '=' + 't' * 120, why='K then L (GNU order)')
case('H06', REJECT, layer(long_name('one'), long_name('two'), reg('f', 'x')),
     why='two L: last wins or reject (libarchive redundant_L accepts)')
case('H08', CONTAIN, layer(long_name('', nul=False), reg('f', 'x')), why='L size 0')
case('H09', ACCEPT, layer(long_name(b'good\0../../canary/new'), reg('f', 'x')), 'file:good=x',
     why='stop at first NUL')
case('H10', REJECT, layer(long_name('dangling')))
case('H12', CONTAIN, layer(old_sparse('sp', [(0o77777777777, 0o12)], 0o77777777777, b'x' * 10)),
     why='the apparent size must count to the limit')
case('H13', CONTAIN, layer(old_sparse('sp', [], 0, extended=True) + (b'\0' * 504 + b'\1' + b'\0' * 7) * 64),
     why='an endless chain of extension blocks')
case('H14', CONTAIN, layer(old_sparse('sp', [(0o1000, 0), (0, 0o1000)], 0o1000, SMUGGLED)), why='a map that overlaps')

# the compressed stream

case('I01', ACCEPT, [gz(ONE_FILE)], 'file:a=x', why='gzip(tar)')
case('I02', ACCEPT, [gz(ONE_FILE[:700]) + gz(ONE_FILE[700:])], 'file:a=x',
     why='gzip member1 + gzip member2 (tar split): multi-member: pigz/estargz; naive inflate stops at member 1')
case('I04', CONTAIN, [gz(ONE_FILE) + b'\0' * 4096], why='gzip(tar) + 4 KiB zeros')
case('I05', REJECT, [gz(ONE_FILE)[:40]], why='gzip cut in the middle')
case('I06', REJECT, [gz(ONE_FILE)[:-8] + b'\0\0\0\0' + gz(ONE_FILE)[-4:]],
     why='gzip bad CRC32: CRC must be checked to the end, even after tar EOT')
case('I08', CONTAIN, [ONE_FILE], why='a plain tar, whatever its media type says')
case('I09', REJECT, [gz(gz(ONE_FILE))], why='gzip(gzip(tar))')
case('I10', CONTAIN, [long_gzip_header(ONE_FILE)], 'file:a=x',
     why='gzip with FEXTRA of 65535, FNAME and FCOMMENT of 64 KiB: the territory of CVE-2022-37434')
case('I12', REJECT, [b'\x1f\x8b\x07' + gz(ONE_FILE)[3:]], why='gzip method 7')
case('I13', REJECT, [b'\x1f\x8b\x08\xe0' + gz(ONE_FILE)[4:]], why='gzip reserved flag bits')
case('I14', REJECT, [b''], why='zero-length file')
case('I16', CONTAIN, [gz(b'') * 20000 + gz(ONE_FILE)], 'file:a=x',
     why='20000 empty gzip members then tar: CPU per empty member')
case('I17', ACCEPT, [gz(ONE_FILE + b'\0' * (1 << 20))], 'file:a=x',
     why='gzip(tar ; zeros 1 MiB after EOT): diff_id covers the padding: must read to end')
case('I18', ACCEPT, [gz(ONE_FILE + b'Z' * (1 << 20))], 'file:a=x',
     why='gzip(tar ; 1 MiB random-looking after EOT): payload smuggled after EOT; hashed in diff_id')
case('I20', REJECT, [bytes.fromhex('fd377a585a00') + b'\0' * 64], why='xz magic')

# bombs

case('J01', CONTAIN, [big_file], why='1 GiB of zeros in 1 MiB (CVE-2017-14992): the limits are absolute')
case('J02', CONTAIN, lambda: layer(*[reg(f'f{i:06d}', '') for i in range(20000)]),
     why='inode bomb: limit entries (say 2,000,000; test with small limit)')
case('J04', CONTAIN,
     layer(pax_header([('SCHILY.xattr.user.a%d' % i, 'v' * 1000) for i in range(900)]), reg('f', 'x')),
     why='900 kB pax header')
case('J05', REJECT, lambda: layer(*[x for i in range(2000) for x in (pax_header([('path', 'p%d' % i)]),)], reg('f', 'x')),
     why='2000 consecutive pax headers')
case('J06', ACCEPT, lambda: layer(*[symlink('x', 'x%d' % i) for i in range(5000)]), 'link:x=x4999',
     why='same name 5000 times')
case('J08', ACCEPT,
     lambda: layer(directory('d'),
     *[m for i in range(5000) for m in (pax_header([('path', 'd/' + 'a' * 200 + '%05d' % i)]), reg('x', ''))]))

# metadata

case('K01', ACCEPT, layer(reg('su', 'x', mode=0o6755)), 'mode:su=6755',
     why='setuid kept but rootfs parent must be 0700')
case('K01a', ACCEPT, layer(reg('su', 'x', mode=0o6755, uid=1, gid=1)), 'mode:su=6755', 'owner:su=1',
     why='chown takes setuid away')
case('K02', ACCEPT, layer(directory('d', mode=0), reg('d/f', 'x')), 'file:d/f=x', 'mode:d=0',
     why='mode applied at the end (rootless cannot write into 0000 dir)')
case('K04', ACCEPT, layer(directory('d', mode=0o1777), reg('d/f', 'x', mode=0)), 'mode:d=1777', 'mode:d/f=0')
case('K05', ACCEPT, layer(directory('d', mtime=1000000000), reg('d/f', 'x', mtime=999999999)), 'mtime:d=1000000000',
     'mtime:d/f=999999999', why='dir mtime set after children')
case('K06', ACCEPT, layer(reg('d/f', 'x'), directory('d', mode=0o700)), 'mode:d=700',
     why='implicit parent then explicit')
case('K08', ACCEPT, layer(reg('u', 'x', uid=1000, gid=1000)), 'owner:u=1000',
     why='rootless: one-uid map must squash or fail clearly, never silently chown to host 1000')
case('K09', ACCEPT, layer(symlink('s', 't', uid=5, gid=5)), 'link:s=t')
case('K10', ACCEPT, layer(directory('.', mode=0o777, uid=1000)),
     why='root dir metadata applies to the root dir only; wrapper dir stays 0700')
case('K12', ACCEPT, [layer(directory('d', mode=0o700)), layer(reg('d/f', 'x'))], 'mode:d=700',
     why='parent metadata unchanged by layer 2')

# several layers

case('L01', ACCEPT, [BASE, BASE], 'file:etc/passwd=' + PASSWD)
case('L02', ACCEPT, [BASE, layer(reg('etc/passwd', 'NEW'))], 'file:etc/passwd=NEW')
case('L04', ACCEPT, [BASE, layer(reg('.wh.etc', '')), layer(directory('etc'), reg('etc/hosts', 'h'))],
     'absent:etc/passwd', 'file:etc/hosts=h')
case('L05', ACCEPT, [layer(reg('a', '1'), hardlink('b', 'a')), layer(reg('.wh.a', ''))], 'absent:a', 'file:b=1')
case('L06', ACCEPT, [layer(reg('a', '1')), layer(hardlink('b', 'a'))], 'same:a,b',
     why='hardlink to a lower layer file')
case('L08', ACCEPT,
     [layer(directory('d'), reg('d/.wh..wh..opq'), reg('d/a', '1'), reg('d/b', '2')), layer(hardlink('d/c', 'd/a'))],
     'file:d/b=2', 'file:d/c=1',
     why='trusted.overlay.opaque is a plain attribute to a userxattr mount, which copied it up with the directory')
case('L09', ACCEPT,
     [layer(directory('d'), symlink('a', 'd')), layer(directory('a/x', mode=0o711), reg('a', 'file'))],
     'file:a=file', 'mode:d/x=711', why='an entry through a lower symlink, which then gives way')
case('L10', ACCEPT, [layer(reg('d/f', '1')), layer(reg('d/e/.wh.x'), reg('.wh.d'))], 'absent:d',
     why='a directory that only a whiteout implies does not stay when it is whited out itself')
case('L11', ACCEPT,
     [layer(directory('d', mtime=1000), directory('d/e', mtime=1000), reg('d/e/f', '1'), reg('d/g', '2')),
      layer(reg('d/e/new', '3'), reg('.wh.d'))],
     'absent:d/g', 'absent:d/e/f', 'file:d/e/new=3', 'mtime:d=1000', why='a directory that stays keeps its time')

# what no case above saw the loss of (tests/mutants)

case('I21', REJECT, [gz(layer(reg('a', '21'))) + b'\0' * 512 + b'x'], why='gzip(tar), zeros, and a byte that is none')
case('I22', REJECT, [gz(layer(reg('a', '22'))) + b'garbage'], why='gzip(tar), and something else')
case('M01', REJECT, layer(pax_header([('path', '/'.join(['a'] * 1025))]), reg('f', 'x')), why='a component more than may be')
case('M02', ACCEPT, layer(pax_header([('path', '/'.join(['a'] * 1024))]), reg('f', 'x')),
     'file:' + '/'.join(['a'] * 1024) + '=x', why='as many as may be')
case('M03', REJECT, layer(long_name(b'good\0' + b'x' * 100000), reg('f', 'x')), why='L of more than any name has')
case('M04', REJECT, layer(pax_header([('comment', 'c' * (1 << 20))]), reg('f', 'x')), why='a pax header of more than 1 MiB')
case('M05', REJECT, layer(odd('big', 124, b'\x80\0\0\1' + b'\0' * 8), reg('after', 'z')),
     why='2^64, of which the last eight bytes are 0')
case('M06', REJECT, layer(pax_header([('size', '18446744073709551617')]), reg('f', 'x')), why='2^64 + 1')
case('M07', ACCEPT, layer(reg('f', 'x'), symlink('s', 'f'), hardlink('h', 's')), 'link:s=f', 'link:h=f',
     why='a hard link to a symlink is one, and no second name of what that leads to')
case('M08', REJECT, layer(directory('d'), hardlink('h', 'd')), why='a hard link to a directory is the layer\'s fault')
case('M09', ACCEPT, layer(pax_header([('SCHILY.xattr.user.overlay.opaque', 'y'), ('SCHILY.xattr.user.kept', 'v')]),
     directory('d')), 'noxattr:d=user.overlay.opaque', why='an attribute that hides what layers below have')
case('M10', ACCEPT,
     layer(pax_header([('SCHILY.xattr.security.capability', CAPABILITY)]), reg('f', 'x', mode=0o755, uid=1000)),
     'hasxattr:f=security.capability', why='capabilities are gone when the owner is set after them')
case('M11', REJECT, layer(pax_header([('SCHILY.xattr.user.a%d' % i, 'v') for i in range(65)]), directory('d')),
     why='an attribute more than may be')
case('M12', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 'sp'),
     ('GNU.sparse.realsize', '1000')]), reg('f', b'1\n0\n20\n'.ljust(512, b'\0') + b'x' * 10)),
     why='a sparse map of more than there is')
case('M13', ACCEPT, layer(directory('s'), symlink('s/d', '/etc'), reg('s/d/f', 'x')), 'file:etc/f=x', 'absent:s/etc',
     why='an absolute target begins at the root, wherever the link is')
TWO_LINES = record('comment', 'c' * 40 + '\n' + 'c' * 40)
case('M14', REJECT,
     layer(pax_header(raw=TWO_LINES), reg('a', 'x'), pax_header(raw=b'%d comment=\n' % (TWO_LINES.index(b'\n') + 1)),
     reg('f', 'x')),
     why='a record that would end where a line did in the header before')
case('M15', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 'sp'),
     ('GNU.sparse.realsize', '100')]), reg('f', b'2\n10\n5\n0\n5\n'.ljust(512, b'\0') + b'x' * 10)),
     why='a sparse map out of order')
case('M16', REJECT,
     layer(pax_header([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', 'sp'),
     ('GNU.sparse.realsize', '50')]), reg('f', b'1\n100\n10\n'.ljust(512, b'\0') + b'x' * 10)),
     why='a sparse map that goes beyond the end')
case('M17', REJECT, layer(header('big', size=1 << 32) + SMUGGLED), 'absent:smuggled', why='2^32, which is 0 in 32 bits')

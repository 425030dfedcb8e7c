# What comes out of an archive is what real tools put into it: every format, by GNU tar, bsdtar, python and busybox.
# faithful/original.py says what the trees hold. Each goes two ways: onto a directory (-C), and through the store.

load helper

export PYTHONDONTWRITEBYTECODE=1
HERE=$BATS_TEST_DIRNAME/faithful

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# Attributes are gone where the filesystem has none: then there is nothing to compare.
need_attributes() {
	touch "$BATS_TEST_TMPDIR/attributes"
	setfattr -n user.a -v b "$BATS_TEST_TMPDIR/attributes" 2>/dev/null || skip "no extended attributes here"
}

original() {
	python3 "$HERE/original.py" "$@"
}

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	ACLS=(acls) # the feature of original.py, where ids of others can be told
	is_root || has_subids "$(id -un)" || ACLS=()
}

# What there is to know of a tree; an ordinary user could not set owners, and looks at what was unpacked as it was: as root of
# its subordinate ids.
facts() {
	local as_root=() only=()
	is_root || only=(-O)
	if ! is_root && [ "$1" != original ]; then
		as_root=(unshare --user --map-root-user)
		! has_subids "$(id -un)" || as_root+=(--map-auto)
	fi
	"${as_root[@]}" "$BATS_TEST_DIRNAME/tree" "${only[@]}" "$1"
}

same() { # TREE, TREE
	diff <(facts "$1") <(facts "$2")
}

# through_store ARCHIVE: prints the directory of a plain copy
through_store() {
	store_image example.org/t:1 -z none "$1" >/dev/null
	cr-inspect -r example.org/t:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/t:1 -m copy bundle
	echo bundle/rootfs
}

# comes_back ARCHIVE: as the tree `original`, both ways
comes_back() {
	run -0 --separate-stderr cr-unpack -C out <"$1"
	[[ $stderr != *"left out"* ]]
	same original out
	same original "$(through_store "$1")"
}

gnutar() {
	tar --numeric-owner --sort=name -C original "$@" -cf archive .
}

bsd() {
	need bsdtar
	LC_ALL=C bsdtar --numeric-owner -C original "$@" -cf archive . 2>stderr || [ "$(grep -vc 'pathname' stderr)" -eq 0 ]
}

python() { # FORMAT
	python3 "$HERE/pack.py" "$1" original "$PWD/archive"
}

@test "v7, by GNU tar" {
	original original links
	gnutar --format=v7
	comes_back archive
}

@test "ustar, by GNU tar" {
	original original links fifo
	gnutar --format=ustar
	comes_back archive
}

@test "ustar, by bsdtar" {
	original original links fifo
	bsd --format=ustar
	comes_back archive
}

@test "ustar, by python" {
	original original fifo
	python ustar
	comes_back archive
}

@test "GNU's format: long names, owners beyond the fields, by GNU tar" {
	original original links fifo names ids
	gnutar --format=gnu
	comes_back archive
}

@test "GNU's old format" {
	original original links fifo names ids
	gnutar --format=oldgnu
	comes_back archive
}

@test "GNU's format, by bsdtar" {
	original original links fifo names ids
	bsd --format=gnutar
	comes_back archive
}

@test "GNU's format, by python" {
	original original fifo names ids
	python gnu
	comes_back archive
}

@test "busybox's tar" {
	need busybox
	original original links fifo names
	busybox tar -C original -cf archive .
	comes_back archive
}

@test "pax: nanoseconds, attributes of any name and value, access control lists, by GNU tar" {
	need_attributes
	original original links fifo names ids times before xattrs odd "${ACLS[@]}"
	gnutar --format=posix --xattrs '--xattrs-include=*' --acls
	comes_back archive
}

@test "pax, by bsdtar, which writes attributes in two forms" {
	need_attributes
	original original links fifo names ids times xattrs odd
	bsd --format=pax
	grep -qa LIBARCHIVE.xattr archive
	grep -qa SCHILY.xattr archive
	comes_back archive
}

@test "pax, by bsdtar, attributes in libarchive's form alone" {
	need_attributes
	original original links fifo names ids times xattrs odd
	bsd --format=pax --options pax:xattrheader=LIBARCHIVE
	run ! grep -qa SCHILY.xattr archive
	comes_back archive
}

@test "pax, by python" {
	need_attributes
	original original fifo names ids times before xattrs "${ACLS[@]}"
	python pax
	comes_back archive
}

# --- by somebody else ---

# As they see it: who has subordinate ids is root among them. The archive's owners are not root's alone.
as_seen_by() { # as_user|as_plain_user WORD...
	local who=$1 map=()
	shift
	[ "$who" != as_user ] || map=(--map-auto)
	"$who" unshare --user --map-root-user "${map[@]}" -- "$@"
}

comes_back_to() { # as_user|as_plain_user TREE-OPTION...
	local who=$1 copy
	shift
	cp "$BATS_TEST_DIRNAME/tree" "$USER_DIR/tree"
	cp archive "$USER_DIR/archive"
	chmod 755 "$USER_DIR/tree" && chmod 644 "$USER_DIR/archive"
	"$BATS_TEST_DIRNAME/tree" "$@" original >expected
	"$who" sh -c 'cr-unpack -C out <archive'
	as_seen_by "$who" ./tree "$@" out | diff expected -
	LAYOUT=$USER_DIR/store/images make_image example.org/t:1 -z none archive >/dev/null
	chown -R "$(stat -c %U "$USER_DIR"):" "$USER_DIR/store"
	copy=$("$who" sh -c 'cr-inspect -r example.org/t:1 | cr-unpack >/dev/null &&
		cr-mkrootfs -i example.org/t:1 -m copy bundle && echo bundle/rootfs')
	as_seen_by "$who" ./tree "$@" "$copy" | diff expected -
}

@test "pax, by a user with subordinate ids: owners are those of the archive, within them" {
	need_root
	need_user
	need_attributes
	original original links fifo names times before xattrs odd acls
	gnutar --format=posix --xattrs '--xattrs-include=*' --acls
	comes_back_to as_user
}

@test "pax, by a user without: all but the owners" {
	need_root
	need_plain_user
	need_attributes
	original original links fifo names ids times before xattrs odd
	gnutar --format=posix --xattrs '--xattrs-include=*'
	comes_back_to as_plain_user -O
}

# --- sparse files ---

# Of more than 8 GiB, as they seem, and of a thousand pieces.
sparse_files() {
	mkdir original
	truncate -s 10G original/ten original/hole-at-end
	truncate -s 9G original/hole
	printf start | dd of=original/ten conv=notrunc status=none
	printf middle | dd of=original/ten conv=notrunc status=none bs=1 seek=$((8 * 1024 * 1024 * 1024 + 5000))
	printf end >>original/ten
	printf data | dd of=original/hole-at-end conv=notrunc status=none bs=1 seek=1000000
	python3 -c '
import os
with open("original/pieces", "wb") as f:
    for i in range(1000):
        f.seek(i * 40960)
        f.write(b"piece %d" % i)
    f.truncate(1000 * 40960)'
	echo small >original/small
	python3 "$HERE/map.py" original/* >expected || skip "the filesystem has no holes"
}

sparse_comes_back() {
	local copy
	[ "$(wc -c <archive)" -lt 10000000 ]
	cr-unpack -C out <archive
	python3 "$HERE/map.py" out/* | diff expected -
	copy=$(through_store archive)
	python3 "$HERE/map.py" "$copy"/* | diff expected -
}

@test "sparse files of 10 GiB, GNU's old form" {
	sparse_files
	gnutar --format=oldgnu --sparse
	sparse_comes_back
}

@test "sparse files, GNU's form" {
	sparse_files
	gnutar --format=gnu --sparse
	sparse_comes_back
}

@test "sparse files, pax form 0.0" {
	sparse_files
	gnutar --format=posix --sparse --sparse-version=0.0
	sparse_comes_back
}

@test "sparse files, pax form 0.1" {
	sparse_files
	gnutar --format=posix --sparse --sparse-version=0.1
	sparse_comes_back
}

@test "sparse files, pax form 1.0" {
	sparse_files
	gnutar --format=posix --sparse --sparse-version=1.0
	sparse_comes_back
}

@test "sparse files, by bsdtar" {
	sparse_files
	bsd --format=pax
	sparse_comes_back
}

# --- paths ---

# Not by ".": its "./" would be two bytes too many.
deep_comes_back() { # PROGRAM WORD...
	local name
	name=$(python3 "$HERE/deep.py" name .)
	python3 "$HERE/deep.py" make original
	"$@" -C original -cf archive "$name" 2>stderr || grep -q pathname stderr
	cr-unpack -C out <archive
	python3 "$HERE/deep.py" check out
	python3 "$HERE/deep.py" check "$(through_store archive)"
}

@test "paths of 4,095 bytes in GNU's format" {
	deep_comes_back tar --format=gnu
}

@test "paths of 4,095 bytes in pax" {
	deep_comes_back tar --format=posix
}

@test "paths of 4,095 bytes, by bsdtar" {
	need bsdtar
	deep_comes_back bsdtar --format=pax
}

# --- numbers ---

# kit: python on stdin, with the words of hostile/tarkit.py, prints an archive
kit() {
	{
		echo 'import sys; from tarkit import *; out = sys.stdout.buffer.write'
		cat
	} >kit.py
	PYTHONPATH=$BATS_TEST_DIRNAME/hostile python3 kit.py
}

@test "a size in base-256 is a size" {
	kit <<-'END' >archive
		out(layer(odd('a', 124, b'\x80' + (5).to_bytes(11, 'big'), b'hello'), reg('b', 'behind')))
	END
	cr-unpack -C out <archive
	[ "$(cat out/a out/b)" = hellobehind ]
}

@test "a file of more than 8 GiB, its size in base-256 and in pax" {
	[ "${BIG-}" ] || skip "needs 9 GB of disk and a minute: BIG=1"
	for form in base-256 pax; do
		FORM=$form kit <<-'END' | cr-unpack -C out
			import os
			size = (8 << 30) + 5
			if os.environ['FORM'] == 'pax':
			    out(pax_header([('size', str(size))]) + header('a', size=0))
			else:
			    out(header('a', raw={124: b'\x80' + size.to_bytes(11, 'big')}))
			for i in range(8 << 10):
			    out(b'\1' * (1 << 20))
			out(pad(b'hello') + reg('b', 'behind') + END)
		END
		[ "$(stat -c %s out/a)" = $(((8 << 30) + 5)) ]
		[ "$(tail -c 6 out/a)" = $'\1hello' ]
		[ "$(cat out/b)" = behind ]
	done
}

@test "a global header with a comment and a time, and a binary header charset" {
	kit <<-'END' >archive
		out(layer(pax_header([('comment', 'abc'), ('mtime', '1000000000.5')], kind=b'g'), reg('a', '1', mtime=7),
		    pax_header([('hdrcharset', 'BINARY'), ('path', b'b\xff')]), reg('x', '2'),
		    pax_header([('mtime', '3.25')]), reg('c', '3')))
	END
	cr-unpack -C out <archive
	[ "$(stat -c %.Y out/a)" = 1000000000.500000000 ]
	[ "$(stat -c %.Y out/c)" = 3.250000000 ]
	[ "$(cat out/b$'\xff')" = 2 ]
}

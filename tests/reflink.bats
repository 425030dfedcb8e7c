# cr-mkrootfs -m copy, where the filesystem can share extents: on loop files with btrfs and xfs, each mounted in a mount namespace
# that goes with the test, and its loop device with it.

load helper

# on FILESYSTEM: runs shared_copy where the working directory and the store are on a fresh one
on() {
	need_root
	command -v "mkfs.$1" >/dev/null || skip "mkfs.$1 is not installed"
	command -v filefrag >/dev/null || skip "filefrag is not installed"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir mnt
	truncate -s 600M disk
	"mkfs.$1" -q disk
	unshare -m mount -o loop disk mnt || skip "$1 cannot be mounted here"
	export -f shared_copy store_image make_image facts
	unshare -m bash -euc 'mount -o loop disk mnt; cd mnt; export CR_STORE=$PWD/store; shared_copy'
}

setup() {
	setup_store
	export TESTS=$BATS_TEST_DIRNAME
}

facts() {
	"$TESTS/tree" "$1"
}

# What every test here looks at: a copy of a layer with a big file, a sparse one, and one that ends within a block.
shared_copy() {
	mkdir layer "$CR_STORE"
	head -c 3000000 /dev/urandom >layer/big
	head -c 100003 /dev/urandom >layer/odd
	echo small >layer/small
	: >layer/empty
	truncate -s 1G layer/sparse
	head -c 65536 /dev/urandom | dd of=layer/sparse conv=notrunc status=none bs=65536 seek=1000
	ln layer/big layer/linked
	tar --format=posix --sparse -C layer -cf archive .
	store_image example.org/a:1 -z none archive >/dev/null
	cr-inspect -r example.org/a:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/a:1 -m copy b
	fs=$CR_STORE/layers/sha256/$(ls "$CR_STORE/layers/sha256")/fs
	for file in big odd sparse; do
		for tree in b/rootfs "$fs"; do
			filefrag -s -v "$tree/$file" | awk '$1 ~ /^[0-9]+:$/ { n++; if (!/shared/) bad++ } END { exit !(n && !bad) }' || {
				filefrag -s -v "$tree/$file"
				return 1
			}
		done
	done
	diff <(python3 "$TESTS/faithful/map.py" layer/*) <(python3 "$TESTS/faithful/map.py" b/rootfs/*)
	diff <(facts layer) <(facts b/rootfs)
	facts "$fs" >before
	for file in big odd sparse small; do
		printf changed | dd of="b/rootfs/$file" conv=notrunc status=none
		echo more >>"b/rootfs/$file"
	done
	facts "$fs" | diff before -
	[ "$(head -c 7 b/rootfs/odd)" = changed ]
}

@test "btrfs: a copy shares the layer's extents, has its holes, and can be written to alone" {
	on btrfs
}

@test "xfs: a copy shares the layer's extents, has its holes, and can be written to alone" {
	on xfs
}

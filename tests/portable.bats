# The variant for systems without namespaces and overlays (make PLATFORM=posix), as it is on Linux.

bats_require_minimum_version 1.5.0
BUILT=$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)/build/check-posix/out # by tests/run
export CR_TEST_BIN=$BATS_RUN_TMPDIR/portable
if [ -x "$BUILT/cr-exec" ] && [ ! -d "$CR_TEST_BIN" ]; then
	mkdir "$CR_TEST_BIN"
	install -m 755 "$BUILT"/cr-* "$BATS_TEST_DIRNAME/../bin/container" "$CR_TEST_BIN"
fi
load helper

setup_file() {
	start_registry
	push_busybox
}

teardown_file() {
	stop_registry
}

setup() {
	[ -x "$BIN/cr-exec" ] || skip "the portable variant is not built (tests/run build does)"
	setup_store
}

@test "the portable variant is the one that is tested: it has no namespaces" {
	need_root
	mkdir -p "$BATS_TEST_TMPDIR/root"
	run -125 --separate-stderr cr-exec --isolation=namespaces "$BATS_TEST_TMPDIR/root" -- /bin/true
	[[ $stderr == *"no namespaces"* ]]
}

@test "the pipe makes a plain tree, and cr-exec changes its root to it" {
	need_root
	mirror_docker_io
	cr-fetch-manifest busybox | cr-fetch-blob | cr-verify | cr-unpack | cr-mkrootfs "$BATS_TEST_TMPDIR/bb"
	[ -x "$BATS_TEST_TMPDIR/bb/rootfs/bin/busybox" ]
	run -0 --separate-stderr cr-exec "$BATS_TEST_TMPDIR/bb" -- /bin/echo hello
	[ "$output" = hello ]
	[ -z "$stderr" ]
}

@test "an overlay is refused by name" {
	mirror_docker_io
	pull busybox
	cr-mkrootfs -m overlay -i busybox "$BATS_TEST_TMPDIR/bb"
	run -125 --separate-stderr cr-exec "$BATS_TEST_TMPDIR/bb" -- /bin/true
	[[ $stderr == *"-m copy"* ]]
}

@test "the wrapper pulls, runs and removes" {
	need_root
	mirror_docker_io
	run -7 --separate-stderr container run busybox:latest /bin/sh -c 'echo inside; exit 7'
	[ "$output" = inside ]
	run -0 container ps -a
	[[ ${lines[1]} == *busybox:latest* ]]
	container rm "$(ls "$CR_STORE/containers")"
	run -0 container ps -a
	[ "${#lines[@]}" -eq 1 ]
}

# Links to layers below, paths through their symlinks: without overlays such a layer is made complete by itself.
@test "a layer that needs those below gives the tree that umoci gives" {
	need_root
	command -v umoci >/dev/null || skip "umoci is not installed"
	cd "$BATS_TEST_TMPDIR"
	mkdir -p l1/usr/lib l1/etc l2/lib l3/etc
	echo one >l1/usr/lib/one
	echo kept >l1/etc/kept
	echo gone >l1/etc/gone
	ln -s usr/lib l1/lib
	echo two >l2/lib/two
	: >l3/etc/.wh.gone
	ln l1/etc/kept linked
	tar -C l1 -cf 1.tar .
	tar -C l2 -cf 2.tar lib/two # no entry for lib: it leads through the symlink
	mkdir -p l4/etc && echo kept >l4/etc/kept && ln l4/etc/kept l4/etc/link
	tar -C l3 -cf 3.tar etc/.wh.gone
	tar -C l4 --sort=name -cf - etc/kept etc/link | tar --delete -f - etc/kept >4.tar # a link to the layer below
	store_image example.org/a:1 1.tar 2.tar 3.tar 4.tar
	cr-inspect -r example.org/a:1 | cr-unpack >/dev/null
	cr-mkrootfs -m copy -i example.org/a:1 ours
	umoci raw unpack --image "$CR_STORE/images:example.org/a:1" theirs
	"$ROOT/tests/tree" ours/rootfs >ours.txt
	"$ROOT/tests/tree" theirs >theirs.txt
	diff ours.txt theirs.txt
	[ -f ours/rootfs/usr/lib/two ]
	[ ours/rootfs/etc/link -ef ours/rootfs/etc/kept ]
	[ ! -e ours/rootfs/etc/gone ]
}

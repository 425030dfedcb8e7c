# Stacks of layers made at random (hostile/stacks.py): a plain copy, the overlay, the layers applied in order and umoci's tree are
# the same. SEEDS=1000 for more of them than make check has time for.

load helper

setup() {
	SCRATCH=
}

# Where it is fast to sync, as a layer is published only when it is on disk. The stacks that fail stay.
scratch() {
	local top=${TMPDIR:-/tmp}
	[ "$(stat -f -c %T /dev/shm 2>/dev/null)" != tmpfs ] || top=/dev/shm
	SCRATCH=$(mktemp -d "$top/umoci.XXXXXX")
	chmod 755 "$SCRATCH"
	cp "$BATS_TEST_DIRNAME"/hostile/*.py "$SCRATCH/"
	chmod a+r "$SCRATCH"/*.py
}

teardown() {
	[ -z "$SCRATCH" ] || [ -d "$SCRATCH/made" ] || rm -rf "$SCRATCH"
}

# stacks [as_user] FIRST:COUNT
stacks() {
	local as=()
	command -v umoci >/dev/null || skip "umoci is not installed"
	scratch
	if [ "$1" = as_user ]; then
		shift
		as=(as_user)
		chmod 777 "$SCRATCH"
	fi
	is_root && [ ${#as[@]} -eq 0 ] || as+=(unshare --user --map-root-user --map-auto --)
	"${as[@]}" unshare -m true || skip "no user namespace with subordinate ids"
	PYTHONDONTWRITEBYTECODE=1 run "${as[@]}" python3 "$SCRATCH/umoci.py" "$@" "$SCRATCH/made"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *" 0 failed"* ]]
	[ ! -e "$SCRATCH/made" ]
}

@test "a copy, an overlay, layers applied in order and umoci's tree are the same" {
	stacks "1:${SEEDS:-100}"
}

@test "... as root of subordinate ids" {
	need_user
	stacks as_user "100001:$((${SEEDS:-100} / 10))"
}

@test "a tree of umoci's that is not ours is seen, printed and kept" {
	is_root || skip "one look at the harness is enough"
	command -v umoci >/dev/null || skip "umoci is not installed"
	scratch
	mkdir "$SCRATCH/bin"
	cat >"$SCRATCH/bin/umoci" <<-END
		#!/bin/sh
		"$(command -v umoci)" "\$@" || exit
		for target; do :; done
		touch "\$target/more" || exit
		! touch "\$target/../../elsewhere" 2>/dev/null
	END
	chmod +x "$SCRATCH/bin/umoci"
	PATH="$SCRATCH/bin:$PATH" run python3 "$SCRATCH/umoci.py" 1:2 "$SCRATCH/made"
	[ "$status" -eq 1 ]
	[[ $output == *"seed 2 (kept in $SCRATCH/made/seed-2):"*"ours, umoci: b'more': None is not"* ]]
	[[ $output == *"2 stacks, 2 failed: 1 2"* ]]
	[ -s "$SCRATCH/made/seed-2/0.tar" ]
	rm -r "$SCRATCH/made"
}

# What the stacks have shown. Each is put together as an image and applied in order; all must do.
kit_image() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	{
		echo 'from tarkit import *'
		cat
		echo 'for i, l in enumerate(layers): open(f"layer{i}", "wb").write(layer(*l))'
	} >kit.py
	PYTHONPATH=$BATS_TEST_DIRNAME/hostile PYTHONDONTWRITEBYTECODE=1 python3 kit.py
	store_image example.org/a:1 -z none layer? >/dev/null
}

applied_like_copied() {
	cr-inspect -r example.org/a:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/a:1 -m copy b
	for file in layer?; do
		cr-unpack -C applied <"$file"
	done
	diff <("$BATS_TEST_DIRNAME/tree" -M b/rootfs) <("$BATS_TEST_DIRNAME/tree" -M applied)
}

@test "a hard link to a symlink of a lower layer, of whose name this layer has a directory as long as it is alone" {
	kit_image <<-'END'
		layers = [[directory('./'), directory('a'), symlink('c', '/a')],
		          [directory('./'), reg('c/c/d/x', '1'), hardlink('l', 'c')]]
	END
	applied_like_copied
	[ "$(readlink applied/l)" = /a ]
	[ -f applied/a/c/d/x ]
}

@test "... which an entry has made and a hard link has replaced" {
	kit_image <<-'END'
		layers = [[directory('./'), directory('a'), symlink('c', '/a')],
		          [directory('./'), directory('d'), hardlink('d', 'c'), reg('d/x', '1'), hardlink('l', 'd')]]
	END
	applied_like_copied
	[ "$(readlink applied/l)" = /a ]
	[ -f applied/a/x ]
}

@test "a directory that is only implied, where this layer has hidden all below, has nothing of the one below" {
	kit_image <<-'END'
		layers = [[directory('./'), directory('a/b', mode=0o700, uid=3, mtime=9), directory('c/d', mode=0o700, uid=3, mtime=9)],
		          [directory('./'), reg('a/x', '1'), reg('.wh.a'), reg('a/b/y', '2'), reg('c/.wh..wh..opq'), reg('c/d/y', '2')]]
	END
	applied_like_copied
	[ "$(stat -c '%a %u %Y' applied/a/b)" = "755 $(id -u) 0" ]
	[ "$(stat -c '%a %u %Y' b/rootfs/c/d)" = "755 $(id -u) 0" ]
}

@test "a whiteout of a name that this layer has given a lower file hides nothing" {
	kit_image <<-'END'
		layers = [[directory('./'), reg('f', '1')],
		          [directory('./'), hardlink('l', 'f'), reg('.wh.l'), hardlink('m', 'l')]]
	END
	applied_like_copied
	[ "$(cat applied/m)" = 1 ]
}

@test "a hard link to a directory is refused all the same" {
	kit_image <<-'END'
		layers = [[directory('./'), directory('a')], [directory('./'), reg('a/x', '1'), hardlink('l', 'a')]]
	END
	run -3 --separate-stderr bash -o pipefail -c 'cr-inspect -r example.org/a:1 | cr-unpack'
	[[ $stderr == *"a hard link to the directory a"* ]]
	run -0 cr-unpack -C applied <layer0
	run -3 cr-unpack -C applied <layer1
}

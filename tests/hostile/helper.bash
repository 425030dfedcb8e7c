# What the bats files of hostile layers and of races share. helper.bash comes before it.

setup_file() {
	export WITHOUT=$BATS_FILE_TMPDIR/without_openat2
	! command -v cc >/dev/null || cc -O2 -o "$WITHOUT" "$BATS_TEST_DIRNAME/hostile/without_openat2.c"
	export PYTHONDONTWRITEBYTECODE=1
}

teardown() {
	[ -z "${SCRATCH-}" ] || rm -rf "$SCRATCH"
}

# Everything below $SCRATCH: where it is fast to sync, as a layer is published only when it is on disk.
scratch() {
	local top=$BATS_TEST_TMPDIR
	[ "$(stat -f -c %T /dev/shm 2>/dev/null)" != tmpfs ] || top=/dev/shm
	SCRATCH=$(mktemp -d "$top/hostile.XXXXXX")
	chmod 777 "$SCRATCH"
	cp "$BATS_TEST_DIRNAME"/hostile/*.py "$SCRATCH/"
	chmod a+r "$SCRATCH"/*.py
}

need_without() {
	[ -x "$WITHOUT" ] || skip "there is no compiler"
	"$WITHOUT" true || skip "no system call can be filtered here"
	# setuid programs, which make the maps, are none to an ordinary user whose calls are filtered
	is_root || ! has_subids "$(id -un)" || skip "only root can filter calls and have subordinate ids"
}

# without [--kill] CMD...: as if the kernel had no openat2; CMD may be a function of helper.bash
without() {
	local how=()
	[ "$1" != --kill ] || how=("$1")
	shift ${#how[@]}
	export -f as as_user as_plain_user prepare_user is_root install_tools
	"$WITHOUT" "${how[@]}" bash -c '"$@"' - "$@"
}

# variants: cr-unpack without this or that protection, to $SCRATCH/variants (tests/hostile/variants says which)
variants() {
	command -v cc >/dev/null || skip "there is no compiler"
	if [ ! -d "$BATS_FILE_TMPDIR/variants" ]; then
		"$BATS_TEST_DIRNAME/hostile/variants" "$BATS_FILE_TMPDIR/new" ${CR_TEST_BUILD:+"$CR_TEST_BUILD"}
		mv "$BATS_FILE_TMPDIR/new" "$BATS_FILE_TMPDIR/variants"
	fi
	mkdir "$SCRATCH/variants"
	install -m 755 "$BATS_FILE_TMPDIR"/variants/{naive,bare,naive-bare,race,naive-race,swap} "$SCRATCH/variants/"
}

# throwaway CMD...: where nothing can be written but below $SCRATCH; CMD may be a function of helper.bash
throwaway() {
	export -f as as_user as_plain_user prepare_user is_root install_tools
	"$BATS_TEST_DIRNAME/hostile/readonly" "$SCRATCH" bash -c '"$@"' - "$@"
}

# Layers made to break out, crash or exhaust: tests/hostile/cases.py says what each is, run.py what must come of it.

load helper

# An ordinary user looks at the trees as root of a namespace that has its subordinate ids: else it could not read them.
hostile() {
	local as_root=()
	is_root || as_root=(unshare --map-root-user --map-auto --)
	"${as_root[@]}" true || skip "no user namespace with subordinate ids"
	PYTHONDONTWRITEBYTECODE=1 run "${as_root[@]}" python3 "$BATS_TEST_DIRNAME/hostile/run.py" "$@"
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

teardown() {
	[ -z "${SCRATCH-}" ] || rm -rf "$SCRATCH"
}

# through_store [as_user|as_plain_user] OPTION...: what went well leaves nothing behind
through_store() {
	local as=()
	case $1 in as_*)
		as=("$1")
		shift
		;;
	esac
	scratch
	"${as[@]}" unshare --user true || skip "user namespaces are not allowed here"
	PYTHONDONTWRITEBYTECODE=1 run "${as[@]}" python3 "$SCRATCH/store.py" "$@" "$SCRATCH/made"
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$SCRATCH/made" ]
}

@test "promise 4: nothing outside, whatever a layer says" {
	hostile cr-unpack -C
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "promise 4: nothing outside, on a kernel without openat2" {
	command -v strace >/dev/null || skip "strace is not installed"
	strace -f -o /dev/null true 2>/dev/null || skip "tracing is not allowed here"
	hostile strace -f --seccomp-bpf -qq -o /dev/null -e trace=openat2 -e inject=openat2:error=ENOSYS cr-unpack -C
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "promise 4: nothing outside, through the store; a copy, an overlay and layers applied in order are the same" {
	through_store
}

@test "promise 4: through the store, as an ordinary user" {
	need_user
	through_store as_user -n 3
}

@test "promise 4: through the store, as a user without subordinate ids" {
	need_plain_user
	through_store as_plain_user -n 3
}

@test "a copy, an overlay and layers applied in order are the same, whatever the layers" {
	through_store --random 1:150
}

@test "... as an ordinary user" {
	need_user
	through_store as_user --random 151:25
}

@test "... as a user without subordinate ids" {
	need_plain_user
	through_store as_plain_user --random 176:25
}

@test "the harness sees an escape" {
	hostile -k A01 sh -c 'echo x >"$0/../canary/keep"; exit 3'
	[ "$status" -eq 1 ]
	[[ "$output" == *ESCAPED* ]]
}

@test "the harness sees a layer that should have been refused" {
	hostile -k A01 sh -c 'exit 0'
	[ "$status" -eq 1 ]
	[[ "$output" == *"was not rejected"* ]]
}

@test "the harness sees a claim that does not hold" {
	hostile -k A08 sh -c 'echo wrong >"$0/abs2.txt"'
	[ "$status" -eq 1 ]
	[[ "$output" == *"does not hold"* ]]
}

@test "the harness sees a copy that is not what the overlay shows" {
	scratch
	mkdir "$SCRATCH/bin"
	cat >"$SCRATCH/bin/cr-mkrootfs" <<-END
		#!/bin/sh
		"$BIN/cr-mkrootfs" "\$@" || exit
		for target; do :; done
		case \$target in *-copy) rm "\$target/rootfs/abs2.txt" ;; esac
	END
	chmod +x "$SCRATCH/bin/cr-mkrootfs"
	PATH="$SCRATCH/bin:$PATH" run python3 "$SCRATCH/store.py" -k A08 "$SCRATCH/made"
	[ "$status" -eq 1 ]
	[[ "$output" == *"copy, overlay: b'abs2.txt': None is not"* ]]
	[[ "$output" == *"copy, applied: b'abs2.txt': None is not"* ]]
	[[ "$output" == *"does not hold"* ]]
}

@test "libtar frames headers and does nothing else" {
	command -v nm >/dev/null || skip "nm is not installed"
	run bash -c 'nm -D -u "$(command -v cr-unpack)" | grep -oE "\<(tar_|th_|safer_|mkdirhier)[a-z_]*" | sort | tr "\n" " "'
	[ "$output" = "tar_close tar_fdopen th_read " ]
}

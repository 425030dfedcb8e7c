# Layers made to break out, crash or exhaust: tests/hostile/cases.py says what each is, run.py what must come of it.

load helper

# Each is run as root, as a user with subordinate ids and as one without; with openat2 and without; plain and in gzip. Through
# the store, all of that is done when $HOSTILE is "all" (make torture); else root does all with openat2, and half without, and
# each user a quarter of the cases a kernel, all together. J01 is a gibibyte, and no matter of paths: else it is root's alone,
# by cr-unpack -C.

load hostile/helper

# apply [without] [as_user|as_plain_user] -- OPTION...: by cr-unpack -C
apply() {
	local how=()
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	scratch
	"${how[@]}" python3 "$SCRATCH/run.py" -d "$SCRATCH/made" "${@:2}" cr-unpack -C
	[ ! -e "$SCRATCH/made" ]
}

# through_store [without] [as_user|as_plain_user] -- OPTION...
through_store() {
	local how=()
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	need_userns
	scratch
	"${how[@]}" python3 "$SCRATCH/store.py" "${@:2}" "$SCRATCH/made"
	[ ! -e "$SCRATCH/made" ]
}

# part OPTION...: sets $part to them, or to nothing when all is to be done
part() {
	part=("$@")
	[ "${HOSTILE-}" != all ] || part=()
}

hostile() {
	scratch
	run python3 "$SCRATCH/run.py" "$@"
	echo "$output"
}

@test "promise 4: nothing outside, whatever a layer says" {
	apply --
}

@test "... on a kernel without openat2" {
	need_without
	part -x J01
	apply without -- "${part[@]}"
}

@test "... as an ordinary user" {
	need_user
	part -x J01
	apply as_user -- "${part[@]}"
}

@test "... as an ordinary user, on a kernel without openat2" {
	need_user
	need_without
	part -x J01
	apply without as_user -- "${part[@]}"
}

@test "... as a user without subordinate ids" {
	need_plain_user
	part -x J01
	apply as_plain_user -- "${part[@]}"
}

@test "... as a user without subordinate ids, on a kernel without openat2" {
	need_plain_user
	need_without
	part -x J01
	apply without as_plain_user -- "${part[@]}"
}

@test "promise 4: nothing outside, through the store; a copy, an overlay and layers applied in order are the same" {
	through_store --
}

@test "... on a kernel without openat2: through the store" {
	need_without
	part -n 2 -s 1
	through_store without -- "${part[@]}"
}

@test "... as an ordinary user: through the store" {
	need_user
	part -f gzip -n 4
	through_store as_user -- "${part[@]}"
}

@test "... as an ordinary user, on a kernel without openat2: through the store" {
	need_user
	need_without
	part -f plain -n 4 -s 1
	through_store without as_user -- "${part[@]}"
}

@test "... as a user without subordinate ids: through the store" {
	need_plain_user
	part -f plain -n 4 -s 2
	through_store as_plain_user -- "${part[@]}"
}

@test "... as a user without subordinate ids, on a kernel without openat2: through the store" {
	need_plain_user
	need_without
	part -f gzip -n 4 -s 3
	through_store without as_plain_user -- "${part[@]}"
}

@test "a copy, an overlay and layers applied in order are the same, whatever the layers" {
	through_store -- --random 1:100
}

@test "... as an ordinary user: whatever the layers" {
	need_user
	through_store as_user -- --random 151:25
}

@test "... as a user without subordinate ids: whatever the layers" {
	need_plain_user
	through_store as_plain_user -- --random 176:25
}

# What openat2 says to Python
openat2_says() {
	python3 -c 'import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(437, -100, b".", (ctypes.c_uint64 * 3)(), 24)
print(os.strerror(ctypes.get_errno()))'
}

@test "a kernel without openat2 is one, to the workers too" {
	need_without
	export -f openat2_says
	[ "$(openat2_says)" != "Function not implemented" ] || skip "this kernel has no openat2"
	[ "$(without openat2_says)" = "Function not implemented" ]
	scratch
	# what is made without it is made with it, where a call of it is the end of the caller
	for how in "" as_user as_plain_user; do
		case $how in
		as_user) need_user ;;
		as_plain_user) need_plain_user ;;
		esac
		python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
from tarkit import *
sys.stdout.buffer.write(layer(reg("a/b", "x")))' "$SCRATCH" >"$SCRATCH/layer"
		mkdir -m 777 "$SCRATCH/$how.tree" "$SCRATCH/$how.other"
		without $how cr-unpack -C "$SCRATCH/$how.tree/root" <"$SCRATCH/layer"
		run without --kill $how cr-unpack -C "$SCRATCH/$how.other/root" <"$SCRATCH/layer"
		[ "$status" -eq 1 ]
		[[ "$output" == *"signal 31"* ]]
	done
}

# --- a defect in parsing is no escape ---

# Layers that lead out of any program without checks of paths
LEADS_OUT='A01 A02 A04 A05 B01 B04 B05 B06 B22 B24 C01 C02 C18 F24 G01 G02 G32 H02'

# naive VARIANT [as_user|as_plain_user] [-k CASE]...: the cases, of which only escapes count
naive() {
	need_root # only who can mount can see to it that nothing is harmed
	local variant=$1 how=()
	shift
	case ${1-} in as_*)
		how=("$1")
		"$1" true # makes the user's directory
		shift
		;;
	esac
	scratch
	variants
	run throwaway "${how[@]}" python3 "$SCRATCH/run.py" -d "$SCRATCH/made" -x J01 -f plain -e "$@" "$SCRATCH/variants/$variant" -C
	echo "$output"
}

@test "without any check of paths there is no escape: the workers are confined" {
	naive naive
	[ "$status" -eq 0 ]
}

@test "... nor as an ordinary user" {
	need_user
	naive naive as_user
	[ "$status" -eq 0 ]
}

@test "... nor as a user without subordinate ids" {
	need_plain_user
	naive naive as_plain_user
	[ "$status" -eq 0 ]
}

@test "without confinement there is no escape: the paths are checked" {
	naive bare
	[ "$status" -eq 0 ]
}

# escape [as_user|as_plain_user]: each of them does
escape() {
	local options
	read -ra options <<<"-k ${LEADS_OUT// / -k }"
	naive naive-bare "$@" "${options[@]}"
	[ "$status" -eq 1 ]
	[ "$(grep ESCAPED <<<"$output" | cut -d ' ' -f 1 | sort -u | tr '\n' ' ')" = "$LEADS_OUT " ]
}

@test "without either, there are escapes" {
	escape
}

@test "... as an ordinary user too" {
	need_user
	escape as_user
}

@test "... as a user without subordinate ids too" {
	need_plain_user
	escape as_plain_user
}

# --- the harness ---

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
	PATH="$SCRATCH/bin:$PATH" run python3 "$SCRATCH/store.py" -k A08 -f plain "$SCRATCH/made"
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

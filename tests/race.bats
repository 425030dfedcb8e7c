# Races: names are exchanged under the hands of the tools, over and over (tests/hostile/race.py, race.c).
#
# $RACES is how many exchanges have to happen while a tool runs, in each test; `make torture` has more than a check.

load helper
load hostile/helper

setup() {
	ROUNDS=${RACES:-3000}
	scratch
	variants
	SWAP=$SCRATCH/variants/swap
	mkdir "$SCRATCH/walk"
}

# target WORD... -- COMMAND...: WORDs before python
target() {
	local how=()
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	run "${how[@]}" python3 "$SCRATCH/race.py" target "$ROUNDS" "$SWAP" "$SCRATCH/made" "${@:2}"
	echo "$output"
}

@test "a directory and a symlink out of the target change places while a layer is unpacked: nothing outside" {
	target -- cr-unpack -C
	[ "$status" -eq 0 ]
}

@test "... on a kernel without openat2" {
	need_without
	target without -- cr-unpack -C
	[ "$status" -eq 0 ]
}

@test "... as an ordinary user" {
	need_user
	target as_user -- cr-unpack -C
	[ "$status" -eq 0 ]
}

@test "... as a user without subordinate ids" {
	need_plain_user
	target as_plain_user -- cr-unpack -C
	[ "$status" -eq 0 ]
}

@test "... by the walk alone, without confinement" {
	need_root
	target throwaway -- "$SCRATCH/variants/bare" -C
	[ "$status" -eq 0 ]
}

@test "... by the walk alone, on a kernel without openat2" {
	need_root
	need_without
	target throwaway "$WITHOUT" -- "$SCRATCH/variants/bare" -C
	[ "$status" -eq 0 ]
}

@test "... by confinement alone, with a naive walk" {
	need_root
	target throwaway -- "$SCRATCH/variants/naive" -C
	[ "$status" -eq 0 ]
}

@test "the race is one: without either it leads out" {
	need_root
	target throwaway -- "$SCRATCH/variants/naive-bare" -C
	[ "$status" -eq 1 ]
	[[ "$output" == *ESCAPED* ]]
}

@test "the library walks, unpacks and removes during the race: no descriptor of anything outside" {
	"$SCRATCH/variants/race" "$SCRATCH/walk" "$ROUNDS"
}

@test "... by hand" {
	"$SCRATCH/variants/race" "$SCRATCH/walk" "$ROUNDS" --by-hand
}

@test "... and a naive walk gives some" {
	run "$SCRATCH/variants/naive-race" "$SCRATCH/walk" "$ROUNDS"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"outside is"* ]]
}

@test "the store's blobs change places with a symlink, and with others: what is published and shown is right" {
	python3 "$SCRATCH/race.py" store "$ROUNDS" "$SWAP" "$SCRATCH/made"
}

@test "... to an ordinary user" {
	need_user
	as_user python3 "$SCRATCH/race.py" store "$ROUNDS" "$SWAP" "$SCRATCH/made"
}

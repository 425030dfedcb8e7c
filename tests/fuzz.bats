# What fuzzers found, and what they found worth keeping, run again; and a little damage done to it. The fuzzers themselves: make fuzz.

load helper

readonly FUZZ=$BATS_TEST_DIRNAME/fuzz

# Built as the unit tests are, by the same compiler: no fuzzer, no clang.
setup_file() {
	local sanitize='-O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' programs=() name
	for name in tar layer pax inflate json text user beneath; do
		programs+=("build/sanitize/tests/fuzz/fuzz_$name")
		python3 "$FUZZ/seeds.py" "$name" "$BATS_FILE_TMPDIR/seeds/$name"
	done
	cd "$ROOT" || return
	{
		make -s -j "$(nproc)" BUILD=build/sanitize CFLAGS="$sanitize" "${programs[@]}" &&
			make -s BUILD=build/sanitize CFLAGS="$sanitize" FUZZ_MAIN= build/sanitize/tests/fuzz/json_tell
	} >"$BATS_FILE_TMPDIR/build.log" 2>&1 </dev/null 3>&-
}

program() {
	printf '%s\n' "$ROOT/build/sanitize/tests/fuzz/$1"
}

need_alone() {
	"$FUZZ/alone" -- true || skip "no mount namespace of its own can be had here"
}

# again [alone --] NAME: the corpus, which must not be empty, and the seeds; then each seed with damage, for two seconds at most
again() {
	local alone=() name
	if [ "$1" = alone ]; then
		alone=("$FUZZ/alone" --)
		shift
	fi
	name=$1
	"${alone[@]}" "$(program "fuzz_$name")" "$FUZZ/corpus/$name" "$BATS_FILE_TMPDIR/seeds/$name"
	"${alone[@]}" "$(program "fuzz_$name")" -d 1000 -t 2 "$BATS_FILE_TMPDIR/seeds/$name" "$FUZZ/corpus/$name"
}

@test "Z1: archives, read in two ways" {
	again tar
}

@test "Z2: layers, applied where nothing else can be written" {
	need_alone
	again alone layer
}

@test "Z3: pax records, numbers, times, maps and names" {
	again pax
}

@test "Z4: gzip, as zlib has it" {
	again inflate
}

@test "Z5: JSON and the documents of images" {
	again json
}

@test "Z5: what is accepted is JSON to python too, with the same values" {
	"$FUZZ/differential_json.py" "$(program json_tell)" "$FUZZ/corpus/json" "$BATS_FILE_TMPDIR/seeds/json"
}

@test "Z6: references, challenges, URLs and other words" {
	again text
}

@test "Z7: users, passwd and group" {
	again user
}

@test "Z8: paths, with openat2 and without" {
	need_alone
	again alone beneath
}

@test "Z9: archives made at random are unpacked as umoci does, or refused" {
	need_root
	need_alone
	command -v umoci >/dev/null || skip "umoci is not installed"
	command -v bsdtar >/dev/null || skip "bsdtar is not installed (Debian: libarchive-tools)"
	CR_UNPACK=$BIN/cr-unpack "$FUZZ/alone" -- python3 "$FUZZ/differential.py" -n 150 "$BATS_FILE_TMPDIR/kept"
}

# The mutants of tests/hostile/mutants.py are what tests/mutants builds and tests; here only that they could be built.

load helper

@test "every mutant's text stands in its file exactly once" {
	run python3 "$BATS_TEST_DIRNAME/mutants" -l
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^[0-9]+" mutants, 0 out of date"$ ]]
	[ "${output%% *}" -ge 25 ]
}

@test "a text that is gone, or there twice, is told" {
	mkdir -p "$BATS_TEST_TMPDIR/tests"
	cp -R "$ROOT/lib" "$BATS_TEST_TMPDIR/"
	cp -R "$BATS_TEST_DIRNAME/mutants" "$BATS_TEST_DIRNAME/hostile" "$BATS_TEST_TMPDIR/tests/"
	sed -i '/BENEATH_LINKS_MAX/d' "$BATS_TEST_TMPDIR/lib/beneath.c"
	cat "$ROOT/lib/confine_linux.c" >>"$BATS_TEST_TMPDIR/lib/confine_linux.c"
	run python3 "$BATS_TEST_TMPDIR/tests/mutants" -l
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"link count: lib/beneath.c has its text 0 times"* ]]
	[[ "$output" == *"capabilities: lib/confine_linux.c has its text 2 times"* ]]
}

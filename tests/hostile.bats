# Layers made to break out, crash or exhaust: tests/hostile/cases.py says what each is, run.py what must come of it.

load helper

# An ordinary user looks at the trees as root of a namespace that has its subordinate ids: else it could not read them.
hostile() {
	local as_root=()
	is_root || as_root=(unshare --map-root-user --map-auto --)
	"${as_root[@]}" true || skip "no user namespace with subordinate ids"
	PYTHONDONTWRITEBYTECODE=1 run "${as_root[@]}" python3 "$BATS_TEST_DIRNAME/hostile/run.py" "$@"
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

@test "libtar frames headers and does nothing else" {
	command -v nm >/dev/null || skip "nm is not installed"
	run bash -c 'nm -D -u "$(command -v cr-unpack)" | grep -oE "\<(tar_|th_|safer_|mkdirhier)[a-z_]*" | sort | tr "\n" " "'
	[ "$output" = "tar_close tar_fdopen th_read " ]
}

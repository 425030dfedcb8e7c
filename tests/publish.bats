# How a layer gets its name: when it is on the disk, whole, and not before.

load helper

setup() {
	setup_store
	command -v strace >/dev/null || skip "strace is not installed"
	strace -o /dev/null true 2>/dev/null || skip "tracing is not allowed here"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir one two
	echo 1 >one/f
	echo 2 >two/g
	store_image example.org/two:1 one two >/dev/null
	cr-inspect -r example.org/two:1 >records
}

published() {
	ls "$CR_STORE/layers/sha256"
}

# Its calls of the kind, in order, without arguments: of the process that publishes, not of its workers.
calls() {
	strace -qq -o trace -e signal=none -e "trace=$1" cr-unpack <records >/dev/null
	sed 's/(.*//' trace | tr '\n' ' '
}

@test "a layer is on the disk before it has its name, and then the name is" {
	[ "$(calls syncfs,renameat,renameat2,fsync)" = "syncfs renameat fsync syncfs renameat fsync " ]
}

@test "killed at the rename, nothing has a name; the next one finishes" {
	run strace -qq -o /dev/null -e trace=renameat -e inject=renameat:signal=KILL:when=1 cr-unpack <records
	[ "$status" -eq 137 ]
	[ -z "$(published)" ]
	cr-unpack <records >out
	cmp records out
	[ "$(published | wc -l)" -eq 2 ]
	[ -z "$(leftovers | grep -v '\.lock$')" ]
}

@test "what cannot be written to the disk gets no name" {
	run --separate-stderr strace -qq -o /dev/null -e trace=syncfs -e inject=syncfs:error=EIO cr-unpack <records
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"Input/output error"* ]]
	[ -z "$(published)" ]
	cr-unpack <records | cmp records -
}

@test "a name that may not be on the disk is not reported as done" {
	run --separate-stderr strace -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO cr-unpack <records
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"Input/output error"* ]]
	[ "$output" = "$(head -n 2 records)" ]
}

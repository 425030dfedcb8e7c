#!/usr/bin/env bats
# cr-fetch-blob: blobs into the store, by a real registry and by one that breaks every rule.

load helper
load faults

setup_file() {
	start_registry
	push_busybox
	start_faults
}

teardown_file() {
	stop_registry
	stop_faults
}

setup() {
	setup_store
	need_faults
}

# fetch REPOSITORY: the layer, as one record
fetch() {
	layer_of "$1" >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
}

# It is in the store, was printed, and nothing was said.
fetched() {
	[ "$status" -eq 0 ] && [ "$output" = "$(cat "$BATS_TEST_TMPDIR/record")" ] && [ -z "$stderr" ] &&
		[ "$(sha256sum <"$(blob)")" = "${LAYER#sha256:}  -" ] && [ -z "$(leftovers)" ] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# It failed with that status and those words, named host and digest, and nothing has the digest's name.
refused() {
	fails "$1" "$2" && [[ $stderr == *"$FAULTS"* && $stderr == *"$LAYER"* ]] && [ ! -e "$(blob)" ]
}

blob() {
	printf '%s/images/blobs/sha256/%s' "$CR_STORE" "${LAYER#sha256:}"
}

# How many requests the test has made.
count() {
	requests | wc -l
}

# --- a real registry ---

@test "records come out in their order when their blobs are there" {
	need_registry
	cr-fetch-manifest "$REGISTRY/busybox" >"$BATS_TEST_TMPDIR/records"
	run --separate-stderr cr-fetch-blob <"$BATS_TEST_TMPDIR/records"
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/records")" ]
	[ -z "$stderr" ]
	cut -f 1 "$BATS_TEST_TMPDIR/records" | xargs cr-verify
}

@test "a layer does not wait for one that stands before it; everything waits for documents" {
	need_registry
	mkdir "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
	echo 1 >"$BATS_TEST_TMPDIR/one/file"
	echo 2 >"$BATS_TEST_TMPDIR/two/file"
	push_image two-layers:1 "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" >/dev/null
	cd "$BATS_TEST_TMPDIR" || return
	cr-fetch-manifest "$REGISTRY/two-layers:1" >records
	partial=$CR_STORE/tmp/blob-$(sed -n 3p records | cut -f 1 | cut -d : -f 2)
	exec 8>"$partial"
	flock 8 # as if another process were at it
	: >out
	cr-fetch-blob <records >out 8>&- &
	pid=$!
	for _ in {1..500}; do
		[ "$(wc -l <out)" -lt 3 ] || break
		sleep 0.01
	done
	sed 3d records | diff - out
	exec 8>&-
	wait "$pid"
	{ sed 3d records; sed -n 3p records; } | diff - out
	sort records | diff - <(cr-unpack <out | sort)
	cr-unpack <out | diff records - # which brings them in order again
}

@test "-o - writes the blob, and prints no record" {
	need_registry
	layer=$(cr-fetch-manifest "$REGISTRY/busybox" | sed -n 3p | cut -f 1)
	cr-fetch-blob -o - "$REGISTRY/busybox@$layer" >"$BATS_TEST_TMPDIR/bytes"
	[ "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/bytes" | cut -d ' ' -f 1)" = "$layer" ]
	run --separate-stderr cr-fetch-blob "$REGISTRY/busybox@$layer"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

# --- what is there, and what is not ---

@test "a blob that is there is not fetched again" {
	fetch plain/x
	fetched
	[ "$(count)" -eq 1 ]
	fetch plain/x
	fetched
	[ "$(count)" -eq 1 ]
}

@test "the same blob twice is fetched once, and printed twice" {
	{ layer_of plain/x; layer_of plain/x; } >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	fetched
	[ "$(count)" -eq 1 ]
}

@test "a record without a source is not found, unless its blob is there" {
	layer_of plain/x | sed 's/[^\t]*$/-/' >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	fails 4 "$LAYER"
	cr-fetch-blob "$FAULTS/plain/x@$LAYER"
	run --separate-stderr cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	fetched
}

@test "after a failure it goes on, and the first failure is the status" {
	{ layer_of wrong/x; layer_of forbidden/x; layer_of plain/x; } >"$BATS_TEST_TMPDIR/records"
	layer_of plain/x >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr cr-fetch-blob -j 1 <"$BATS_TEST_TMPDIR/records"
	[ "$status" -eq 3 ]
	[ "${output}" = "$(cat "$BATS_TEST_TMPDIR/record")" ]
	[[ $stderr == *wrong/x* && $stderr == *forbidden/x* ]]
}

@test "a record is printed before stdin ends" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	cr-fetch-blob <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
	layer_of plain/x >&8
	read -r -t 10 line <&9
	exec 8>&- 9<&-
	wait $!
	[ "$line" = "$(layer_of plain/x)" ]
}

@test "a malformed record is exit 3, an unknown option and no digest exit 2" {
	run --separate-stderr cr-fetch-blob <<<"nonsense"
	fails 3 "line 1"
	run --separate-stderr cr-fetch-blob --nonsense
	fails 2 nonsense
	run --separate-stderr cr-fetch-blob "$FAULTS/plain/x:latest"
	fails 2 digest
	run --separate-stderr cr-fetch-blob -j 0
	fails 2 jobs
}

# --- what may pass, and what will not ---

@test "an error without end is not read to its end" {
	fetch endless-error/x
	refused 5 forbidden
	sleep 0.5
	run ! grep -q 'read to its end' "$FAULT_DIR/notes"
}

@test "nobody there is exit 1" {
	run --separate-stderr cr-fetch-blob "127.0.0.1:1/x@$LAYER"
	fails 1 '127.0.0.1:1'
}

# --- promise 5: no credential travels ---

@test "a password that a registry repeats is not shown" {
	credentials "$FAULTS"
	fetch echo/x
	refused 5 'you sent'
	[[ $stderr != *"$(printf user:pass-word | base64)"* ]]
}

@test "a process that fetches has no secret in its arguments" {
	credentials "$FAULTS"
	mkfifo "$BATS_TEST_TMPDIR/in"
	cr-fetch-blob <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in"
	layer_of basic/x >&8
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -s "$BATS_TEST_TMPDIR/out" ] || sleep 0.2
	done
	[ -s "$BATS_TEST_TMPDIR/out" ]
	run ! grep -aq 'pass-word\|dXNlcjpw' "/proc/$!/cmdline"
	exec 8>&-
	wait $!
}

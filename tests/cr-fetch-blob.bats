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

# --- promise 1: no wrong blob ---

@test "wrong bytes of the right size are refused, and nothing is left of them" {
	fetch wrong/x
	refused 3 'wrong bytes'
	[ -z "$(leftovers)" ]
}

@test "more bytes than the record says are refused" {
	fetch longer/x
	refused 3 'bytes are announced, not'
}

@test "fewer bytes than the record says are refused" {
	fetch shorter/x
	refused 3 '300323 bytes are announced, not 300324'
}

@test "a part where the whole was asked for is refused" {
	fetch part/x
	refused 3 'not asked for'
}

@test "what an earlier process left wrong is fetched anew" {
	mkdir -p "$CR_STORE/tmp"
	head -c 1000 /dev/zero >"$CR_STORE/tmp/blob-${LAYER#sha256:}"
	fetch plain/x
	fetched
	requests | grep -q 'bytes=1000-'
}

# --- promise 6: what had arrived is not asked for again ---

@test "a body that breaks off is continued where it broke" {
	fetch cut-once/x1
	fetched
	requests | tail -n 1 | grep -q 'bytes=100000-'
	[ "$(count)" -eq 2 ]
}

@test "what a killed process left is continued" {
	mkdir -p "$CR_STORE/tmp"
	cr-fetch-blob -o - "$FAULTS/plain/x@$LAYER" | head -c 100000 >"$BATS_TEST_TMPDIR/part"
	rm "$(blob)"
	mv "$BATS_TEST_TMPDIR/part" "$CR_STORE/tmp/blob-${LAYER#sha256:}"
	fetch plain/x
	fetched
	requests | tail -n 1 | grep -q 'bytes=100000-'
}

@test "a transfer that fails for good leaves its part for the next" {
	fetch cut/x2
	refused 1 'transfer closed'
	[ -n "$(leftovers)" ]
	fetch plain/x
	fetched
}

@test "a server that cannot continue begins again: by 200, by 416" {
	fetch cut-no-range/x3
	fetched
	rm "$(blob)"
	fetch cut-416/x4
	fetched
}

@test "a part that begins elsewhere than was asked for is refused" {
	fetch cut-wrong-range/x5
	refused 3 'not asked for'
}

# --- what may pass, and what will not ---

@test "500 twice and then the blob is success" {
	fetch unwell/x6
	fetched
	[ "$(count)" -eq 3 ]
}

@test "500 and 429 for ever end after three more tries" {
	fetch down/x7
	refused 1 'status 500'
	[ "$(count)" -eq 4 ]
	fetch busy/x8
	refused 1 'slow down'
	[ "$(count)" -eq 8 ]
}

@test "who asks to be left alone for years is not asked again, nor waited for" {
	fetch busy-long/x9
	refused 1 'too many requests'
	[ "$(count)" -eq 1 ]
}

@test "403 and 404 are not tried again" {
	fetch forbidden/x
	refused 5 'requested access is denied'
	[ "$(count)" -eq 1 ]
	fetch html/x
	refused 4 'not found'
	[ "$(count)" -eq 2 ]
}

@test "an error without end is not read to its end" {
	fetch endless-error/x
	refused 5 forbidden
	sleep 0.5
	run ! grep -q 'read to its end' "$FAULT_DIR/log"
}

@test "nobody there is exit 1" {
	run --separate-stderr cr-fetch-blob "127.0.0.1:1/x@$LAYER"
	fails 1 '127.0.0.1:1'
}

# --- redirects ---

@test "five redirects are followed, six and a loop are not" {
	fetch redirect-5/x
	fetched
	rm "$(blob)"
	fetch redirect-6/x
	refused 3 'more than 5 redirects'
	fetch redirect-loop/x
	refused 3 'more than 5 redirects'
}

@test "redirects to anything but http and https, with a user, or to nothing are refused" {
	for fault in ftp file user empty; do
		fetch "redirect-$fault/x"
		refused 3 "$FAULTS"
	done
	[ "$(count)" -eq 4 ]
}

@test "redirects to link-local addresses and to plain http elsewhere are refused" {
	fetch redirect-metadata/x
	refused 3 'link-local'
	fetch redirect-plain/x
	refused 3 'plain-http'
}

# --- promise 5: no credential travels ---

@test "no credential travels with a redirect to another port" {
	credentials "$FAULTS"
	fetch redirect/x
	fetched
	requests | awk -F '\t' '$1 == 2 { seen = 1; if ($4 != "-") exit 1 } END { if (!seen) exit 1 }'
	requests | awk -F '\t' '$1 == 1 && $4 != "-" { sent = 1 } END { exit !sent }'
}

@test "a password is not given to whom a redirect leads" {
	credentials "$FAULTS"
	fetch redirect-basic/x
	refused 5 'redirected to'
	requests | awk -F '\t' '$4 != "-" { exit 1 }'
}

@test "a password that a registry repeats is not shown" {
	credentials "$FAULTS"
	fetch echo/x
	refused 5 'you sent'
	[[ $stderr != *"$(printf user:pass-word | base64)"* ]]
}

@test "a signed address is not shown" {
	credentials "$FAULTS"
	fetch redirect/x
	[[ $stderr != *very-secret* ]]
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

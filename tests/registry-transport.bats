#!/usr/bin/env bats
# Connections, framing and headers that go wrong: THREATS 7.2, R01 to R19. Of a blob, where no other is named.

load helper
load faults

setup_file() {
	start_faults alone
}

teardown_file() {
	stop_faults
}

setup() {
	setup_store
	need_faults
}

# --- time-outs ---

@test "R01, R03, R04: by default, none of who never answers, or answers too slowly, is waited for longer than 40 s" {
	layer_of raw/body-slowly >"$BATS_TEST_TMPDIR/body"
	layer_of raw/headers-slowly >"$BATS_TEST_TMPDIR/headers"
	began=$SECONDS
	for fault in silent headers-slowly body-slowly; do
		(
			layer_of "raw/$fault" >"$BATS_TEST_TMPDIR/record-$fault"
			code=0
			CR_STORE=$CR_STORE-$fault inside cr-fetch-blob <"$BATS_TEST_TMPDIR/record-$fault" >"$BATS_TEST_TMPDIR/out-$fault" \
				2>"$BATS_TEST_TMPDIR/err-$fault" || code=$?
			echo "$code $((SECONDS - began))" >"$BATS_TEST_TMPDIR/result-$fault"
		) 3>&- &
	done
	wait
	for fault in silent headers-slowly body-slowly; do
		read -r code seconds <"$BATS_TEST_TMPDIR/result-$fault"
		echo "$fault: status $code after $seconds s, $(cat "$BATS_TEST_TMPDIR/err-$fault")"
		[ "$code" -eq 1 ]
		[ "$seconds" -ge 25 ] && [ "$seconds" -le 40 ]
		grep -q "$FAULTS.*$LAYER\|$LAYER.*$FAULTS" "$BATS_TEST_TMPDIR/err-$fault"
		[ ! -s "$BATS_TEST_TMPDIR/out-$fault" ]
		CR_STORE=$CR_STORE-$fault good_store
	done
}

@test "R01: who never answers is given up after the stall time-out" {
	fetch raw/silent
	not_fetched 1 ''
	within 1900 4500
	[ "$(asked)" -eq 1 ]
}

@test "R01: a manifest that never comes is given up after the stall time-out" {
	resolve "raw-manifest/silent@$MANIFEST"
	not_resolved 1 ''
	within 1900 4500
}

@test "R01: a tag that never comes is given up after two stall time-outs at most, of HEAD and of GET" {
	resolve raw-manifest/silent
	not_resolved 1 ''
	within 1900 7000
}

@test "R01: a token that never comes is given up after the stall time-out" {
	fetch token-answer/raw/silent/x
	not_fetched 1 'token server'
	within 1900 4500
}

@test "R01: a connection that nobody accepts is given up after the connect time-out" {
	HOST=127.0.0.1:$(port full) fetch plain/x --stall-timeout 9
	HOST=127.0.0.1:$(port full) not_fetched 1 ''
	within 1900 4500
}

@test "R01: TLS that nobody answers is given up after the connect time-out" {
	: >"$BATS_TEST_TMPDIR/none.crt"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -days 2 >"$BATS_TEST_TMPDIR/none.crt" 2>/dev/null ||
		skip "openssl is not installed"
	HOST=127.0.0.1:$(port mute) fetch plain/x --cacert "$BATS_TEST_TMPDIR/none.crt" --stall-timeout 9
	HOST=127.0.0.1:$(port mute) not_fetched 1 ''
	within 1900 4500
}

@test "R02: a reset without retries is a failure" {
	fetch raw/reset
	not_fetched 1 ''
	[ "$(asked)" -eq 1 ]
}

@test "R02: a reset is tried again" {
	fetch raw/reset-once/x --retries 1
	fetched
	[ "$(asked)" -eq 2 ]
}

@test "R02: a reset of a manifest is tried again, and its HEAD is no more than a question" {
	resolve raw-manifest/reset-once/x --retries 1
	resolved
}

@test "R03: headers a byte a second are given up after the stall time-out" {
	fetch raw/headers-slowly
	not_fetched 1 ''
	within 1900 6000
}

@test "R04: a body a byte a second is given up after the stall time-out" {
	fetch raw/body-slowly
	not_fetched 1 ''
	within 1900 6000
}

@test "R04: a whole transfer may take longer than every time-out" {
	fetch raw/body-steadily --connect-timeout 1 --stall-timeout 1
	fetched
	within 3000 15000
}

# --- bodies ---

@test "R05: half of the announced length is a failure, and the half stays for the next run" {
	fetch raw/half
	not_fetched 1 ''
	part $((LAYER_SIZE / 2))
	fetch plain/x
	fetched
	requests | tail -n 1 | grep -q "bytes=$((LAYER_SIZE / 2))-"
}

@test "R05: half of a manifest is none" {
	resolve "raw-manifest/half@$MANIFEST"
	not_resolved 1 ''
}

@test "R05: an empty body is not the blob" {
	fetch raw/empty
	not_fetched 3 "$LAYER_SIZE"
}

@test "R06: chunks that break off before the last are a failure" {
	fetch raw/chunked-cut
	not_fetched 1 ''
}

@test "R06: a chunked manifest that breaks off is none" {
	resolve "raw-manifest/chunked-cut@$MANIFEST"
	not_resolved 1 ''
}

@test "R07: a chunk of 2^64 - 1 bytes is refused" {
	fetch raw/chunk-huge
	not_fetched '[13]' ''
	within 0 4500
}

@test "R08: a chunk extension of 1 MiB costs no memory, and brings no wrong blob" {
	layer_of raw/chunk-extension >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr inside env time -f %M -o "$BATS_TEST_TMPDIR/memory" cr-fetch-blob --stall-timeout 2 --retries 0 \
		<"$BATS_TEST_TMPDIR/record"
	good_store
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/memory")" -lt 20000 ]
	if [ "$status" -ne 0 ]; then not_fetched '[13]' ''; else fetched; fi
}

@test "R08: a chunk extension without end is given up" {
	fetch raw/chunk-extension-endless
	not_fetched '[13]' ''
	within 0 6000
}

@test "R09: a body that ends with its connection, too short, is a size error" {
	fetch raw/close-short
	not_fetched 3 "$((LAYER_SIZE - 1000)) of $LAYER_SIZE bytes"
}

@test "R10: a body that ends with its connection, at its size, is the blob" {
	fetch raw/close-exact
	fetched
}

@test "R10: so is a manifest" {
	resolve raw-manifest/close-exact
	resolved
}

@test "R11: a Content-Length shorter than the body is refused" {
	fetch raw/length-short
	not_fetched 3 "$((LAYER_SIZE - 1000))"
}

@test "R11: what stands behind a body, and looks like an answer, makes no wrong blob" {
	layer_of raw/forged >"$BATS_TEST_TMPDIR/record"
	printf '%s\t%s\tapplication/vnd.oci.image.config.v1+json\t%s\n' "$CONFIG" "$(config_size)" "$FAULTS/plain/x" \
		>>"$BATS_TEST_TMPDIR/record"
	run --separate-stderr inside cr-fetch-blob -j 1 --stall-timeout 2 --retries 1 <"$BATS_TEST_TMPDIR/record"
	[[ $status == [03] ]]
	[ "${lines[0]}" = "$(head -n 1 "$BATS_TEST_TMPDIR/record")" ]
	[ "$status" -eq 3 ] || [ -e "$(blob "$CONFIG")" ]
	good_store
}

config_size() {
	inside cr-fetch-manifest -p linux/amd64 -s "$BATS_TEST_TMPDIR/other" "$FAULTS/plain/x" | awk -F '\t' 'NR == 2 { print $2 }'
}

@test "R12: a Content-Length longer than the body is refused" {
	fetch raw/length-long
	not_fetched 3 "$((LAYER_SIZE + 100))"
}

@test "R13: two lengths, the wrong one first, are refused" {
	fetch raw/length-wrong-then-right
	not_fetched '[13]' ''
}

@test "R13: two lengths, the right one first, are refused" {
	fetch raw/length-right-then-wrong
	not_fetched '[13]' ''
}

@test "R14: a length and chunks at once are refused" {
	fetch raw/length-and-chunked
	not_fetched '[13]' ''
}

@test "R15: a negative length is refused" {
	fetch raw/length-negative
	not_fetched '[13]' ''
}

@test "bodies are never decoded: a Content-Encoding changes nothing, and none is asked for" {
	fetch raw/encoded
	fetched
	headers | grep -qi 'accept-encoding: identity'
}

# --- headers ---

@test "R16: bytes without a header are no answer" {
	fetch raw/http09
	not_fetched '[13]' ''
}

@test "R16: bytes without a header are no manifest" {
	resolve "raw-manifest/http09@$MANIFEST"
	not_resolved '[13]' ''
}

@test "R17: a header of 400 kB is refused" {
	fetch raw/header-long
	not_fetched 3 'header'
	within 0 3000
}

@test "R17: a header of 400 kB with a manifest, or with a token, is refused" {
	resolve "raw-manifest/header-long@$MANIFEST"
	not_resolved 3 'header'
	resolve token-answer/raw/header-long/x
	not_resolved 3 'header'
}

@test "R18: 200,000 headers are refused" {
	fetch raw/headers-many
	not_fetched 3 'header'
	within 0 3000
}

@test "R18: headers of 300 KiB together are refused" {
	fetch raw/headers-300-kib
	not_fetched 3 'header'
}

@test "R18: headers of 200 KiB together are not" {
	fetch raw/headers-200-kib
	fetched
}

@test "R19: interim answers without end are refused" {
	fetch raw/interim-endless
	not_fetched '[13]' ''
	within 0 6000
}

@test "R19: interim answers without end that come slowly are given up" {
	fetch raw/interim-slowly
	not_fetched '[13]' ''
	within 0 8000
}

@test "R19: a few interim answers are nothing unusual" {
	fetch raw/interim
	fetched
}

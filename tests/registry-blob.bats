#!/usr/bin/env bats
# Blobs whose bytes are wrong, come in parts, or come later: THREATS 7.2, R62 to R64.

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

# leave SIZE [FILE]: an earlier process has left so many bytes of the layer, or of another file
leave() {
	[ -e "$BATS_TEST_TMPDIR/layer" ] ||
		inside curl -s -o "$BATS_TEST_TMPDIR/layer" "http://$FAULTS/blob/$LAYER" || return
	mkdir -p "$CR_STORE/tmp"
	head -c "$1" "${2-$BATS_TEST_TMPDIR/layer}" >"$CR_STORE/tmp/blob-${LAYER#sha256:}"
	forget
}

# again CODE: such a status is tried again
again() {
	fetch "status/$1/once" --retries 1
	fetched
	[ "$(asked)" -eq 2 ]
}

# for_good CODE STATUS: such a status is not
for_good() {
	fetch "status/$1" --retries 3
	not_fetched "$2" 'unwell today'
	[ "$(asked)" -eq 1 ]
}

# waits MIN MAX CODE/CASE: so many milliseconds before the second request, which gets the blob
waits() {
	fetch "after/$3" --retries 1
	fetched
	[ "$(asked)" -eq 2 ]
	gap=$(gaps '')
	echo "waited $gap ms"
	[ "$gap" -ge "$1" ] && [ "$gap" -le "$2" ]
}

# --- wrong bytes ---

@test "R62: wrong bytes of the right size are refused, and nothing is left of them" {
	fetch wrong/x
	not_fetched 3 'wrong bytes'
	[ -z "$(leftovers)" ]
}

@test "R62: the right bytes and one more are refused" {
	fetch longer/x
	not_fetched 3 "$((LAYER_SIZE + 1))"
	[ -z "$(leftovers)" ]
}

@test "R62: one byte more, announced, is not waited for" {
	fetch raw/length-past
	not_fetched 3 "$((LAYER_SIZE + 1))"
	within 0 1500
}

@test "R62: the right bytes and more without end are not read to the end" {
	fetch raw/endless
	not_fetched 3 "$LAYER_SIZE"
	within 0 3000
	until_true test -n "$(notes)"
	[ "$(notes | sed -n 's/poured //p')" -lt 30000000 ]
	[ -z "$(leftovers)" ]
}

@test "R62: the right bytes and more chunks without end are not read to the end" {
	fetch raw/endless-chunks
	not_fetched 3 "$LAYER_SIZE"
	within 0 3000
	[ -z "$(leftovers)" ]
}

@test "R62: fewer bytes than the record says are refused" {
	fetch shorter/x
	not_fetched 3 "$((LAYER_SIZE - 1))"
}

@test "R62: a size of the record that is wrong is refused, whatever the digest" {
	layer_of plain/x | sed "s/\t$LAYER_SIZE\t/\t$((LAYER_SIZE - 1))\t/" >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr inside cr-fetch-blob --retries 0 <"$BATS_TEST_TMPDIR/record"
	not_fetched 3 "$LAYER_SIZE"
}

@test "R62: without a size, more bytes than the blob has are refused by the digest" {
	timed inside cr-fetch-blob --retries 0 "$FAULTS/longer/x@$LAYER"
	not_fetched 3 'wrong bytes'
}

# --- parts ---

@test "R63: a part where the whole was asked for is refused" {
	fetch part/x
	not_fetched 3 'not asked for'
}

@test "R63: a body that breaks off is continued where it broke" {
	fetch cut-once/x1 --retries 1
	fetched
	[ "$(asked)" -eq 2 ]
	requests | tail -n 1 | grep -q 'bytes=100000-'
}

@test "R63: a body that breaks off twice is continued twice, and nothing comes twice" {
	fetch cut-twice/x2 --retries 2
	fetched
	requests | cut -f 5 >"$BATS_TEST_TMPDIR/ranges"
	[ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/ranges")" = '- bytes=100000- bytes=200000- ' ]
}

@test "R63: what an earlier process left is continued" {
	leave 123456
	fetch plain/x
	fetched
	[ "$(asked)" -eq 1 ]
	requests | grep -q 'bytes=123456-'
}

@test "R63: a failure for good leaves its part, and the next run goes on there" {
	fetch cut/x3
	not_fetched 1 ''
	part $((LAYER_SIZE / 2))
	fetch plain/x
	fetched
	requests | tail -n 1 | grep -q "bytes=$((LAYER_SIZE / 2))-"
}

@test "R63: what an earlier process left whole is not asked for" {
	leave "$LAYER_SIZE"
	fetch plain/x
	fetched
	[ "$(asked)" -eq 0 ]
}

@test "R63: what was left whole, of a size that nobody knows: 416, and it is right" {
	leave "$LAYER_SIZE"
	run --separate-stderr inside cr-fetch-blob --retries 0 "$FAULTS/plain/x@$LAYER"
	[ "$status" -eq 0 ]
	[ -e "$(blob "$LAYER")" ]
	good_store
	[ -z "$(leftovers)" ]
}

@test "R63: what an earlier process left longer than the blob is no beginning of it" {
	leave 400000 /dev/zero
	fetch plain/x
	fetched
}

@test "R63: what an earlier process left wrong is hashed again, and fetched anew" {
	leave 100000 /dev/zero
	fetch plain/x
	fetched
	[ "$(asked 'bytes=100000-')" -eq 1 ]
	[ "$(asked $'\t-\t[0-9.]*$')" -eq 1 ]
}

@test "R63: a server that knows no ranges sends the whole again" {
	fetch cut-no-range/x4 --retries 1
	fetched
}

@test "R63: a server that refuses the range is asked for the whole" {
	fetch cut-416/x5 --retries 1
	fetched
	requests | tail -n 1 | grep -qP '\t-\t[0-9.]+$'
}

@test "R63: a part that begins elsewhere than was asked for is refused" {
	fetch cut-wrong-range/x6 --retries 1
	not_fetched 3 'not asked for'
}

@test "R63: a part that says it begins elsewhere is not taken, and the whole is fetched anew" {
	fetch cut-false-range/x8 --retries 1
	fetched
	[ "$(asked)" -eq 3 ]
	requests | tail -n 1 | grep -qP '\t-\t[0-9.]+$'
}

@test "R63: a part that does not say where it begins is refused" {
	fetch cut-no-content-range/x7 --retries 1
	not_fetched 3 'not asked for'
}

@test "R63: bytes that changed between two tries make no wrong blob; the whole is fetched anew" {
	fetch cut-changed/x9 --retries 1
	fetched
}

@test "R63: bytes that change with every try are refused, and the tries are bounded" {
	fetch cut-changed-always/x10 --retries 1
	not_fetched 3 ''
	[ "$(asked)" -le 8 ]
	fetch plain/x
	fetched
}

# --- what may pass ---

@test "R64: 500 twice and then the blob is success" {
	fetch unwell/x11 --retries 3
	fetched
	[ "$(asked)" -eq 3 ]
}

@test "R64: 500 for ever ends after three more tries, each later than the one before" {
	layer_of down/x12 >"$BATS_TEST_TMPDIR/record"
	timed inside cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	not_fetched 1 'status 500'
	[ "$(asked)" -eq 4 ]
	mapfile -t waited < <(gaps '')
	echo "waited ${waited[*]}"
	[ "${waited[0]}" -ge 400 ] && [ "${waited[0]}" -le 1600 ]
	[ "${waited[1]}" -ge 900 ] && [ "${waited[1]}" -le 3100 ]
	[ "${waited[2]}" -ge 1900 ] && [ "${waited[2]}" -le 6100 ]
}

@test "R64: many that fail at once do not come again at once" {
	for i in 1 2 3 4 5 6 7 8; do
		layer_of "status/503/once/j$i" >"$BATS_TEST_TMPDIR/record$i"
		CR_STORE=$CR_STORE$i inside cr-fetch-blob --retries 1 <"$BATS_TEST_TMPDIR/record$i" >/dev/null 2>&1 3>&- &
	done
	wait
	for i in 1 2 3 4 5 6 7 8; do
		gaps "/once/j$i/"
	done | sort -n >"$BATS_TEST_TMPDIR/gaps"
	cat "$BATS_TEST_TMPDIR/gaps"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/gaps")" -eq 8 ]
	[ $(($(tail -n 1 "$BATS_TEST_TMPDIR/gaps") - $(head -n 1 "$BATS_TEST_TMPDIR/gaps"))) -ge 100 ]
}

@test "R64: --retries 0 asks once" {
	fetch down/x13 --retries 0
	not_fetched 1 'status 500'
	[ "$(asked)" -eq 1 ]
}

@test "R64: 408 is tried again" {
	again 408
}

@test "R64: 429 is tried again" {
	again 429
}

@test "R64: 502, 503 and 504 are tried again" {
	again 502
	for code in 503 504; do
		rm "$(blob "$LAYER")"
		forget
		again "$code"
	done
}

@test "R64: 404 is not tried again" {
	for_good 404 4
}

@test "R64: 403 is not tried again" {
	for_good 403 5
}

@test "R64: 400, 410 and 501 are not tried again" {
	for_good 400 1
	for code in 410 501; do
		forget
		for_good "$code" '[14]'
	done
}

@test "R64: wrong bytes are not tried again" {
	fetch wrong/x --retries 3
	not_fetched 3 'wrong bytes'
	[ "$(asked)" -eq 1 ]
}

@test "R64: 429 with Retry-After 0 for ever ends after three more tries, and shows the registry's words" {
	layer_of after/429/0/always >"$BATS_TEST_TMPDIR/record"
	timed inside cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	not_fetched 1 'unwell today'
	[ "$(asked)" -eq 4 ]
	within 0 3000
}

@test "R64: Retry-After in seconds is waited for, with 429" {
	waits 2000 3500 429/2/t
}

@test "R64: Retry-After in seconds is waited for, with 503" {
	waits 2000 3500 503/2/t
}

@test "R64: Retry-After as a date is waited for" {
	waits 1900 4500 429/imf/t
}

@test "R64: Retry-After as a date of RFC 850 is waited for" {
	waits 1900 4500 503/rfc850/t
}

@test "R64: Retry-After as a date of asctime is waited for" {
	waits 1900 4500 503/asctime/t
}

@test "R64: Retry-After in the past, below zero, or in words asks for no longer pause than usual" {
	waits 0 1600 503/past/t
	for case in negative nonsense; do
		rm "$(blob "$LAYER")"
		forget
		waits 0 1600 "503/$case/t"
	done
}

@test "R64: who asks to be left alone for years is not asked again, nor waited for" {
	fetch after/429/years/always --retries 3
	not_fetched 1 'too many requests'
	[[ $stderr == *99999999* ]]
	[ "$(asked)" -eq 1 ]
	within 0 2000
}

@test "R64: so it is when the years are a date" {
	fetch after/503/next-year/always --retries 3
	not_fetched 1 'unwell today'
	[ "$(asked)" -eq 1 ]
	within 0 2000
}

@test "-v tells of a try that failed, and of the next" {
	fetch status/503/once/verbose --retries 1 -v
	[ "$status" -eq 0 ]
	[[ $stderr == *503* && $stderr == *again* ]]
	no_secret_told
}

#!/usr/bin/env bats
# Where a registry leads, and who is not told a secret there: THREATS 7.2, R20 to R29.

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

# astray CASE: a redirect that must not be followed; it is asked for in a network where nobody else can be reached, and the
# system calls tell that nobody was tried.
astray() {
	need_alone
	need_strace
	layer_of "moved/$1" >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr traced cr-fetch-blob --connect-timeout 2 --stall-timeout 2 --retries 0 "${@:2}" <"$BATS_TEST_TMPDIR/record"
	not_fetched 3 ''
	only_loopback
	[ "$(asked)" -eq 1 ]
}

# --- credentials ---

@test "R20: a redirect to another port: the token does not go along" {
	fetch moved-with-token/elsewhere
	fetched
	[ "$(asked $'^2\tGET\t/blob/')" -eq 1 ]
	no_secret_at 2
}

@test "R20: a redirect to another port: the password does not go along" {
	credentials "$FAULTS"
	fetch moved-with-password/elsewhere
	fetched
	[ "$(asked $'^2\tGET\t/blob/')" -eq 1 ]
	[ "$(asked $'^1\t.*Basic')" -ge 1 ]
	no_secret_at 2
}

@test "R20: a redirect within the registry takes the password along" {
	credentials "$FAULTS"
	fetch moved/own-password
	fetched
}

@test "R20: a redirect to another port takes along neither cookies nor where it came from" {
	credentials "$FAULTS"
	fetch moved-with-password/elsewhere
	fetched
	none "$(headers | grep -E '^2'$'\t' | grep -iE $'\t''(cookie|referer|origin):')"
}

@test "R21: a redirect to another host name: the token does not go along" {
	need_alone
	HOST=registry.test:$FAULT_PORT fetch moved-with-token/other-host --plain-http
	HOST=registry.test:$FAULT_PORT fetched
	headers | grep -q $'^2\t.*Host: other.test'
	no_secret_at 2
}

@test "R21: a redirect to another host name: the password does not go along" {
	need_alone
	credentials "registry.test:$FAULT_PORT"
	HOST=registry.test:$FAULT_PORT fetch moved-with-password/other-host --plain-http
	HOST=registry.test:$FAULT_PORT fetched
	headers | grep -q $'^2\t.*Host: other.test'
	no_secret_at 2
}

@test "a signed address is not shown, not with -v, and not when it fails" {
	credentials "$FAULTS"
	fetch moved/signed-forbidden -v
	not_fetched 5 'requested access is denied'
	[[ $stderr == *"127.0.0.1:$FAULT_PORT2"* ]]
	fetch redirect/x -v
	[ "$status" -eq 0 ]
	no_secret_told
}

@test "a signed address that has served its time is asked for anew, and the blob continued" {
	fetch moved-and-cut/x1 --retries 1
	fetched
	[ "$(asked $'^1\t.*/moved-and-cut/')" -eq 2 ]
	requests | tail -n 1 | grep -qP '^2\tGET\t/signed/2/.*\tbytes=100000-\t'
}

# --- other protocols ---

@test "R23: a redirect to ftp: is refused" {
	astray ftp
}

@test "R23: a redirect to file: is refused" {
	astray file
}

@test "R23: a redirect to gopher: is refused" {
	astray gopher
}

@test "R23: a redirect to unix: is refused" {
	astray unix
}

@test "R23: a redirect to dict: is refused" {
	astray dict
}

@test "R24: a redirect that carries a user and a password is refused, and the password not shown" {
	astray user
}

# --- other addresses ---

@test "a redirect to the address of clouds' secrets is refused before anybody is asked" {
	astray metadata
	[[ $stderr == *169.254.169.254* ]]
}

@test "a redirect to the address of clouds' secrets is refused with --plain-http too" {
	astray metadata --plain-http
}

@test "a redirect to that address as one number is refused" {
	astray metadata-number --plain-http
}

@test "a redirect to that address in hexadecimal is refused" {
	astray metadata-hex --plain-http
}

@test "a redirect to that address in IPv6 is refused" {
	astray metadata-6 --plain-http
}

@test "a redirect to a link-local address of IPv6 is refused" {
	astray link-local-6 --plain-http
}

@test "a redirect to plain http elsewhere is refused" {
	need_alone
	need_strace
	layer_of redirect-plain/x >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr traced cr-fetch-blob --retries 0 <"$BATS_TEST_TMPDIR/record"
	not_fetched 3 'plain-http'
	only_loopback
}

@test "a redirect from another machine to this one is refused" {
	need_alone
	HOST=registry.test:$FAULT_PORT fetch moved/loopback --plain-http
	HOST=registry.test:$FAULT_PORT not_fetched 3 '127.0.0.1'
	[ "$(asked $'^2\t')" -eq 0 ]
}

# --- bounds ---

@test "R25: a redirect to itself is followed 5 times" {
	fetch moved/loop
	not_fetched 3 'redirects'
	[ "$(asked)" -eq 6 ]
}

@test "R26: five redirects are followed" {
	fetch redirect-5/x
	fetched
}

@test "R26: six redirects are not" {
	fetch redirect-6/x
	not_fetched 3 'redirects'
	[ "$(asked)" -eq 6 ]
}

# --- locations ---

@test "R27: a redirect to an empty location is refused" {
	astray empty
}

@test "R27: a redirect without a location is refused" {
	fetch moved-nowhere/x
	not_fetched 3 'redirect'
}

@test "R27: a location without a scheme leads to another host, and is refused as such" {
	astray slashes
	[[ $stderr == *evil.test* ]]
}

@test "R27: a location with a carriage return is refused, or at least nothing is injected" {
	fetch moved/cr
	not_fetched '[1345]' ''
	none "$(headers | grep -i injected)"
}

@test "R27: a location with blanks makes no other request line" {
	fetch moved/blank
	not_fetched '[1345]' ''
	[ "$(asked $'GET\t[^\t]* ')" -eq 0 ]
}

@test "R27: a location with an encoded line break injects no header" {
	fetch moved/encoded-crlf
	not_fetched '[1345]' ''
	none "$(headers | grep -i $'\t''X-Injected')"
}

@test "R27: a location of 64 kB is refused" {
	fetch moved/64-kib
	not_fetched 3 ''
	[ "$(asked)" -eq 1 ]
	[ "${#stderr}" -lt 2000 ]
}

@test "R27: a location with an impossible port is refused" {
	astray port
}

@test "R27: locations relative to the host and to the path are followed" {
	fetch moved/here
	fetched
	rm "$(blob "$LAYER")"
	fetch moved/below
	not_fetched 3 'redirects'
	[ "$(asked '/moved/below/blobs/.*again')" -eq 5 ]
}

@test "R28: a manifest that has moved for good is found, and has its digest" {
	resolve moved-manifest/x
	resolved
	rm -rf "$CR_STORE"
	resolve "moved-manifest/x@$MANIFEST"
	resolved
}

@test "R29: a page in the stead of a blob is refused" {
	fetch moved-to-page/x
	not_fetched 3 ''
}

@test "R29: a page in the stead of a manifest is refused" {
	resolve moved-to-page/x
	not_resolved 3 ''
	resolve "moved-to-page/x@$MANIFEST"
	not_resolved 3 ''
}

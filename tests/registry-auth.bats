#!/usr/bin/env bats
# Challenges, token servers, and what they may not have: THREATS 7.2, R30 to R43.

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

# says CASE STATUS WORDS: the token server's answer is refused, and no token of it is used
says() {
	resolve "token-answer/says/$1/x"
	not_resolved "$2" "$3"
	[[ $stderr == *'token'* ]]
	[ "$(asked 'Bearer')" -eq 0 ]
}

# served CASE: the answer is taken, once
served() {
	resolve "token-answer/says/$1/x"
	resolved
	[ "$(asked '/token/')" -eq 1 ]
}

# astray CASE STATUS: the realm is refused before anybody is asked
astray() {
	need_alone
	need_strace
	credentials "${HOST-$FAULTS}"
	run --separate-stderr traced cr-fetch-manifest --connect-timeout 2 --stall-timeout 2 --retries 0 "${@:3}" \
		"${HOST-$FAULTS}/challenge/$1"
	not_resolved "$2" ''
	only_loopback
	[ "$(asked '/token/')" -eq 0 ]
	[ "$(asked '^2')" -eq 0 ]
	no_secret_at 1 2
}

# --- who is asked, how often ---

@test "a token that worked goes with the next requests at once" {
	resolve token/x
	resolved
	[ "$(asked '/token/free')" -eq 1 ]
	[ "$(asked $'/v2/.*\t-\t-\t')" -eq 1 ]
	fetch token/x
	fetched
}

@test "a token serves all blobs of a repository" {
	resolve token/x
	printf '%s\n' "${lines[@]:1:2}" >"$BATS_TEST_TMPDIR/record"
	rm -rf "$CR_STORE"
	run --separate-stderr inside cr-fetch-blob -j 1 <"$BATS_TEST_TMPDIR/record"
	fetched
	[ "$(asked '/token/free')" -eq 2 ]
	[ "$(asked $'/blobs/.*\t-\t-\t')" -eq 1 ]
}

@test "a password that worked goes with the next requests at once" {
	credentials "$FAULTS"
	resolve basic/x
	resolved
	[ "$(asked $'/v2/.*\t-\t-\t')" -eq 1 ]
}

@test "a token that is no longer taken is renewed in the middle of a pull" {
	resolve token-renewed/a
	resolved
	[ "$(asked '/token/next')" -eq 2 ]
	[ "$(asked 'Bearer token-2')" -ge 1 ]
}

@test "R30: 401 without a challenge is exit 5, after one look at /v2/" {
	resolve no-challenge/x
	not_resolved 5 'who are you'
	[ "$(asked "GET"$'\t/v2/?\t')" -ge 1 ]
	[ "$(asked)" -le 8 ]
}

@test "R30: 401 without a challenge at a place that has none: exit 5" {
	HOST=127.0.0.1:$FAULT_PORT2 resolve no-challenge/x
	HOST=127.0.0.1:$FAULT_PORT2 not_resolved 5 'who are you'
	[ "$(asked)" -le 6 ]
	no_secret_at 2
}

@test "R30: where a 401 has no challenge, that of GET /v2/ serves" {
	resolve challenge-v2/x
	resolved
	[ "$(asked '/token/version')" -eq 1 ]
}

@test "R31: a token that is never taken is renewed once at most" {
	fetch token-useless/x
	not_fetched 5 'authentication required'
	[ "$(asked '/token/')" -le 2 ]
	[ "$(asked $'\t/v2/')" -le 3 ]
}

@test "R31: a password that is never taken is sent once" {
	credentials "$FAULTS" user:other-word
	fetch basic/x
	not_fetched 5 ''
	[ "$(asked 'Basic')" -eq 1 ]
	[ "$(asked)" -le 3 ]
}

# --- realms ---

@test "R32: a realm at the address of clouds' secrets is refused before anybody is asked" {
	astray metadata 3
	[[ $stderr == *169.254.169.254* ]]
}

@test "R32: so it is with --plain-http, and when another machine leads there" {
	astray metadata 3 --plain-http
	HOST=registry.test:$FAULT_PORT astray metadata 3 --plain-http
	[[ $stderr == *169.254.169.254*link-local* ]]
}

@test "R32: a realm at a link-local address of IPv6 is refused" {
	HOST=registry.test:$FAULT_PORT astray link-local-6 3 --plain-http
	[[ $stderr == *link-local* ]]
}

@test "R32: a realm on this machine is refused when another leads there" {
	need_alone
	HOST=registry.test:$FAULT_PORT resolve challenge/http --plain-http
	HOST=registry.test:$FAULT_PORT not_resolved 3 'this machine'
	[ "$(asked '/token/')" -eq 0 ]
}

@test "R33: a realm on another host does not get the registry's password" {
	credentials "$FAULTS"
	resolve token-elsewhere/x
	not_resolved 5 'token server'
	[ "$(asked $'^2\t')" -ge 1 ]
	no_secret_at 2
}

@test "R33: nor does it get the identity token" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"identitytoken":"identity-secret"}}}' "$FAULTS" >"$REGISTRY_AUTH_FILE"
	resolve token-elsewhere/x
	not_resolved 5 'token server'
	no_secret_at 2
}

@test "R34: a realm of file: is refused" {
	astray file 3
}

@test "R34: a realm of gopher: is refused" {
	astray gopher 3
}

@test "R34: a realm that carries a user is refused" {
	astray user 3
}

@test "R36: a challenge without a realm is refused" {
	astray no-realm '[35]'
}

@test "R36: an empty realm is refused" {
	astray empty-realm '[35]'
}

@test "R36: a realm that is no whole URL is refused" {
	astray relative 3
}

@test "R36: a realm whose quote does not end is refused" {
	resolve realm-unterminated/x
	not_resolved 3 'WWW-Authenticate'
}

@test "R36: a challenge of 1 MiB is refused" {
	astray long 3
	[ "${#stderr}" -lt 2000 ]
}

@test "R36: a challenge with two realms is refused" {
	astray twice 3
}

@test "R36: quotes and backslashes are read as they are meant" {
	resolve challenge/escaped
	resolved
}

@test "names and schemes of a challenge may be written in any case" {
	resolve challenge/odd-case
	resolved
}

@test "a realm that has a query keeps it" {
	resolve challenge/query
	resolved
}

@test "R37: of two challenges in one header, Basic first, the token's is answered" {
	resolve challenge/basic-first
	resolved
}

@test "R37: of two headers, Basic first, the token's is answered" {
	resolve challenge/two-headers
	resolved
}

@test "R37: challenges of unknown schemes are passed over" {
	resolve challenge/unknown-first
	resolved
}

# --- token servers' answers ---

@test "R38: a token answer of 10 MiB is refused" {
	says long 3 65536
	within 0 3000
}

@test "R38: a token answer of 64 KiB and a byte is refused" {
	says 64-kib-and-1 3 65536
}

@test "R38: a token answer that announces more than 64 KiB is not waited for" {
	resolve token-answer/raw/length-64-kib-and-1/x
	not_resolved 3 65536
	within 0 1500
}

@test "R38: a token answer without end is not read to its end" {
	resolve token-answer/raw/endless/x
	not_resolved 3 65536
	within 0 3000
}

@test "R38: a token answer of 64 KiB is taken" {
	served 64-kib
}

@test "R39: a token with a line break is refused, and injects no header" {
	says crlf 3 token
	none "$(headers | grep -i $'\t''X-Injected')"
}

@test "R39: a token with a NUL is refused" {
	says nul 3 token
}

@test "R40: a token that expires at once is used, and not asked for without end" {
	resolve token-answer/says/expires-0/x
	resolved
	[ "$(asked '/token/')" -le 3 ]
}

@test "R40: a token that has expired before it came is used, and not asked for without end" {
	resolve token-answer/says/expires-negative/x
	resolved
	[ "$(asked '/token/')" -le 3 ]
}

@test "R40: a token that expires never, or in words, is used" {
	served expires-huge
	rm -rf "$CR_STORE"
	resolve token-answer/says/expires-text/x
	resolved
}

@test "R41: an answer with two tokens is refused" {
	says twice 3 token
}

@test "an answer with JSON deeper than 64 is refused" {
	says deep 3 64
}

@test "an answer that is empty is refused" {
	says empty 3 ''
}

@test "an answer without a token is refused" {
	says none 3 ''
}

@test "an answer with an empty token is refused" {
	says empty-token 3 ''
}

@test "an answer whose token is a number is refused" {
	says number 3 ''
}

@test "an answer that is a page is refused" {
	says html 3 ''
	[[ $stderr != *'<html>'* ]]
}

@test "a narrower scope than was asked for is no error" {
	served narrow
}

@test "R42: a token server that leads to the address of clouds' secrets is not followed" {
	need_alone
	need_strace
	credentials "$FAULTS"
	run --separate-stderr traced cr-fetch-manifest --connect-timeout 2 --retries 0 "$FAULTS/token-answer/moved/metadata/x"
	not_resolved '[13]' 'token server'
	only_loopback
}

@test "R42: a token server that leads elsewhere takes no password along" {
	credentials "$FAULTS"
	resolve token-answer/moved/elsewhere/x
	not_resolved '[135]' 'token server'
	no_secret_at 2
}

@test "a token server that is unwell is exit 1, and says so" {
	resolve token-answer/status/500/x
	not_resolved 1 'token server'
	resolve token-answer/status/404/x
	not_resolved '[14]' 'token server'
}

@test "a token server that forbids is exit 5" {
	resolve token-answer/status/403/x
	not_resolved 5 'token server'
}

@test "a token server that is unwell once is asked again" {
	resolve token-answer/raw/reset-once/x --retries 1
	resolved
}

# --- identity tokens ---

@test "an identity token goes to a server that knows GET alone in no address" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"identitytoken":"identity-secret"}}}' "$FAULTS" >"$REGISTRY_AUTH_FILE"
	resolve token-identity-old/x
	resolved
	[ "$(asked $'POST\t/token/')" -eq 1 ]
	[ "$(asked 'identity-secret')" -eq 0 ]
}

@test "an identity token is posted with scope, service and a client's name" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"identitytoken":"identity-secret"}}}' "$FAULTS" >"$REGISTRY_AUTH_FILE"
	resolve token-identity/x
	resolved
	headers | grep 'refresh_token=identity-secret' | grep 'scope=repository%3Ax%3Apull%2Cpush' | grep 'service=a%2Cb' |
		grep -q 'client_id='
}

# --- secrets ---

@test "R43: a password is not given to whom a redirect leads" {
	credentials "$FAULTS"
	fetch moved-with-password/wants-password
	not_fetched 5 'redirected to'
	[ "$(asked $'^2\t')" -eq 1 ]
	no_secret_at 2
}

@test "R43: a password for the very host a redirect leads to is not given either" {
	credentials "127.0.0.1:$FAULT_PORT2"
	fetch moved/wants-password
	not_fetched 5 'redirected to'
	no_secret_at 1 2
}

@test "a token that a registry repeats is not shown" {
	fetch echo-token/x
	not_fetched 5 'you sent'
}

@test "-v shows no secret" {
	credentials "$FAULTS"
	fetch token-user/x -v
	[ "$status" -eq 0 ]
	no_secret_told
	resolve token-user/x -v
	[ "$status" -eq 0 ]
	no_secret_told
}

@test "no secret is in the store" {
	credentials "$FAULTS"
	resolve token-user/x
	resolved
	fetch cut/x
	run ! grep -rE 'the-token|pass-word|dXNlcjpwYXNz' "$CR_STORE"
}

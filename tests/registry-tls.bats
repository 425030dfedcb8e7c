#!/usr/bin/env bats
# Who a registry is, and who says so: certificates, certs.d, IPv6; THREATS 7.2, R22 and R35.

load helper
load faults

setup_file() {
	start_tls_faults
}

teardown_file() {
	stop_faults
}

setup() {
	setup_store
	need_faults
	need_tls
}

# at NAME CMD...: with HOST, where the server of that name is
at() {
	HOST=127.0.0.1:$(port "$1") "${@:2}"
}

# certs_of NAME FILE...: what is known of that server, as NAME.crt and so on in its directory of certs.d
certs_of() {
	local dir
	dir=$XDG_CONFIG_HOME/${CERTS-container/certs.d}/127.0.0.1:$(port "$1")
	mkdir -p "$dir"
	shift
	cp "$@" "$dir"
}

# untrusted NAME: its certificate is refused, and nothing is asked
untrusted() {
	credentials "127.0.0.1:$(port "$1")"
	at "$1" fetch basic/x --cacert "$CA"
	at "$1" not_fetched 1 'ertificate'
	[ "$(asked)" -eq 0 ]
}

# --- certificates ---

@test "a certificate of an authority that --cacert names is accepted" {
	at good fetch plain/x --cacert "$CA"
	at good fetched
	at good resolve plain/x --cacert "$CA"
	at good resolved
}

@test "without --cacert it is not" {
	at good fetch plain/x
	at good not_fetched 1 'ertificate'
	[ "$(asked)" -eq 0 ]
}

@test "a registry on loopback that wants TLS gets it, and no secret before" {
	credentials "127.0.0.1:$(port good)"
	at good fetch basic/x --cacert "$CA"
	at good fetched
	rm "$(blob "$LAYER")"
	at good fetch basic/x
	at good not_fetched 1 'ertificate'
	[ "$(notes | grep -c 'with a secret')" -eq 0 ]
}

@test "with --cacert loopback is not asked by plain http either" {
	at good fetch plain/x --cacert "$CA"
	at good fetched
	[ -z "$(notes)" ]
}

@test "a certificate for another name is refused" {
	credentials "127.0.0.1:$(port other)"
	at other fetch basic/x --cacert "$CA"
	at other not_fetched 1 ''
	[[ $stderr == *certificate* || $stderr == *'no alternative'* ]]
	[ "$(asked)" -eq 0 ]
}

@test "a certificate that has expired is refused" {
	untrusted expired
	[[ $stderr == *expired* ]]
}

@test "a certificate that is not valid yet is refused" {
	untrusted early
}

@test "a certificate that nobody has signed is refused" {
	untrusted selfsigned
}

@test "a certificate of another authority is refused" {
	untrusted stranger
}

@test "a certificate that is refused is not tried again, nor is plain http tried" {
	at expired fetch plain/x --cacert "$CA" --retries 3
	at expired not_fetched 1 'expired'
	within 0 1500
}

@test "a registry of another machine is asked by https, and never by plain http when that fails" {
	need_alone
	HOST=good.test:$FAULT_PORT fetch plain/x
	HOST=good.test:$FAULT_PORT not_fetched 1 ''
	[ "$(asked)" -eq 0 ]
}

@test "an authority's file that is not there is an error that names it" {
	at good fetch plain/x --cacert "$BATS_TEST_TMPDIR/none.crt"
	at good fails '[124]' "$BATS_TEST_TMPDIR/none.crt"
	[ "$(asked)" -eq 0 ]
}

# --- where https leads ---

@test "R22: a redirect from https to http is refused" {
	at good fetch moved/http --cacert "$CA"
	at good not_fetched 3 'from https to http'
	[ "$(asked '^[12]')" -eq 0 ]
}

@test "R22: so it is with --plain-http" {
	need_alone
	at good fetch moved/http --cacert "$CA" --plain-http
	[ "$status" -ne 0 ]
	[ "$(asked '^[12]')" -eq 0 ]
}

@test "a redirect from https to another https host takes no password along" {
	credentials "127.0.0.1:$(port good)"
	at good fetch moved-with-password/other-tls --cacert "$CA"
	at good fetched
	[ "$(asked $'^good2\tGET\t/blob/')" -eq 1 ]
	no_secret_at good2
}

@test "R35: a realm of http at a registry of https is refused, and gets no password" {
	credentials "127.0.0.1:$(port good)"
	at good resolve challenge/http --cacert "$CA"
	at good not_resolved 3 'from https to http'
	[ "$(asked '/token/')" -eq 0 ]
	no_secret_at 1 2
}

@test "a realm of https at a registry of https serves" {
	credentials "127.0.0.1:$(port good)"
	at good resolve token-user/x --cacert "$CA"
	at good resolved
	[ "$(asked $'^good\tGET\t/token/user.*Basic')" -eq 1 ]
}

# --- certs.d ---

@test "certs.d: ca.crt of the host is trusted, as --cacert is" {
	certs_of good "$CA"
	at good fetch plain/x
	at good fetched
}

@test "certs.d: a host on loopback that it knows is not asked by plain http either" {
	certs_of good "$CA"
	at good fetch plain/x
	at good fetched
	[ -z "$(notes)" ]
}

@test "certs.d: any .crt will do, and several" {
	certs_of good "$FAULT_DIR/stranger-ca.crt"
	cp "$CA" "$XDG_CONFIG_HOME/container/certs.d/127.0.0.1:$(port good)/zz-ours.crt"
	at good fetch plain/x
	at good fetched
}

@test "certs.d: containers/certs.d serves as well" {
	CERTS=containers/certs.d certs_of good "$CA"
	at good fetch plain/x
	at good fetched
}

@test "certs.d: the first directory that knows the host is the one that counts" {
	CERTS=containers/certs.d certs_of good "$CA"
	certs_of good "$FAULT_DIR/stranger-ca.crt"
	at good fetch plain/x
	at good not_fetched 1 'ertificate'
}

@test "certs.d: another host's authority is not this one's" {
	certs_of good2 "$CA"
	at good fetch plain/x
	at good not_fetched 1 'ertificate'
}

@test "certs.d: an authority is no leave for another name, nor for what has expired" {
	certs_of other "$CA"
	at other fetch plain/x
	at other not_fetched 1 ''
	certs_of expired "$CA"
	at expired fetch plain/x
	at expired not_fetched 1 'expired'
	[ "$(asked)" -eq 0 ]
}

@test "certs.d: a server that wants a certificate of ours gets it" {
	certs_of client "$CA" "$FAULT_DIR/client.cert" "$FAULT_DIR/client.key"
	at client fetch plain/x
	at client fetched
	at client resolve plain/x
	at client resolved
}

@test "certs.d: without one it answers nothing" {
	certs_of client "$CA"
	at client fetch plain/x
	at client not_fetched 1 ''
	[ "$(asked)" -eq 0 ]
}

@test "certs.d: a certificate without its key is an error that names it" {
	certs_of client "$CA" "$FAULT_DIR/client.cert"
	at client fetch plain/x
	at client not_fetched '[123]' 'client'
	[[ $stderr == *key* ]]
	[ "$(asked)" -eq 0 ]
}

@test "certs.d: a certificate of ours is not shown to whom a redirect leads" {
	certs_of client "$FAULT_DIR/client.cert" "$FAULT_DIR/client.key" "$CA"
	certs_of client2 "$CA"
	at client fetch moved/client-tls
	at client not_fetched 1 "127.0.0.1:$(port client2)"
	[ "$(asked '^client2')" -eq 0 ]
}

# --- TLS of the faults ---

@test "R05: TLS that breaks off in the middle is a failure, and is gone on from" {
	at good fetch raw/half --cacert "$CA"
	at good not_fetched 1 ''
	part $((LAYER_SIZE / 2))
	at good fetch plain/x --cacert "$CA"
	at good fetched
}

@test "R09: TLS that just ends, too early, makes no blob" {
	at good fetch raw/close-short --cacert "$CA"
	at good not_fetched '[13]' ''
}

# --- IPv6 ---

@test "IPv6: a registry at [::1]" {
	port v6 >/dev/null || skip "loopback has no IPv6 address here"
	HOST="[::1]:$(port v6)" resolve plain/x
	HOST="[::1]:$(port v6)" resolved
	HOST="[::1]:$(port v6)" fetch plain/x
	HOST="[::1]:$(port v6)" fetched
	headers | grep -q $'^v6\t.*Host: \\[::1\\]:'
}

@test "IPv6: credentials of [::1] go there, and not to 127.0.0.1" {
	port v6 >/dev/null || skip "loopback has no IPv6 address here"
	credentials "[::1]:$(port v6)"
	HOST="[::1]:$(port v6)" fetch moved-with-password/elsewhere
	HOST="[::1]:$(port v6)" fetched
	[ "$(asked $'^v6\t.*Basic')" -ge 1 ]
	no_secret_at 2
}

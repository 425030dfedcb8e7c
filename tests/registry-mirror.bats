#!/usr/bin/env bats
# Other places to ask, and ways to them: mirrors and proxies. The registry is port 1, its mirror port 2.

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
	mirrors "http://127.0.0.1:$FAULT_PORT2"
}

# mirrors URL...: of the registry
mirrors() {
	printf "$FAULTS %s\n" "$@" >"$XDG_CONFIG_HOME/container/registries"
}

# passed_over FAULT: the mirror's is of no consequence: both are asked, and the registry has the layer
passed_over() {
	fetch "mirror/$1/x"
	fetched
	[ "$(asked $'^2\t.*/blobs/')" -ge 1 ]
	[ "$(asked $'^1\t.*/blobs/')" -ge 1 ]
}

# manifest_passed_over FAULT [REFERENCE]
manifest_passed_over() {
	resolve "mirror/$1/x${2-}"
	resolved
	[ "$(asked $'^2\t.*/manifests/')" -ge 1 ]
	[ "$(asked $'^1\t.*/manifests/')" -ge 1 ]
}

# --- mirrors ---

@test "a mirror is asked, told whom for, and the registry is not" {
	resolve mirror/plain/x
	resolved
	fetch mirror/plain/x
	fetched
	[ "$(asked '^1')" -eq 0 ]
	[ "$(asked "^2.*[?&]ns=127.0.0.1(:|%3A)$FAULT_PORT(&|"$'\t)')" -eq "$(asked)" ]
}

@test "what a mirror gives keeps the registry's name" {
	resolve mirror/plain/x
	[[ ${lines[0]} == *$'\t'"$FAULTS/mirror/plain/x" ]]
}

@test "mirrors are asked in their order" {
	mirrors "http://127.0.0.1:1" "http://127.0.0.1:$FAULT_PORT2/" "http://$FAULTS"
	fetch mirror/plain/x
	fetched
	[ "$(asked '^2')" -eq 1 ]
	[ "$(asked '^1')" -eq 0 ]
}

@test "several mirrors in one line are asked in their order" {
	printf '# ours\n%s http://127.0.0.1:1 http://127.0.0.1:%s # last\n' "$FAULTS" "$FAULT_PORT2" \
		>"$XDG_CONFIG_HOME/container/registries"
	fetch mirror/plain/x
	fetched
	[ "$(asked '^2')" -eq 1 ]
}

@test "a mirror of another registry is not asked" {
	printf 'registry.test http://127.0.0.1:%s\n' "$FAULT_PORT2" >"$XDG_CONFIG_HOME/container/registries"
	fetch mirror/plain/x
	fetched
	[ "$(asked '^2')" -eq 0 ]
}

@test "a mirror that cannot be reached is passed over" {
	mirrors http://127.0.0.1:1
	fetch plain/x
	fetched
	resolve plain/x
	resolved
}

@test "a mirror whose name nobody knows is passed over" {
	need_alone
	mirrors https://nowhere.invalid
	fetch plain/x
	fetched
}

@test "a mirror that takes connections and never answers is passed over after the time-out" {
	mirrors "http://127.0.0.1:$(port full)"
	fetch plain/x
	fetched
	within 1900 6000
}

@test "a mirror that never answers is passed over after the time-out" {
	passed_over raw/silent
	within 1900 6000
}

@test "a mirror without the blob is passed over" {
	passed_over missing
}

@test "a mirror without the image is passed over" {
	manifest_passed_over html
}

@test "a mirror that is unwell is passed over: 500, 503, 429" {
	for code in 500 503 429; do
		rm -rf "$CR_STORE"
		passed_over "status/$code"
	done
}

@test "a mirror that forbids is passed over" {
	passed_over forbidden
	manifest_passed_over forbidden
}

@test "a mirror that wants a password nobody has is passed over" {
	passed_over basic
	rm -rf "$CR_STORE"
	manifest_passed_over no-challenge
}

@test "a mirror with wrong bytes is passed over, and leaves nothing of them" {
	passed_over wrong
}

@test "a mirror with too many bytes is passed over" {
	passed_over longer
	rm -rf "$CR_STORE"
	passed_over raw/endless
}

@test "a mirror with too few bytes is passed over" {
	passed_over shorter
}

@test "a mirror that answers with a page is passed over, for a blob and for a manifest" {
	passed_over moved-to-page
	rm -rf "$CR_STORE"
	manifest_passed_over document/html
}

@test "a mirror that sends another manifest than the digest's is passed over" {
	manifest_passed_over manifest-wrong "@$MANIFEST"
}

@test "a mirror whose manifest is longer than 4 MiB is passed over" {
	manifest_passed_over endless-manifest "@$MANIFEST"
}

@test "a mirror that leads astray is passed over" {
	need_alone
	passed_over moved/metadata
}

@test "a mirror that breaks off is gone on from, at the registry" {
	passed_over cut
	requests | tail -n 1 | grep -q $'^1\t.*\t'"bytes=$((LAYER_SIZE / 2))-"
}

@test "a mirror that breaks off after wrong bytes makes no wrong blob" {
	passed_over cut-changed
	good_store
}

@test "where all fail the registry's word counts, and is told with its host" {
	mirrors "http://127.0.0.1:$FAULT_PORT2" http://127.0.0.1:1
	fetch status/404/both
	not_fetched 4 'unwell today'
	[ "$(asked '^2')" -eq 1 ]
	[ "$(asked '^1')" -eq 1 ]
}

@test "where the registry is down, wrong bytes of the mirror are told of with the mirror's name" {
	printf '127.0.0.1:1 http://127.0.0.1:%s\n' "$FAULT_PORT2" >"$XDG_CONFIG_HOME/container/registries"
	HOST=127.0.0.1:1 fetch wrong/x
	HOST=127.0.0.1:1 not_fetched 3 'wrong bytes'
	[[ $stderr == *"127.0.0.1:$FAULT_PORT2"* ]]
}

@test "a mirror that serves where the registry cannot be reached" {
	printf '127.0.0.1:1 http://127.0.0.1:%s\n' "$FAULT_PORT2" >"$XDG_CONFIG_HOME/container/registries"
	HOST=127.0.0.1:1 fetch plain/x
	HOST=127.0.0.1:1 fetched
}

# --- credentials and mirrors ---

@test "a mirror gets no password of the registry, which gets it" {
	credentials "$FAULTS"
	fetch mirror-of-basic/basic/x
	fetched
	[ "$(asked $'^2\t')" -ge 1 ]
	[ "$(asked $'^1\t.*Basic')" -ge 1 ]
	no_secret_at 2
}

@test "a mirror gets no password of the registry when it asks for one through a token server" {
	credentials "$FAULTS"
	fetch mirror/token-user/x
	fetched
	[ "$(asked 'Basic')" -eq 0 ]
	no_secret_at 2
}

@test "a mirror gets no token of the registry, also when it is asked again after" {
	resolve mirror-of-token/forbidden/x
	resolved
	[ "$(asked $'^1\t.*Bearer')" -ge 2 ]
	[ "$(asked $'^2\t')" -ge 2 ]
	no_secret_at 2
}

@test "a mirror gets its own password" {
	credentials "127.0.0.1:$FAULT_PORT2"
	fetch mirror/basic/x
	fetched
	[ "$(asked $'^2\t.*Basic')" -ge 1 ]
	[ "$(asked '^1')" -eq 0 ]
}

# --- a proxy for plain http ---

# proxied_http URL: a registry by a name that the proxy alone finds
proxied_http() {
	need_alone
	export http_proxy=$1
	HOST=plain.test:80 fetch plain/x --plain-http
	HOST=plain.test:80 fetched
	[ "$(asked $'^proxy\tGET\thttp://plain.test(:80)?/v2/')" -eq 1 ]
	[ "$(asked '^1')" -eq 0 ]
}

@test "plain http goes through \$http_proxy" {
	proxied_http "http://127.0.0.1:$(port proxy)"
}

@test "plain http goes through \$all_proxy" {
	need_alone
	all_proxy=http://127.0.0.1:$(port proxy)
	export all_proxy
	HOST=plain.test:80 resolve plain/x --plain-http
	HOST=plain.test:80 resolved
	[ "$(asked '^proxy')" -ge 2 ]
}

@test "a proxy's password goes to the proxy, and is not shown" {
	proxied_http "http://proxy-user:pass-word@127.0.0.1:$(port proxy)"
	headers | grep -qi $'^proxy\t.*proxy-authorization: basic '
	no_secret_told
}

@test "no_proxy names hosts that are asked themselves" {
	need_alone
	export http_proxy=http://127.0.0.1:1 no_proxy=plain.test
	HOST=plain.test:$FAULT_PORT fetch plain/x --plain-http
	HOST=plain.test:$FAULT_PORT fetched
	[ "$(asked '^1')" -eq 1 ]
	[ "$(asked '^proxy')" -eq 0 ]
}

@test "a proxy that is down is exit 1, and nobody else is asked" {
	need_alone
	export http_proxy=http://127.0.0.1:1
	HOST=plain.test:$FAULT_PORT fetch plain/x --plain-http
	HOST=plain.test:$FAULT_PORT not_fetched 1 ''
	[ "$(asked)" -eq 0 ]
}

@test "loopback is never asked through a proxy" {
	export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1
	rm "$XDG_CONFIG_HOME/container/registries"
	fetch plain/x
	fetched
	rm "$(blob "$LAYER")"
	HOST=localhost:$FAULT_PORT fetch plain/x
	HOST=localhost:$FAULT_PORT fetched
	[ "$(asked '^1')" -eq 2 ]
}

# --- a proxy for https ---

@test "https goes through \$https_proxy by CONNECT, which sees no Authorization" {
	need_alone
	need_tls
	https_proxy=http://127.0.0.1:$(port proxy)
	export https_proxy
	credentials good.test
	HOST=good.test fetch basic/x --cacert "$CA"
	HOST=good.test fetched
	[ "$(asked $'^proxy\tCONNECT\tgood.test:443\t-\t')" -ge 1 ]
	[ "$(asked $'^proxy\tGET')" -eq 0 ]
	[ "$(asked $'^good\tGET.*Basic')" -ge 1 ]
	no_secret_at proxy
}

@test "a token does not stand in CONNECT, nor is its request seen" {
	need_alone
	need_tls
	https_proxy=http://127.0.0.1:$(port proxy)
	export https_proxy
	HOST=good.test fetch token/x --cacert "$CA"
	HOST=good.test fetched
	[ "$(asked $'^proxy\tCONNECT')" -ge 1 ]
	[ "$(asked $'^good\t.*Bearer')" -ge 1 ]
	[ "$(asked $'^proxy\tGET')" -eq 0 ]
	no_secret_at proxy
}

@test "a proxy's password stands in CONNECT alone" {
	need_alone
	need_tls
	https_proxy=http://proxy-user:pass-word@127.0.0.1:$(port proxy)
	export https_proxy
	HOST=good.test fetch plain/x --cacert "$CA"
	HOST=good.test fetched
	headers | grep -qi $'^proxy\tCONNECT\t.*proxy-authorization: basic '
	none "$(headers | grep $'^good\t' | grep -i authorization)"
}

@test "\$http_proxy is not for https" {
	need_alone
	need_tls
	export http_proxy=http://127.0.0.1:1 no_proxy=
	HOST=good.test:$(port good) fetch plain/x --cacert "$CA"
	HOST=good.test:$(port good) fetched
	[ "$(asked '^proxy')" -eq 0 ]
}

@test "a proxy that does not know the host is exit 1, and names the host" {
	need_alone
	need_tls
	https_proxy=http://127.0.0.1:$(port proxy)
	export https_proxy
	HOST=nobody.test fetch plain/x --cacert "$CA"
	HOST=nobody.test not_fetched 1 ''
	[ "$(asked $'^proxy\tCONNECT\tnobody.test:443')" -eq 1 ]
}

@test "a certificate is checked through a proxy too" {
	need_alone
	need_tls
	https_proxy=http://127.0.0.1:$(port proxy)
	export https_proxy
	HOST=selfsigned.test fetch plain/x --cacert "$CA"
	HOST=selfsigned.test not_fetched 1 'certificate'
	[ "$(asked '^selfsigned')" -eq 0 ]
}

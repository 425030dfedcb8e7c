#!/usr/bin/env bats
# cr-fetch-manifest: references resolved, by a real registry and by one that breaks every rule.

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

resolve() {
	run --separate-stderr cr-fetch-manifest -p linux/amd64 "$FAULTS/$1"
}

# An image of three records was printed, and nothing was said.
resolved() {
	[ "$status" -eq 0 ] && [ "${#lines[@]}" -eq 3 ] && [[ ${lines[0]} == "$MANIFEST"* && ${lines[2]} == "$LAYER"* ]] &&
		[ -z "$stderr" ] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# It failed with that status and those words, and named the reference.
refused() {
	fails "$1" "$2" && [[ $stderr == *"$FAULTS/"* ]] && [ -z "$(leftovers)" ]
}

count() {
	requests | wc -l
}

# Whether blobs of the store are what their names say: also index, manifest and config.
good_store() {
	cr-verify -a
}

# --- a real registry ---

@test "the records of an image: manifest, config, layers, and where they came from" {
	need_registry
	run --separate-stderr cr-fetch-manifest "$REGISTRY/busybox"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == sha256:*$'\t'application/vnd.oci.image.manifest.v1+json$'\t'$REGISTRY/busybox ]]
	[[ ${lines[1]} == sha256:*$'\t'application/vnd.oci.image.config.v1+json$'\t'$REGISTRY/busybox ]]
	[[ ${lines[2]} == sha256:*$'\t'application/vnd.oci.image.layer.v1.tar+gzip$'\t'$REGISTRY/busybox ]]
	printf '%s\n' "${lines[@]:0:2}" | cut -f 1 | xargs cr-verify
}

@test "what is not there is exit 4, and the registry's words are shown" {
	need_registry
	run --separate-stderr cr-fetch-manifest "$REGISTRY/nope"
	fails 4 'not found (registry said: '
	[[ $stderr == "cr-fetch-manifest: $REGISTRY/nope:latest: "* ]]
}

@test "after a reference that fails it goes on" {
	need_registry
	run --separate-stderr cr-fetch-manifest "$REGISTRY/nope" "$REGISTRY/busybox"
	[ "$status" -eq 4 ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "docker.io is asked for at its mirror, and keeps its name" {
	need_registry
	mirror_docker_io
	run --separate-stderr cr-fetch-manifest busybox
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *$'\t'docker.io/library/busybox ]]
	[ -z "$stderr" ]
}

@test "mirrors are asked in their order: one that is down, one that lacks the image, one that has it" {
	need_registry
	printf '# ours\ndocker.io http://127.0.0.1:1 http://%s/ # lacks it\n\n docker.io\thttp://%s\n' "$REGISTRY" "$FAULTS" \
		>"$XDG_CONFIG_HOME/container/registries"
	run --separate-stderr cr-fetch-manifest -p linux/amd64 plain/x
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "$MANIFEST"*$'\t'docker.io/plain/x ]]
	requests | grep -q 'ns=docker.io'
}

@test "a registry that wants a password: with none, a wrong one, the right one" {
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	perl -e 'print "user:", crypt("pass-word", q($2y$05$abcdefghijklmnopqrstuu)), "\n"' >"$BATS_TEST_TMPDIR/htpasswd"
	grep -qF 'user:$2y$' "$BATS_TEST_TMPDIR/htpasswd" || skip "no bcrypt here"
	closed=$(registry start "$BATS_TEST_TMPDIR/closed" "$BATS_TEST_TMPDIR/htpasswd")
	mkimage "$BATS_TEST_TMPDIR/layout" x "$(busybox_root)" >/dev/null
	CURL_OPTIONS='--user user:pass-word' pushimage "$BATS_TEST_TMPDIR/layout" x "$closed/x:latest" >/dev/null
	run --separate-stderr cr-fetch-manifest "$closed/x"
	none=$status
	credentials "$closed" user:wrong
	run --separate-stderr cr-fetch-manifest "$closed/x"
	wrong=$status
	credentials "$closed"
	run --separate-stderr cr-fetch-manifest "$closed/x"
	registry stop "$BATS_TEST_TMPDIR/closed"
	[ "$none $wrong $status" = '5 5 0' ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "https is the default but on loopback" {
	run --separate-stderr timeout 60 cr-fetch-manifest "0.0.0.0:$FAULT_PORT/plain/x"
	fails 1 "0.0.0.0:$FAULT_PORT"
	[ "$(requests | grep -c /v2/)" -eq 0 ]
	run --separate-stderr cr-fetch-manifest --plain-http -p linux/amd64 "0.0.0.0:$FAULT_PORT/plain/x"
	[ "$status" -eq 0 ]
}

# --- platforms ---

@test "the platform is chosen from an index" {
	resolve plain/x:multi
	resolved
	good_store
	run --separate-stderr cr-fetch-manifest -p linux/aarch64 "$FAULTS/plain/x:multi"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} != "$MANIFEST"* ]]
	run --separate-stderr cr-fetch-manifest -p linux/s390x "$FAULTS/plain/x:multi"
	fails 4 'linux/arm64'
	run --separate-stderr cr-fetch-manifest -p nonsense "$FAULTS/plain/x:multi"
	fails 2 nonsense
}

@test "-a prints the index, and then every image but attestations" {
	run --separate-stderr cr-fetch-manifest -a "$FAULTS/plain/x:multi"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 7 ]
	[[ ${lines[0]} == "$INDEX"* ]]
	[[ ${lines[4]} == "$MANIFEST"* ]]
	good_store
}

@test "-r writes the exact bytes" {
	cr-fetch-manifest -r "$FAULTS/plain/x:multi" >"$BATS_TEST_TMPDIR/bytes"
	[ "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/bytes" | cut -d ' ' -f 1)" = "$INDEX" ]
}

# --- what is there ---

@test "a digest whose documents are there sends nothing at all" {
	resolve "plain/x@$MANIFEST"
	resolved
	sent=$(count)
	[ "$sent" -eq 2 ]
	resolve "plain/x@$MANIFEST"
	resolved
	resolve "plain/x:sometag@$MANIFEST"
	resolved
	[ "$(count)" -eq "$sent" ]
}

# --- tokens and passwords ---

@test "a token is fetched as the challenge says, and used" {
	resolve token/x
	resolved
	[ "$(requests | grep -c $'\t/token/free')" -eq 1 ]
	requests | tail -n 1 | grep -q 'Bearer the-token'
}

@test "the token server gets the registry's password" {
	credentials "$FAULTS"
	resolve token-user/x
	resolved
	run ! grep -r 'the-token\|pass-word' "$CR_STORE"
}

@test "the longest prefix in the auth file counts" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"auth":"%s"},"%s/token-user":{"auth":"%s"}}}' "$FAULTS" "$(printf user:wrong | base64)" \
		"$FAULTS" "$(printf user:pass-word | base64)" >"$REGISTRY_AUTH_FILE"
	resolve token-user/x
	resolved
	resolve basic/x
	refused 5 'not authorised'
}

@test "an identity token is posted" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"identitytoken":"identity-secret"}}}' "$FAULTS" >"$REGISTRY_AUTH_FILE"
	resolve token-identity/x
	resolved
	[ "$(requests | grep -c $'\tPOST\t')" -eq 1 ]
}

@test "a mirror gets no credential of the registry it stands for" {
	credentials https://index.docker.io/v1/
	printf 'docker.io http://%s\n' "$FAULTS" >"$XDG_CONFIG_HOME/container/registries"
	https_proxy=http://127.0.0.1:1 run --separate-stderr cr-fetch-manifest basic/x
	[ "$status" -ne 0 ]
	[ "$(count)" -gt 0 ]
	requests | awk -F '\t' '$4 != "-" { exit 1 }'
}

# --- messages ---

@test "a registry's words are bounded, and no escape reaches the terminal" {
	resolve escapes/x
	refused 4 'bad'
	[ "${#stderr}" -lt 1000 ]
	[[ $stderr != *$'\x1b'* ]]
	resolve html/x
	refused 4 'not found'
	[[ $stderr != *html\>* ]]
}

@test "usage errors are exit 2" {
	run --separate-stderr cr-fetch-manifest
	fails 2 REF
	run --separate-stderr cr-fetch-manifest 'UPPER CASE'
	fails 2 'UPPER CASE'
	run --separate-stderr cr-fetch-manifest --nonsense x
	fails 2 nonsense
}

@test "--help and --version are for stdout" {
	run --separate-stderr cr-fetch-manifest --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
	[ -z "$stderr" ]
	run --separate-stderr cr-fetch-manifest --version
	[ "$status" -eq 0 ]
	[[ $output == 'cr-fetch-manifest '* ]]
}

#!/usr/bin/env bats
# Debian's docker-registry: with a token server, behind TLS, at every name of loopback.
#
# registry-real-user.bats is the same file: there the programs run as an ordinary user.

load helper

setup_file() {
	DIR=$BATS_FILE_TMPDIR
	export DIR
	command -v docker-registry >/dev/null && command -v openssl >/dev/null && command -v python3 >/dev/null || return 0
	make_certificates >"$DIR/openssl" 2>&1 || return
	# test:secret, as htpasswd -B makes it
	echo 'test:$2y$05$WzTZC6Nyxfv4HJXbTdRjSeUcbngu3eZ0FoXwd6ErLBg13VTT8q.ru' >"$DIR/htpasswd"
	fill || return
	start_tokens
	TOKEN=127.0.0.1:$(cat "$DIR/tokens/port")
	BEHIND=$(serve token -l -T "$TOKEN/token:$DIR/signer.crt") && echo "$BEHIND" >"$DIR/tokens/registry" &&
		TLS=$(serve tls -l -t "$DIR/server.crt:$DIR/server.key" "$DIR/htpasswd") &&
		CLIENT=$(serve client -l -t "$DIR/server.crt:$DIR/server.key:$DIR/ca.crt") && PLAIN=$(serve plain) || return
	export TOKEN BEHIND TLS CLIENT PLAIN
	! has_ipv6 || SIX=$(serve six -a '[::1]')
	export SIX
}

teardown_file() {
	local name
	for name in token tls client plain six; do
		registry stop "$DIR/$name"
	done
	[ -z "${TOKENS_PID-}" ] || kill "$TOKENS_PID"
}

setup() {
	setup_store
	[ "${PLAIN-}" ] || skip 'docker-registry, openssl or python3 is not installed'
	if [[ $BATS_TEST_FILENAME == *-user.bats ]]; then
		need_user
		prepare_user crtest
		export CR_STORE=$USER_DIR/store XDG_CONFIG_HOME=$USER_DIR/config
		ME=as_user
	else
		ME=
	fi
	echo 300 >"$DIR/tokens/life"
	TOKEN_MARK=$(wc -l <"$DIR/tokens/log")
}

# --- the servers ---

has_ipv6() {
	python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null
}

# An authority, a server's certificate, a client's, and one whose key signs tokens.
make_certificates() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$DIR/ca.key" -out "$DIR/ca.crt" -subj /CN=authority -days 2 \
		-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign &&
		openssl req -x509 -newkey rsa:2048 -nodes -keyout "$DIR/signer.key" -out "$DIR/signer.crt" -subj /CN=tokens -days 2 &&
		issue server subjectAltName=IP:127.0.0.1 && issue client extendedKeyUsage=clientAuth
}

# issue NAME EXTENSION: DIR/NAME.crt and DIR/NAME.key, of our authority
issue() {
	openssl req -newkey rsa:2048 -nodes -keyout "$DIR/$1.key" -out "$DIR/$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$DIR/$1.csr" -CA "$DIR/ca.crt" -CAkey "$DIR/ca.key" -set_serial "0x$(openssl rand -hex 8)" -days 2 \
			-extfile <(printf '%s\n' "$2") -out "$DIR/$1.crt"
}

# What all registries serve, pushed to one that asks for nothing: small images, and one of 30 layers.
fill() {
	local address name layers=() n
	mkdir -p "$DIR/small"
	echo small >"$DIR/small/file"
	for n in {1..30}; do
		mkdir -p "$DIR/layers/$n"
		echo "$n" >"$DIR/layers/$n/file-$n"
		layers+=("$DIR/layers/$n")
	done
	address=$(registry start "$DIR/filled") || return
	{
		mkimage "$DIR/layout" small "$DIR/small" && mkimage "$DIR/layout" many "${layers[@]}" &&
			for name in public/small private/small; do
				pushimage "$DIR/layout" small "$address/$name:latest" || break
			done && pushimage "$DIR/layout" many "$address/public/many:latest" &&
			pushimage "$DIR/layout" many "$address/private/many:latest"
	} >/dev/null
	n=$?
	registry stop "$DIR/filled"
	return "$n"
}

# serve NAME [OPTION]... [HTPASSWD]: a registry of what was pushed; its files are in DIR/NAME. Prints its address.
serve() {
	local options=() name=$1
	shift
	while [[ ${1-} == -* ]]; do
		options+=("$1")
		[ "$1" = -l ] || { options+=("$2"); shift; }
		shift
	done
	mkdir -p "$DIR/$name"
	ln -s ../filled/storage "$DIR/$name/storage"
	registry start "${options[@]}" "$DIR/$name" "$@"
}

start_tokens() {
	mkdir -p "$DIR/tokens"
	: >"$DIR/tokens/log"
	echo 300 >"$DIR/tokens/life"
	python3 -B "$BATS_TEST_DIRNAME/tokenserver.py" "$DIR/tokens" "$DIR/signer.crt" "$DIR/signer.key" \
		</dev/null >"$DIR/tokens/output" 2>&1 3>&- &
	TOKENS_PID=$!
	export TOKENS_PID
	until_true test -f "$DIR/tokens/port"
}

# --- what is asked, and what comes of it ---

# me CMD...: as who runs the tests, or as the ordinary user
me() {
	${ME:+"$ME"} "$@"
}

# config FILE [SOURCE]: a file below the configuration directory, of SOURCE or of stdin, that only its user can read
config() {
	local file=$XDG_CONFIG_HOME/$1
	mkdir -p "${file%/*}"
	cat "${2:--}" >"$file"
	chmod 600 "$file"
	[ -z "$ME" ] || ! is_root || chown -R crtest: "$XDG_CONFIG_HOME"
}

# credentials HOST [USER:PASSWORD]
credentials() {
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "${2-test:secret}" | base64)" | config containers/auth.json
}

# trusts HOST: the authority is known for that registry
trusts() {
	config "container/certs.d/$1/ca.crt" "$DIR/ca.crt"
}

resolve() {
	run --separate-stderr me cr-fetch-manifest --retries 0 "$@"
}

# pulls REFERENCE [OPTION]...: the manifest and all blobs, without a word, and they are what their names say
pulls() {
	resolve "${@:2}" "$1"
	quiet || return
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/records"
	run --separate-stderr me cr-fetch-blob --retries 0 "${@:2}" <"$BATS_TEST_TMPDIR/records"
	quiet && [ "$output" = "$(cat "$BATS_TEST_TMPDIR/records")" ] && me cr-verify <"$BATS_TEST_TMPDIR/records" >/dev/null
}

quiet() {
	[ "$status" -eq 0 ] && [ "$output" ] && [ -z "$stderr" ] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# fails STATUS WORDS...: nothing was printed, all WORDS were said, and no secret
fails() {
	local words wrong=
	[ "$status" -eq "$1" ] && [ -z "$output" ] || wrong=1
	for words in "${@:2}"; do
		[[ $stderr == *"$words"* ]] || wrong=1
	done
	! grep -qE "wrong-word|identity-(secret|other)|test:secret|dGVzdDp|eyJ" <<<"$stderr" || wrong=1
	[ "$wrong" ] || return 0
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# The requests for a token since the test began: method, scopes, service, Authorization, grant_type.
tokens() {
	tail -n "+$((TOKEN_MARK + 1))" "$DIR/tokens/log"
}

# log NAME: the requests to the registry of that name since `forget NAME`
log() {
	tail -n "+$((LOG_MARK + 1))" "$DIR/$1/log" | grep -E '"(GET|HEAD) /v2/'
}

forget() {
	LOG_MARK=$(wc -l <"$DIR/$1/log")
}

# refused NAME: how many of them were answered by 401
refused() {
	log "$1" | grep -c '" 401 '
}

# sends NAME N: that registry has sent so many blobs; it logs a request when that has ended
sends() {
	[ "$(log "$1" | grep -c '/blobs/.*" 200 ')" -eq "$2" ]
}

# records_of_many [PREFIX]: of the image of 30 layers, whose config is there; nothing of what that took is counted
records_of_many() {
	me cr-fetch-manifest "$TOKEN/${1-public}/many" >"$BATS_TEST_TMPDIR/records"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/records")" -eq 32 ]
	TOKEN_MARK=$(wc -l <"$DIR/tokens/log")
	forget token
}

# --- tokens ---

@test "a public repository is pulled without credentials, by a token for it alone" {
	pulls "$TOKEN/public/small"
	[ "$(tokens | sort -u)" = $'GET\trepository:public/small:pull\tregistry\t-\t-' ]
	[ "$(tokens | wc -l)" -le 2 ]
}

@test "a private repository is pulled with the credentials of an auth file" {
	credentials "$TOKEN"
	mv "$XDG_CONFIG_HOME/containers/auth.json" "$XDG_CONFIG_HOME/elsewhere.json"
	REGISTRY_AUTH_FILE=$XDG_CONFIG_HOME/elsewhere.json pulls "$TOKEN/private/small"
	[ "$(tokens | sort -u)" = $'GET\trepository:private/small:pull\tregistry\tBasic '"$(printf test:secret | base64)"$'\t-' ]
}

@test "an identity token is exchanged for a token by a form" {
	printf '{"auths":{"%s":{"identitytoken":"identity-secret"}}}' "$TOKEN" | config containers/auth.json
	pulls "$TOKEN/private/small"
	[ "$(tokens | sort -u)" = $'POST\trepository:private/small:pull\tregistry\t-\trefresh_token' ]
}

@test "a wrong password is exit 5, is said, and is not shown" {
	credentials "$TOKEN" test:wrong-word
	resolve "$TOKEN/private/small"
	fails 5 "$TOKEN/private/small" 'credentials are not accepted' 'incorrect username or password'
	[ "$(tokens | wc -l)" -eq 1 ]
}

@test "no password goes to a token server of another origin by plain http" {
	credentials "$BEHIND"
	resolve "$BEHIND/private/small"
	fails 5 "$BEHIND/private/small"
	[ "$(tokens)" = $'GET\trepository:private/small:pull\tregistry\t-\t-' ]
}

@test "a wrong identity token is exit 5, is said, and is not shown" {
	printf '{"auths":{"%s":{"identitytoken":"identity-other"}}}' "$TOKEN" | config containers/auth.json
	resolve "$TOKEN/private/small"
	fails 5 "$TOKEN/private/small" 'credentials are not accepted'
}

@test "a private repository without credentials is exit 5, and the token that does not do is not asked for again" {
	resolve "$TOKEN/private/small"
	fails 5 "$TOKEN/private/small"
	[ "$(tokens | wc -l)" -eq 1 ]
}

@test "a repository that is not there is exit 4 to who may see it" {
	resolve "$TOKEN/public/none"
	fails 4 "$TOKEN/public/none"
}

@test "an image of 30 layers takes one token a program, and blobs do not each begin with a 401" {
	forget token
	me cr-fetch-manifest "$TOKEN/public/many" >"$BATS_TEST_TMPDIR/records"
	[ "$(tokens | wc -l)" -eq 1 ]
	[ "$(refused token)" -eq 1 ]
	records_of_many
	me cr-fetch-blob -j 4 <"$BATS_TEST_TMPDIR/records" | sort | cmp - <(sort "$BATS_TEST_TMPDIR/records")
	until_true sends token 30
	[ "$(refused token)" -ge 1 ]
	[ "$(refused token)" -le 4 ]
	[ "$(tokens | wc -l)" -eq 1 ]
}

@test "one transfer at a time begins with a 401 once" {
	credentials "$TOKEN"
	records_of_many private
	me cr-fetch-blob -j 1 <"$BATS_TEST_TMPDIR/records" | cmp - "$BATS_TEST_TMPDIR/records"
	until_true sends token 30
	[ "$(refused token)" -eq 1 ]
	[ "$(tokens | wc -l)" -eq 1 ]
}

# expires JOBS: a token ends in the middle of a pull, and a second one serves from there to the end
expires() {
	records_of_many
	echo 3 >"$DIR/tokens/life"
	mkfifo "$BATS_TEST_TMPDIR/in"
	me cr-fetch-blob --retries 0 -j "$1" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in"
	head -n 10 "$BATS_TEST_TMPDIR/records" >&8
	until_true printed 10
	sleep 5
	echo 300 >"$DIR/tokens/life"
	[ "$(tokens | wc -l)" -ge 1 ]
	TOKEN_MARK=$(wc -l <"$DIR/tokens/log")
	forget token
	tail -n +11 "$BATS_TEST_TMPDIR/records" >&8
	exec 8>&-
	wait $!
	cmp <(sort "$BATS_TEST_TMPDIR/out") <(sort "$BATS_TEST_TMPDIR/records")
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	me cr-verify <"$BATS_TEST_TMPDIR/out" >/dev/null
	[ "$(refused token)" -ge 1 ]
	[ "$(refused token)" -le "$1" ]
	[ "$(tokens | wc -l)" -eq 1 ]
}

# printed N: so many records have come out
printed() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq "$1" ]
}

@test "a token that ends in the middle of a pull is renewed, once" {
	expires 1
}

@test "a token that ends for several transfers at once is renewed once for all of them" {
	expires 4
}

@test "login at a registry with a token server: a wrong password is not kept, a right one serves" {
	run --separate-stderr me container login -u test --password-stdin "$TOKEN" <<<wrong-word
	fails 5 "$TOKEN"
	run --separate-stderr me container login -u test --password-stdin "$TOKEN" <<<secret
	[ "$status" -eq 0 ]
	pulls "$TOKEN/private/small"
}

# --- TLS, and a password ---

@test "--cacert, and credentials from auth.json" {
	credentials "$TLS"
	pulls "$TLS/private/small" --cacert "$DIR/ca.crt"
}

@test "certs.d of the user, for this registry" {
	credentials "$TLS"
	trusts "$TLS"
	pulls "$TLS/private/small"
}

@test "an authority that nobody knows is exit 1, and the message names host and certificate" {
	credentials "$TLS"
	forget tls
	resolve "$TLS/private/small"
	fails 1 "$TLS" certificate
	[ -z "$(log tls)" ]
}

@test "certs.d of another port does not serve" {
	credentials "$TLS"
	trusts "$CLIENT"
	resolve "$TLS/private/small"
	fails 1 "$TLS" certificate
}

@test "HTTP/2 is used, and -v says so" {
	credentials "$TLS"
	trusts "$TLS"
	forget tls
	resolve -v "$TLS/private/many"
	[ "$status" -eq 0 ]
	[[ $stderr == *"https://$TLS answers by HTTP/2"* ]]
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/records"
	me cr-fetch-blob -j 4 <"$BATS_TEST_TMPDIR/records" | sort | cmp - <(sort "$BATS_TEST_TMPDIR/records")
	until_true sends tls 31
	[ "$(log tls | grep -vc ' HTTP/2.0" ')" -eq 0 ]
}

@test "a password that worked goes with the next requests at once" {
	credentials "$TLS"
	trusts "$TLS"
	me cr-fetch-manifest "$TLS/private/many" >"$BATS_TEST_TMPDIR/records"
	forget tls
	me cr-fetch-blob -j 4 <"$BATS_TEST_TMPDIR/records" | sort | cmp - <(sort "$BATS_TEST_TMPDIR/records")
	until_true sends tls 30
	[ "$(refused tls)" -ge 1 ]
	[ "$(refused tls)" -le 4 ]
}

@test "without credentials, and with a wrong password, it is exit 5" {
	trusts "$TLS"
	resolve "$TLS/private/small"
	fails 5 "$TLS/private/small" 'authentication required'
	credentials "$TLS" test:wrong-word
	resolve "$TLS/private/small"
	fails 5 "$TLS/private/small" 'authentication required'
}

@test "a registry that wants a certificate gets that of certs.d" {
	trusts "$CLIENT"
	config "container/certs.d/$CLIENT/client.cert" "$DIR/client.crt"
	config "container/certs.d/$CLIENT/client.key" "$DIR/client.key"
	pulls "$CLIENT/private/small"
}

# By TLS 1.3 the refusal comes when the request is under way: words about a certificate, or about a connection that has ended.
@test "a registry that wants a certificate refuses who has none: exit 1, and the message names the host" {
	trusts "$CLIENT"
	forget client
	resolve "$CLIENT/private/small"
	fails 1 "$CLIENT"
	[ -z "$(log client)" ]
}

@test "login, pull, logout" {
	trusts "$TLS"
	run --separate-stderr me container login -u test --password-stdin "$TLS" <<<wrong-word
	fails 5 "$TLS"
	run --separate-stderr me container login -u test --password-stdin "$TLS" <<<secret
	[ "$status" -eq 0 ]
	pulls "$TLS/private/small"
	me container logout "$TLS"
	resolve "$TLS/private/small"
	fails 5 "$TLS/private/small"
}

# --- names of loopback ---

@test "127.0.0.1:PORT and localhost:PORT are asked by plain http" {
	pulls "$PLAIN/public/small"
	pulls "localhost:${PLAIN##*:}/private/small"
}

@test "[::1]:PORT and localhost:PORT where it listens there" {
	[ "${SIX-}" ] || skip 'loopback has no IPv6'
	pulls "$SIX/public/small"
	pulls "localhost:${SIX##*:}/private/small"
}

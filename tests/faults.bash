# For the bats files that ask tests/faultserver.py: see there for the faults.
# shellcheck disable=SC2154 # bats sets status, output and stderr

# start_faults [alone]: for setup_file. `alone`: where that is allowed, the server has a network of its own, with nothing in it
# but loopback, and with names of its own; `inside` enters it. So whatever a test leads to astray stays there.
start_faults() {
	FAULT_DIR=$BATS_FILE_TMPDIR/faults
	mkdir -p "$FAULT_DIR"
	FAULT_INSIDE=
	command -v python3 >/dev/null || return 0
	if [ "${1-}" = alone ] && unshare -rnm true 2>/dev/null; then
		: >"$FAULT_DIR/alone"
		printf '127.0.0.1 localhost registry.test other.test good.test plain.test evil.test\n' >"$FAULT_DIR/hosts"
		# shellcheck disable=SC2016 # for the inner shell
		unshare -rnm sh -c 'mount --bind "$1/hosts" /etc/hosts && exec python3 -B "$2" "$1"' sh \
			"$FAULT_DIR" "$BATS_TEST_DIRNAME/faultserver.py" </dev/null >"$FAULT_DIR/output" 2>&1 3>&- &
		FAULT_INSIDE="nsenter -t $! -U -n -m --preserve-credentials --"
	else
		python3 -B "$BATS_TEST_DIRNAME/faultserver.py" "$FAULT_DIR" </dev/null >"$FAULT_DIR/output" 2>&1 3>&- &
	fi
	FAULT_PID=$!
	local patience=100
	until [ -f "$FAULT_DIR/ports" ]; do
		[ $((patience -= 1)) -gt 0 ] || return
		sleep 0.1
	done
	read -r FAULT_PORT FAULT_PORT2 LAYER LAYER_SIZE MANIFEST INDEX CONFIG <"$FAULT_DIR/ports"
	FAULTS=127.0.0.1:$FAULT_PORT
	export FAULT_DIR FAULT_PID FAULT_INSIDE FAULTS FAULT_PORT FAULT_PORT2 LAYER LAYER_SIZE MANIFEST INDEX CONFIG
}

need_faults() {
	[ "${FAULTS-}" ] || skip "python3 is not installed"
	forget
}

# What was asked, sent and noted so far is no longer told.
forget() {
	FAULT_MARK=$(wc -l <"$FAULT_DIR/log")
	HEADER_MARK=$(wc -l <"$FAULT_DIR/headers")
	NOTE_MARK=$(wc -l <"$FAULT_DIR/notes")
}

need_alone() {
	[ "${FAULT_INSIDE-}" ] || skip "user namespaces, and networks in them, are not allowed here"
}

need_strace() {
	strace -o /dev/null true 2>/dev/null || skip "strace does not work here"
}

stop_faults() {
	[ -z "${FAULT_PID-}" ] || kill "$FAULT_PID"
}

# inside CMD...: where the server is
inside() {
	local enter
	read -ra enter <<<"${FAULT_INSIDE-}"
	"${enter[@]}" "$@"
}

# traced CMD...: inside, every system call about the network in $BATS_TEST_TMPDIR/trace
traced() {
	inside strace -f -qq -e trace=network -o "$BATS_TEST_TMPDIR/trace" "$@"
}

# What was traced has spoken to this machine alone, not even to a name server.
only_loopback() {
	[ -f "$BATS_TEST_TMPDIR/trace" ] || return
	! grep -E 'sin6?_addr|inet_' "$BATS_TEST_TMPDIR/trace" | grep -vE '"127\.0\.0\.1"|"::1"|"0\.0\.0\.0"' >&2
}

# port NAME: of the server
port() {
	awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$FAULT_DIR/named"
}

# The requests since the test began: port, method, path, authorization, range, seconds.
requests() {
	tail -n "+$((FAULT_MARK + 1))" "$FAULT_DIR/log"
}

# Their headers and forms: port, method, path, "Name: value".
headers() {
	tail -n "+$((HEADER_MARK + 1))" "$FAULT_DIR/headers"
}

# What else the server noted.
notes() {
	tail -n "+$((NOTE_MARK + 1))" "$FAULT_DIR/notes"
}

# asked [REGEX]: how many requests, of those whose line matches
asked() {
	requests | grep -cE -- "${1-}"
}

# gaps REGEX: milliseconds between the requests that match, one a line
gaps() {
	requests | grep -E -- "$1" | awk -F '\t' 'NR > 1 { printf "%d\n", ($6 - last) * 1000 } { last = $6 }'
}

# none TEXT: there is none, or it is shown
none() {
	[ -z "$1" ] || { printf 'not wanted: %s\n' "$1" >&2; return 1; }
}

# credentials HOST [USER:PASSWORD]: an auth file that has them
credentials() {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "${2-user:pass-word}" | base64)" >"$REGISTRY_AUTH_FILE"
}

# layer_of REPOSITORY: the record of its layer, whose manifest need not be fetched
layer_of() {
	printf '%s\t%s\tapplication/vnd.oci.image.layer.v1.tar+gzip\t%s\n' "$LAYER" "$LAYER_SIZE" "${2-$FAULTS}/$1"
}

# fails STATUS WORDS: what `run --separate-stderr` ran printed nothing, and said WORDS; STATUS may be a pattern
fails() {
	# shellcheck disable=SC2053 # a pattern
	[[ $status == $1 ]] && [ -z "$output" ] && [[ $stderr == *"$2"* ]] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# --- the two programs against the server, with short time-outs and without retries ---

# timed CMD...: run, and $elapsed is how many milliseconds it took
timed() {
	local began=${EPOCHREALTIME/./}
	run --separate-stderr "$@"
	elapsed=$(((${EPOCHREALTIME/./} - began) / 1000))
}

# fetch REPOSITORY [OPTION]...: the layer of the repository, as one record
fetch() {
	layer_of "$1" "${HOST-$FAULTS}" >"$BATS_TEST_TMPDIR/record"
	timed inside cr-fetch-blob --connect-timeout 2 --stall-timeout 2 --retries 0 "${@:2}" <"$BATS_TEST_TMPDIR/record"
}

# It is in the store, was printed, and nothing was said.
fetched() {
	[ "$status" -eq 0 ] && [ "$output" = "$(cat "$BATS_TEST_TMPDIR/record")" ] && [ -z "$stderr" ] && [ -e "$(blob "$LAYER")" ] &&
		[ -z "$(leftovers)" ] && good_store && no_secret_told && return
	printf 'status %s, stdout %s, stderr %s, left %s\n' "$status" "$output" "$stderr" "$(leftovers)" >&2
	return 1
}

# not_fetched STATUS WORDS: it failed so, named host and digest, and nothing has the digest's name
not_fetched() {
	fails "$1" "$2" && [[ $stderr == *"${HOST-$FAULTS}"* && $stderr == *"$LAYER"* ]] && [ ! -e "$(blob "$LAYER")" ] && good_store &&
		only_parts_left && no_secret_told && return
	printf 'status %s, stderr %s, left %s\n' "$status" "$stderr" "$(leftovers)" >&2
	return 1
}

# resolve REPOSITORY[:TAG|@DIGEST] [OPTION]...
resolve() {
	timed inside cr-fetch-manifest -p linux/amd64 --connect-timeout 2 --stall-timeout 2 --retries 0 "${@:2}" "${HOST-$FAULTS}/$1"
}

# An image of three records was printed, and nothing was said.
resolved() {
	[ "$status" -eq 0 ] && [ "${#lines[@]}" -eq 3 ] && [[ ${lines[0]} == "$MANIFEST"* && ${lines[2]} == "$LAYER"* ]] &&
		[ -z "$stderr" ] && [ -z "$(leftovers)" ] && good_store && no_secret_told && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# not_resolved STATUS WORDS: it failed so, and named the reference
not_resolved() {
	fails "$1" "$2" && [[ $stderr == *"${HOST-$FAULTS}/"* ]] && [ -z "$(leftovers)" ] && good_store && no_secret_told && return
	printf 'left %s\n' "$(leftovers)" >&2
	return 1
}

# within MIN MAX: milliseconds
within() {
	[ "$elapsed" -ge "$1" ] && [ "$elapsed" -le "$2" ] && return
	printf 'it took %s ms, not %s to %s\n' "$elapsed" "$1" "$2" >&2
	return 1
}

# Promise 1: each blob's bytes hash to its name, and nobody may write to it.
good_store() {
	local file wrong=0
	for file in "$CR_STORE"/images/blobs/sha256/*; do
		[ -e "$file" ] || continue
		[ "$(sha256sum <"$file")" = "${file##*/}  -" ] && [ "$(stat -c %a "$file")" = 444 ] && continue
		printf '%s is not what its name says, or of mode 444\n' "$file" >&2
		wrong=1
	done
	return "$wrong"
}

# Nothing is left but the part of the layer, with which the next run goes on.
only_parts_left() {
	! leftovers | grep -v "/blob-${LAYER#sha256:}\$" >&2
}

# part SIZE: so many bytes of the layer have arrived and stay
part() {
	[ "$(stat -c %s "$CR_STORE/tmp/blob-${LAYER#sha256:}")" -eq "$1" ]
}

# Promise 5: no secret of these tests in what a program said.
no_secret_told() {
	! printf '%s\n%s\n' "$output" "$stderr" |
		grep -E 'pass-word|dXNlcjpwYXNzLXdvcmQ|the-token|identity-secret|very-secret|pw-secret' >&2
}

# no_secret_at PORT...: none was sent there, in whatever header or form
no_secret_at() {
	local name
	for name; do
		! headers | grep -E "^$name"$'\t' | grep -iE $'\t'"(proxy-)?authorization:|cookie:|dXNlcjpw|the-token|identity-secret" >&2 ||
			return
	done
}

# --- TLS ---

# start_tls_faults: for setup_file; as start_faults alone, with certificates of an authority of its own: "good" and "good2" for
# 127.0.0.1, ::1 and good.test; "other" for another name; "expired" and "early"; "selfsigned"; "stranger", of another authority;
# "client" and "client2", which want one of ours. $CA is the authority's file, $FAULT_DIR/client.cert and .key are for "client".
start_tls_faults() {
	local dir=$BATS_FILE_TMPDIR/faults
	if command -v openssl >/dev/null; then
		mkdir -p "$dir/tls"
		make_certificates "$dir" >"$dir/openssl" 2>&1 || return
		export CA=$dir/ca.crt
	fi
	start_faults alone
}

need_tls() {
	[ "${CA-}" ] || skip "openssl is not installed"
}

make_certificates() {
	local dir=$1 good='IP:127.0.0.1,IP:::1,DNS:good.test,DNS:localhost'
	make_authority "$dir/ca" && make_authority "$dir/stranger-ca" || return
	make_certificate "$dir" good "$good" && make_certificate "$dir" good2 "$good" && make_certificate "$dir" client "$good" &&
		make_certificate "$dir" client2 "$good" &&
		make_certificate "$dir" other DNS:other.test && make_certificate "$dir" expired "$good" 20200101000000Z 20200201000000Z &&
		make_certificate "$dir" early "$good" 20990101000000Z 20990201000000Z || return
	AUTHORITY=$dir/stranger-ca make_certificate "$dir" stranger "$good" || return
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/self.key" -out "$dir/self.crt" -subj /CN=selfsigned.test -days 2 \
		-addext "subjectAltName=$good,DNS:selfsigned.test" || return
	cat "$dir/self.crt" "$dir/self.key" >"$dir/tls/selfsigned.pem"
	# What the servers "client" and "client2" want.
	cp "$dir/ca.crt" "$dir/tls/client.ca"
	cp "$dir/ca.crt" "$dir/tls/client2.ca"
	make_certificate "$dir" user DNS:user.test || return
	openssl x509 -in "$dir/tls/user.pem" -out "$dir/client.cert" && openssl pkey -in "$dir/tls/user.pem" -out "$dir/client.key" &&
		rm "$dir/tls/user.pem"
}

make_authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.crt" -subj "/CN=${1##*/}" -days 2 \
		-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
}

# make_certificate DIR NAME SUBJECT-ALTERNATIVES [FROM TO]: DIR/tls/NAME.pem
make_certificate() {
	local dir=$1 name=$2 authority=${AUTHORITY-$1/ca} dates=(-days 2)
	[ $# -lt 5 ] || dates=(-startdate "$4" -enddate "$5")
	mkdir -p "$dir/issued"
	: >"$dir/issued/index"
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n' \
		"$dir/issued/index" "$dir/issued" >"$dir/issued/config"
	printf 'unique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=%s\n' "$3" >>"$dir/issued/config"
	openssl req -newkey rsa:2048 -nodes -keyout "$dir/issued/$name.key" -out "$dir/issued/$name.csr" -subj "/CN=$name" || return
	openssl ca -batch -notext -config "$dir/issued/config" -cert "$authority.crt" -keyfile "$authority.key" "${dates[@]}" \
		-in "$dir/issued/$name.csr" -out "$dir/issued/$name.crt" || return
	cat "$dir/issued/$name.crt" "$dir/issued/$name.key" >"$dir/tls/$name.pem"
}

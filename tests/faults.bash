# For the bats files that ask tests/faultserver.py: see there for the faults.
# shellcheck disable=SC2154 # bats sets status, output and stderr

start_faults() {
	FAULT_DIR=$BATS_FILE_TMPDIR/faults
	mkdir -p "$FAULT_DIR"
	command -v python3 >/dev/null || return 0
	python3 "$BATS_TEST_DIRNAME/faultserver.py" "$FAULT_DIR" </dev/null >"$FAULT_DIR/output" 2>&1 3>&- &
	FAULT_PID=$!
	local patience=100
	until [ -f "$FAULT_DIR/ports" ]; do
		[ $((patience -= 1)) -gt 0 ] || return
		sleep 0.1
	done
	read -r FAULT_PORT FAULT_PORT2 LAYER LAYER_SIZE MANIFEST INDEX <"$FAULT_DIR/ports"
	FAULTS=127.0.0.1:$FAULT_PORT
	export FAULT_DIR FAULT_PID FAULTS FAULT_PORT FAULT_PORT2 LAYER LAYER_SIZE MANIFEST INDEX
}

need_faults() {
	[ "${FAULTS-}" ] || skip "python3 is not installed"
	: >"$FAULT_DIR/mark"
	FAULT_MARK=$(wc -l <"$FAULT_DIR/log")
}

stop_faults() {
	[ -z "${FAULT_PID-}" ] || kill "$FAULT_PID"
}

# The requests since the test began: port, method, path, authorization, range.
requests() {
	tail -n "+$((FAULT_MARK + 1))" "$FAULT_DIR/log"
}

# credentials HOST [USER:PASSWORD]: an auth file that has them
credentials() {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "${2-user:pass-word}" | base64)" >"$REGISTRY_AUTH_FILE"
}

# layer_of REPOSITORY: the record of its layer, whose manifest need not be fetched
layer_of() {
	printf '%s\t%s\tapplication/vnd.oci.image.layer.v1.tar+gzip\t%s\n' "$LAYER" "$LAYER_SIZE" "$FAULTS/$1"
}

# fails STATUS WORDS: what `run --separate-stderr` ran printed nothing, and said WORDS
fails() {
	[ "$status" -eq "$1" ] && [ -z "$output" ] && [[ $stderr == *"$2"* ]] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

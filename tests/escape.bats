# Promise 8: out of a container by the ways on record. tests/escape/probe.c tries them from inside; the images of the other tests
# lie in wait for who runs them.

load helper

# What is known to be open, and documented: the host's network.
readonly KNOWN_OPEN='X46 X47'

setup_file() {
	cc -static -O1 -o "$BATS_FILE_TMPDIR/probe" "$BATS_TEST_DIRNAME/escape/probe.c" 2>/dev/null ||
		rm -f "$BATS_FILE_TMPDIR/probe"
}

setup() {
	[ -x "$BATS_FILE_TMPDIR/probe" ] || skip "no static C library"
	need_userns
	command -v busybox >/dev/null || skip "busybox is not installed"
}

teardown() {
	[ -z "${HOST_PID-}" ] || kill "$HOST_PID" 2>/dev/null || true
}

# make_root DIR: busybox and the probe, a new tree
make_root() {
	cp -a "$(busybox_root)" "$1"
	cp "$BATS_FILE_TMPDIR/probe" "$1/probe"
	mkdir -p "$1/tmp"
	chmod -R a+rX "$1"
	chmod 1777 "$1/tmp"
}

# start_host: something of the host to get at; sets CANARY and ARGS
start_host() {
	local name=cr-probe-$BASHPID-$RANDOM kind
	CANARY=$BATS_TEST_TMPDIR/canary
	echo secret >"$CANARY"
	"$BATS_FILE_TMPDIR/probe" host "$name" >"$BATS_TEST_TMPDIR/host" 3>&- &
	HOST_PID=$!
	until [ -s "$BATS_TEST_TMPDIR/host" ]; do sleep 0.02; done
	read -ra ARGS <"$BATS_TEST_TMPDIR/host"
	ARGS=("$CANARY" "$name" "${ARGS[@]}")
	for kind in mnt pid uts ipc user; do
		ARGS+=("$(readlink "/proc/self/ns/$kind")")
	done
}

# check_probe [as_user|as_plain_user]
check_probe() {
	local before found dir=$BATS_TEST_TMPDIR
	[ $# -eq 0 ] || dir=$USER_DIR
	make_root "$dir/root"
	! is_root || [ $# -eq 0 ] || chown -R "$(stat -c %u "$dir")" "$dir/root"
	start_host
	before=$(hostname)
	"$@" "$(command -v "${USER_BIN:-$BIN}/cr-exec")" "$dir/root" -- /probe "${ARGS[@]}" </dev/null 7</ >"$BATS_TEST_TMPDIR/found"
	[ "$(hostname)" = "$before" ]
	grep OPEN "$BATS_TEST_TMPDIR/found" || true
	[ "$(wc -l <"$BATS_TEST_TMPDIR/found")" -ge 60 ]
	found=$(sed -n 's/ OPEN .*//p' "$BATS_TEST_TMPDIR/found" | sort | tr '\n' ' ')
	[ "$found" = "$KNOWN_OPEN " ]
}

@test "promise 8: nothing is open but what is known to be" {
	check_probe
}

@test "promise 8: ... as an ordinary user" {
	need_user
	check_probe as_user
}

@test "promise 8: ... as a user without subordinate ids" {
	need_plain_user
	check_probe as_plain_user
}

# A terminal of its own it may type into (-t); the caller's, never (CVE-2017-5226).
@test "promise 8: ... on the caller's terminal" {
	command -v script >/dev/null || skip "script is not installed"
	make_root "$BATS_TEST_TMPDIR/root"
	start_host
	script -qec "cr-exec $BATS_TEST_TMPDIR/root -- /probe ${ARGS[*]}" /dev/null >"$BATS_TEST_TMPDIR/found" </dev/null
	grep 'X50 SAFE' "$BATS_TEST_TMPDIR/found"
	run bash -c "sed -n 's/ OPEN .*//p' '$BATS_TEST_TMPDIR/found' | sort | tr '\n' ' '"
	[ "$output" = "$KNOWN_OPEN " ]
}

@test "the probe sees what is open, where hardly anything is closed" {
	make_root "$BATS_TEST_TMPDIR/root"
	start_host
	run bash -c 'unshare --user --map-root-user chroot "$0" /probe "$@" 7</' "$BATS_TEST_TMPDIR/root" "${ARGS[@]}"
	for id in X01 X02 X03 X04 X09 X09b X10 X32 X46 X47; do
		grep -q "^$id OPEN" <<<"$output" || { echo "$id"; false; }
	done
}

# --- images ---

# Everything outside that an image's symlinks lead to
tree_of() {
	"$BATS_TEST_DIRNAME/tree" "$CANARY_DIR"
}

canary_dir() {
	CANARY_DIR=$BATS_TEST_TMPDIR/outside
	mkdir "$CANARY_DIR"
	echo keep >"$CANARY_DIR/keep"
	BEFORE=$(tree_of)
}

@test "promise 8: E-02 an entry point that is the runtime" {
	local before
	before=$(sha256sum "$BIN/cr-exec")
	make_root "$BATS_TEST_TMPDIR/root"
	ln -s /proc/self/exe "$BATS_TEST_TMPDIR/root/self"
	printf '#!/proc/self/exe\n' >"$BATS_TEST_TMPDIR/root/script"
	chmod +x "$BATS_TEST_TMPDIR/root/script"
	for command in /proc/self/exe /self /script; do
		run -126 cr-exec "$BATS_TEST_TMPDIR/root" -- "$command"
	done
	[ "$(sha256sum "$BIN/cr-exec")" = "$before" ]
}

@test "promise 8: E-03 working directories that lead out" {
	make_root "$BATS_TEST_TMPDIR/root"
	ln -s ../../../../.. "$BATS_TEST_TMPDIR/root/out"
	run -125 cr-exec -w /proc/self/fd/7 "$BATS_TEST_TMPDIR/root" -- /bin/true 7</
	for dir in /../../.. /out /out/out; do
		run -0 cr-exec -w "$dir" "$BATS_TEST_TMPDIR/root" -- /bin/sh -c 'pwd -P; ls /probe' 7</
		[ "$output" = "/"$'\n'/probe ]
	done
}

@test "promise 8: E-04 to E-11 symlinks where the runtime makes or mounts something" {
	local root=$BATS_TEST_TMPDIR/root path
	canary_dir
	for path in proc sys dev etc/resolv.conf etc/hosts etc/hostname dev/null dev/pts dev/shm dev/console dev/ptmx dev/fd \
		dev/.host-file etc tmp; do
		rm -rf "$root"
		make_root "$root"
		rm -rf "${root:?}/$path"
		mkdir -p "$(dirname "$root/$path")"
		ln -s "../../../../../../../../../..$CANARY_DIR/new" "$root/$path"
		run cr-exec "$root" -- /bin/true
		[[ $status -eq 0 || $status -eq 125 ]]
		ln -sfn "$CANARY_DIR" "$root/$path"
		run cr-exec -w /srv/here "$root" -- /bin/sh -c 'echo x >/etc/hosts; echo x >/dev/null; echo x >/dev/shm/x'
		[ "$(tree_of)" = "$BEFORE" ] || { echo "$path"; tree_of; false; }
	done
}

# --- the end ---

@test "kill -9 of cr-exec, thirty times: no process and no mount stays" {
	local i mounts mark=cr-probe-$BASHPID
	make_root "$BATS_TEST_TMPDIR/root"
	mounts=$(wc -l </proc/self/mountinfo)
	for ((i = 0; i < 30; i++)); do
		cr-exec "$BATS_TEST_TMPDIR/root" -- /bin/sh -c "sleep 100 & sleep 100; : $mark" 3>&- &
		sleep "0.0$((i % 5))"
		kill -9 $! 2>/dev/null || true # it may not even have begun
		wait $! 2>/dev/null || true
	done
	for ((i = 0; i < 50; i++)); do
		pgrep -f "$mark" >/dev/null || break
		sleep 0.1
	done
	run -1 pgrep -f "$mark"
	[ "$(wc -l </proc/self/mountinfo)" -eq "$mounts" ]
	[ -z "$(find /proc/[0-9]*/root -maxdepth 0 -lname "$BATS_TEST_TMPDIR/root" 2>/dev/null)" ]
}

@test "thirty containers at once" {
	local i pids=()
	make_root "$BATS_TEST_TMPDIR/root"
	for ((i = 0; i < 30; i++)); do
		cr-exec "$BATS_TEST_TMPDIR/root" -- /bin/sh -c "exit $i" 3>&- &
		pids+=($!)
	done
	for ((i = 0; i < 30; i++)); do
		wait "${pids[i]}" && status=0 || status=$?
		[ "$status" -eq "$i" ]
	done
}

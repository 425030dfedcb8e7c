# Promise 8: out of a container by the ways on record. tests/escape/probe.c and its parts try them from inside; escape-images.bats has the
# images that lie in wait for who runs them.

load helper
load escape/helper

# What is known to be open, and documented: the host's network.
readonly KNOWN_OPEN='X46 X47'

# Each has to be told of, one way or another. In the list of threats there are no X54 and X55: here, they are what process 1 shows.
readonly IDS='X01 X02 X03 X04 X05 X06 X07 X08 X09 X09b X10 X11 X12 X13 X13b X14 X15 X16 X17 X18 X19 X20 X21 X22 X23 X23b X24 X24b X25 X25b
	X25c X26 X27 X27b X28 X29 X30 X31 X32 X33 X34 X35 X36 X37 X38 X39 X40 X41 X42 X43 X44 X44b X45 X46 X47 X48 X49 X50 X51 X52 X53 X54 X55 X56'

# What a probe may find nothing to try of: with groups granted, they are the container's to choose; with a single one, the kernel lets nobody
# give one up; typing needs a terminal, and one that is the caller's.
declare -gA MAY_BE_NA=([root]='X35' [crtest]='X35' [crplain]='X16')

# And the files that this kernel does not have: $HOST says which it has.
readonly KERNEL_FILES='X24 X25 X26 X27 X28 X29 X30 X30b X30c X30d X30e'

setup_file() {
	build_probe
}

setup() {
	need_probe
}

teardown() {
	[ -z "${HOST_PID-}" ] || kill "$HOST_PID" 2>/dev/null || true
	[ -z "${JOINED-}" ] || [ ! -s "$DIR/b/pid" ] || kill -9 "$(cat "$DIR/b/pid")" 2>/dev/null || true
}

# start_host: something of the host to get at; sets HOST, what the probe has to know of it
start_host() {
	local name=cr-probe-$BASHPID-$RANDOM canary=$BATS_TEST_TMPDIR/canary
	echo secret >"$canary"
	chmod 644 "$canary"
	"$BATS_FILE_TMPDIR/probe" host "$name" >"$BATS_TEST_TMPDIR/host" 3>&- &
	HOST_PID=$!
	until_true test -s "$BATS_TEST_TMPDIR/host"
	read -ra HOST <"$BATS_TEST_TMPDIR/host"
	KEY=$name-key
	HOST=("canary=$canary" "${HOST[@]}" "key=$KEY" ${MORE:+"$MORE"})
	FOUND=$BATS_TEST_TMPDIR/found
}

# found WHAT: the ids of $FOUND with that outcome
found() {
	sed -n "s/ $1 .*//p" "$FOUND" | tr -d '\r' | sort -u | xargs
}

# words WORD...: sorted, once each
words() {
	printf '%s\n' "$@" | sort -u | xargs
}

# judge [MORE-NA]: whether all was tried, nothing is open but what is known to be, and nothing passed over but what may be
judge() {
	local id missing=() may=() known=()
	cat "$FOUND"
	for id in $IDS; do
		grep -q "^$id " "$FOUND" || missing+=("$id")
	done
	[ -z "${missing[*]}" ] || { echo "not tried: ${missing[*]}"; return 1; }
	read -ra may <<<"${MAY_BE_NA[$MODE]} ${1-}"
	read -ra known <<<"$KNOWN_OPEN"
	is_root || may+=(X18)
	for id in $KERNEL_FILES; do
		[[ ${HOST[*]} == *,$id,* ]] || may+=("$id")
	done
	[ "$(found NA)" = "$(words "${may[@]}")" ]
	[ "$(found OPEN)" = "$(words "${known[@]}")" ]
}

# check_probe CMD...: as who MODE says; it runs what is behind it in a container whose root is $DIR/root
check_probe() {
	local before
	start_host
	before=$(hostname)
	cp "$BATS_FILE_TMPDIR/probe" "$DIR/caller"
	own "$DIR/caller"
	MORE_GROUPS=$DENIED_GROUP in_mode "$DIR/caller" caller "$KEY" "$@" /probe "${HOST[@]}" </dev/null 7</ 200</ >"$FOUND"
	[ "$(hostname)" = "$before" ]
	judge X50
}

# check_mode MODE
check_mode() {
	mode "$1"
	make_root "$DIR/root"
	plant "$DIR/root"
	check_probe "${USER_BIN:-$BIN}/cr-exec" "$DIR/root" --
}

@test "promise 8: nothing is open but what is known to be: as root" {
	check_mode root
}

@test "promise 8: ... as an ordinary user" {
	check_mode crtest
}

@test "promise 8: ... as a user without subordinate ids" {
	check_mode crplain
}

# --- on a terminal ---

# check_terminal MODE [OPTION]...: at a terminal that the caller's shell reads from afterwards
check_terminal() {
	local caller
	mode "$1"
	make_root "$DIR/root"
	plant "$DIR/root"
	start_host
	cp "$BATS_FILE_TMPDIR/probe" "$DIR/caller"
	own "$DIR/caller"
	[ "${2-}" != -t ] || HOST+=(terminal=own)
	caller="'$DIR/caller' caller $KEY '${USER_BIN:-$BIN}/cr-exec' ${*:2} '$DIR/root' -- /probe ${HOST[*]} 7</
		echo; echo back
		while IFS= read -r -t 1 line; do echo \"the shell was told: \$line\"; done"
	MORE_GROUPS=$DENIED_GROUP in_mode timeout 60 python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
		bash -c "$caller" </dev/null >"$BATS_TEST_TMPDIR/all"
	sed '/^back/,$d' "$BATS_TEST_TMPDIR/all" | grep . >"$FOUND"
	grep -q '^back' "$BATS_TEST_TMPDIR/all"
	run -1 grep 'was told' "$BATS_TEST_TMPDIR/all"
}

@test "promise 8: ... on the caller's terminal, and nothing is typed into it (CVE-2017-5226): as root" {
	check_terminal root
	judge
}

@test "promise 8: ... on the caller's terminal, as an ordinary user" {
	check_terminal crtest
	judge
}

@test "promise 8: ... on the caller's terminal, as a user without subordinate ids" {
	check_terminal crplain
	judge
}

@test "promise 8: ... on a terminal of its own (-t): as root" {
	check_terminal root -t
	judge X50
}

@test "promise 8: ... on a terminal of its own, as an ordinary user" {
	check_terminal crtest -t
	judge X50
}

@test "promise 8: ... on a terminal of its own, as a user without subordinate ids" {
	check_terminal crplain -t
	judge X50
}

# --- from an image, on an overlay ---

# check_image MODE: the layer is shared with other containers, and what was planted lies in it
check_image() {
	local layers
	mode "$1"
	make_root "$DIR/root"
	store_in_mode
	make_store_image probe "$DIR/root"
	in_mode bash -c 'set -o pipefail; cr-inspect -r probe | cr-unpack | cr-mkrootfs -m overlay b'
	layers=("$CR_STORE"/layers/sha256/*/fs)
	plant "${layers[0]}"
	check_probe "${USER_BIN:-$BIN}/cr-exec" "$DIR/b" --
}

@test "promise 8: ... in a container of an image: as root" {
	cd "$BATS_TEST_TMPDIR"
	check_image root
}

@test "promise 8: ... in a container of an image, as an ordinary user" {
	check_image crtest
}

@test "promise 8: ... in a container of an image, as a user without subordinate ids" {
	check_image crplain
}

# --- as a further process of a container that runs ---

# check_join MODE
check_join() {
	mode "$1"
	make_root "$DIR/root"
	store_in_mode
	make_store_image probe "$DIR/root"
	in_mode bash -c 'set -o pipefail; cr-inspect -r probe | cr-unpack | cr-mkrootfs -m copy b -- sleep 100'
	plant "$DIR/b/rootfs"
	in_mode cr-exec --record b </dev/null >/dev/null 2>&1 3>&- &
	JOINED=$!
	until_true grep -qs running "$DIR/b/status"
	MORE=known=3 check_probe "${USER_BIN:-$BIN}/cr-exec" --join "$DIR/b" --
}

@test "promise 8: ... joining a container: as root" {
	check_join root
}

@test "promise 8: ... joining a container, as an ordinary user" {
	check_join crtest
}

@test "promise 8: ... joining a container, as a user without subordinate ids" {
	check_join crplain
}

# One who waits inside for others, with the right to trace whom he can see (CVE-2016-9962, CVE-2019-5736): they are his only once they run his program.
@test "promise 8: who joins a container cannot be got hold of before he is in it" {
	local until
	mode root
	make_root "$DIR/root"
	cc -static -O1 -o "$DIR/root/watch" "$BATS_TEST_DIRNAME/escape/watch.c"
	setup_store
	make_store_image watch "$DIR/root" >/dev/null
	bash -c 'set -o pipefail; cr-inspect -r watch | cr-unpack | cr-mkrootfs -m copy --cap-add SYS_PTRACE "$0" -- /watch 6 sleep' "$DIR/b"
	cr-exec --record "$DIR/b" >"$DIR/watched" 2>&1 3>&- &
	JOINED=$!
	until_true grep -qx up "$DIR/watched"
	until=$((SECONDS + 4))
	while [ "$SECONDS" -lt "$until" ]; do
		cr-exec --join "$DIR/b" -- /bin/sleep 0.05
		run -125 cr-exec --join -w /proc/self/fd/7 "$DIR/b" -- /bin/true 7</
		run -126 cr-exec --join "$DIR/b" -- /proc/self/exe
	done
	wait "$JOINED"
	cat "$DIR/watched"
	run -1 grep OPEN "$DIR/watched"
	[ "$(sed -n 's/^looks //p' "$DIR/watched")" -gt 100 ]
}

# --- mounts ---

# The runtime's own mounts, where the host's are shared with everybody, and one that a container has made in its namespace.
@test "promise 8: X52 a mount made inside is not seen outside, and the other way about" {
	need_root
	MODE=root
	make_root "$BATS_TEST_TMPDIR/root"
	# shellcheck disable=SC2016
	unshare --mount --propagation shared bash -euc '
		cd "$1"
		mkdir outside
		before=$(grep -c . /proc/self/mountinfo)
		cr-exec --pid-file pid root -- /bin/sh -c "echo >/up; exec sleep 60" 3>&- &
		trap "kill -9 $!" EXIT
		for _ in {1..200}; do [ -s pid ] && [ -e root/up ] && break; sleep 0.05; done
		[ "$(grep -c . /proc/self/mountinfo)" -eq "$before" ]
		nsenter --mount --target "$(cat pid)" --root /bin/busybox mount -t tmpfs inside /tmp
		grep -q " /tmp .* inside " "/proc/$(cat pid)/mountinfo"
		[ "$(grep -c . /proc/self/mountinfo)" -eq "$before" ]
		mount -t tmpfs outside outside
		run=$(grep -c " outside " "/proc/$(cat pid)/mountinfo") || :
		[ "$run" -eq 0 ]' - "$BATS_TEST_TMPDIR"
}

# --- the probe itself ---

# closed_in FILE: the ids that were not open
closed_in() {
	local id
	for id in $IDS; do
		grep -q "^$id OPEN" "$1" || echo "$id"
	done
}

# What stays closed in both is closed by the kernel of this machine (modules, kexec), or has no file; X45: a chroot may have no namespaces.
@test "the probe sees what is open, where nothing is closed" {
	local id allowed='X45'
	need_root
	command -v script >/dev/null || skip "script is not installed"
	MODE=root
	make_root "$BATS_TEST_TMPDIR/root"
	mkdir -p "$BATS_TEST_TMPDIR"/root/{proc,sys,dev}
	plant "$BATS_TEST_TMPDIR/root"
	start_host
	script -qec "'$BATS_FILE_TMPDIR/probe' caller $KEY '$BATS_TEST_DIRNAME/escape/naive' '$BATS_TEST_TMPDIR/root' '$BATS_TEST_TMPDIR' \
		/probe ${HOST[*]}" /dev/null </dev/null | tr -d '\r' >"$FOUND"
	cat "$FOUND"
	# Process 1 in a namespace of its own: it shows where it comes from.
	# shellcheck disable=SC2016
	unshare --user --map-root-user --mount --pid --fork bash -c \
		'mount -t proc proc "$1/proc" && chroot "$1" "${@:2}"; :' - "$BATS_TEST_TMPDIR/root" /probe "${HOST[@]}" 7</ >"$FOUND.2"
	cat "$FOUND.2" >>"$FOUND"
	for id in $KERNEL_FILES; do
		[[ ${HOST[*]} == *,$id,* ]] || allowed="$allowed $id"
	done
	[ -e /proc/modules ] || allowed="$allowed X38"
	[ -e /sys/kernel/kexec_loaded ] || allowed="$allowed X42"
	[ "$(python3 -c 'import ctypes; print(ctypes.CDLL(None).iopl(3))')" = 0 ] || allowed="$allowed X43"
	closed_in "$FOUND"
	for id in $(closed_in "$FOUND"); do
		[[ " $allowed " == *" $id "* ]]
	done
}

# For information: what others leave open. Neither is at fault, for each does what it was told.
@test "the probe in bubblewrap's sandbox sees a nested user namespace, and more" {
	command -v bwrap >/dev/null || skip "bwrap is not installed"
	MODE=root
	! is_root || make_root "$BATS_TEST_TMPDIR/root"
	is_root || cp -a "$(busybox_root)" "$BATS_TEST_TMPDIR/root"
	cp "$BATS_FILE_TMPDIR/probe" "$BATS_TEST_TMPDIR/root/probe"
	start_host
	bwrap --unshare-user --unshare-ipc --unshare-pid --unshare-uts --bind "$BATS_TEST_TMPDIR/root" / --proc /proc --dev /dev \
		/probe "${HOST[@]}" </dev/null >"$FOUND"
	echo "# bwrap: $(found OPEN)" >&3
	[[ " $(found OPEN) " == *" X45 "* ]]
}

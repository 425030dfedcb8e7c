#!/usr/bin/env bats
# Pulls that are killed: what has arrived is not asked for again, and nothing is left behind (promise 6). By tests/killserver.py,
# which kills at a byte and counts what it sends.
#
# KILLS and CUTS are how often a pull is killed at a random byte (100), and how often the power goes (20); `make torture` does more. SEED,
# which a test that fails shows, repeats its random numbers.

load helper

setup_file() {
	KILL_DIR=$BATS_FILE_TMPDIR/kill
	mkdir -p "$KILL_DIR"
	command -v python3 >/dev/null || return 0
	python3 "$BATS_TEST_DIRNAME/killserver.py" "$KILL_DIR" </dev/null >"$KILL_DIR/output" 2>&1 3>&- &
	KILL_PID=$!
	export KILL_DIR KILL_PID
	until_true test -f "$KILL_DIR/ports"
	read -r port CONTROL <"$KILL_DIR/ports"
	SERVER=127.0.0.1:$port
	export SERVER CONTROL
}

teardown_file() {
	[ -z "${KILL_PID-}" ] || kill "$KILL_PID"
}

setup() {
	[ "${SERVER-}" ] || skip "python3 is not installed"
	setup_store
	SEED=${SEED:-$RANDOM}
	RANDOM=$SEED
	control 'pace?rate=0'
	until_true answers # the test before may have restarted it
	records=$BATS_TEST_TMPDIR/records
	counted=$BATS_TEST_TMPDIR/counted
	said=$BATS_TEST_TMPDIR/said
}

teardown() {
	if [ -z "${BATS_TEST_COMPLETED-}" ] && [ -z "${BATS_TEST_SKIPPED-}" ] && [ "${SERVER-}" ]; then
		printf 'SEED=%s\n' "$SEED"
		head -n 20 "$said" "$counted" 2>/dev/null
		ls -l "$CR_STORE/tmp"
	fi
	[ -z "${MOUNT-}" ] || unmount
}

control() {
	curl -q -sS -f --noproxy '*' -m 30 "http://127.0.0.1:$CONTROL/$1"
}

answers() {
	curl -q -s -o /dev/null --noproxy '*' "http://$SERVER/"
}

# What the server has sent since this was asked last, when it is done: into $counted.
count() {
	control count >"$counted"
}

# A new store that has an image's manifest and config; its layers' records, the rest of the pull, into $records.
want() {
	rm -rf "$CR_STORE"
	cr-fetch-manifest "$SERVER/$1:latest" >"$BATS_TEST_TMPDIR/image"
	tail -n +3 "$BATS_TEST_TMPDIR/image" >"$records"
	hex=$(cut -c 8-71 "$records" | head -n 1)
	size=$(cut -f 2 "$records" | awk '{ n += $1 } END { print n }')
	count
}

# told CMD...: runs it as the process that the server kills
told() {
	# shellcheck disable=SC2016 # $0 and $$ are the inner shell's
	sh -c 'echo $$ >"$0"; exec "$@"' "$KILL_DIR/pid" "$@"
}

# killed STATUS ARM-WORDS: fetches $records until the server has its way
killed() {
	local code=0
	control "arm?$2"
	told cr-fetch-blob -q <"$records" >/dev/null 2>"$said" || code=$?
	[ "$code" -eq "$1" ] && return
	printf 'status %s, not %s\n' "$code" "$1"
	return 1
}

# All records came out; layers as they arrived, in any order.
printed_all() {
	cmp <(sort "$records") <(sort "$BATS_TEST_TMPDIR/printed")
}

# The same pull, by a new process, comes to its end; all is right, and nothing is left.
completes() {
	cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/printed" 2>"$said" || return
	printed_all && [ ! -s "$said" ] && is_whole && [ -z "$(leftovers)" ]
}

# Every blob of $records has its name and its bytes. The big one is compared, which is faster than to hash it.
is_whole() {
	local digest
	if [ "$(wc -l <"$records")" -eq 1 ]; then
		cmp "$KILL_DIR/big" "$CR_STORE/images/blobs/sha256/$hex"
	else
		cut -f 1 "$records" | xargs cr-verify >/dev/null
	fi && names_are_right
}

# Promise 1, looked at from outside.
names_are_right() {
	local file
	for file in "$CR_STORE"/images/blobs/sha256/*; do
		[ "${file##*/}" != "$hex" ] || [ "$size" -lt 100000000 ] || continue
		[ ! -e "$file" ] || [ "$(sha256sum <"$file")" = "${file##*/}  -" ] || { echo "$file is wrong"; return 1; }
	done
}

# The partial file of the first blob, and its bytes.
part() {
	find "$CR_STORE/tmp" -type f -name "*$hex*"
}

arrived() {
	stat -c %s "$(part)"
}

# Bytes of layers that came, in what was counted last.
came() {
	awk -F '\t' '$2 ~ "/blobs/" { n += $4 } END { print n + 0 }' "$counted"
}

# at_most PERCENT BYTES: no more than that came twice
at_most() {
	[ $((100 * ($2 - size))) -le $(($1 * size)) ] && return
	printf '%s bytes came, of %s\n' "$2" "$size"
	return 1
}

ranges() {
	cut -f 3 "$counted"
}

random_below() {
	echo $((((RANDOM << 30) | (RANDOM << 15) | RANDOM) % $1))
}

# kill_and_go_on ARM-WORDS [STATUS]: at most 1 % comes twice, and what has arrived is not asked for
kill_and_go_on() {
	local have sum
	rm -rf "$CR_STORE/tmp" "$CR_STORE/images/blobs/sha256/$hex"
	killed "${2-137}" "$1" || return
	have=$(arrived) || { echo 'no partial file'; return 1; }
	[ ! -e "$CR_STORE/images/blobs/sha256/$hex" ] && count || return
	sum=$(came)
	completes && count || return
	[ "$(wc -l <"$counted")" -eq 1 ] || { cat "$counted"; return 1; }
	if [ "$have" -gt 0 ]; then
		[ "$(ranges)" = "bytes=$have-" ] || { ranges; return 1; }
	fi
	at_most 1 $((sum + $(came)))
}

# --- a blob of 100 MB ---

@test "kills at random bytes of a blob: each pull goes on where the last one was, and at most 1 % comes twice" {
	want big
	for ((round = 1; round <= ${KILLS:-100}; round++)); do
		at=$(random_below "$size")
		kill_and_go_on "at=$at" || { echo "kill $round, at byte $at"; false; }
	done
}

@test "kills at the first bytes and at the last" {
	want big
	for at in 0 1 4096 262144 $((size - 262144)) $((size - 1)); do
		kill_and_go_on "at=$at" || { echo "at byte $at"; false; }
	done
}

@test "a pull that is killed again and again comes to its end, and has asked for nothing twice" {
	want big
	sum=0
	for ((round = 1; round <= 20; round++)); do
		killed 137 "at=$((size / 25))"
		[ -n "$(part)" ]
		count
		sum=$((sum + $(came)))
	done
	completes
	count
	at_most 5 $((sum + $(came))) # of 20 kills, each of which alone may cost 1 %
}

@test "SIGTERM, SIGINT and SIGHUP cost no more than SIGKILL" {
	want big
	for signal in 15 2 1; do
		kill_and_go_on "at=$(random_below "$size")&then=$signal" $((128 + signal)) || { echo "signal $signal"; false; }
	done
}

@test "a killed pull is finished by -o, and by the wrapper" {
	want big
	killed 137 "at=$((size / 2))"
	count
	cr-fetch-blob -o - "$SERVER/big@sha256:$hex" | cmp - "$KILL_DIR/big"
	[ -z "$(leftovers)" ]
	count
	[[ $(ranges) == bytes=* ]]
	rm "$CR_STORE/images/blobs/sha256/$hex"
	killed 137 "at=$((size / 2))"
	count
	container pull -q "$SERVER/big:latest" >/dev/null 2>&1 || : # the layer is no tar: what is fetched counts
	count
	grep -q "bytes=.*" "$counted"
	is_whole
}

# --- several blobs ---

@test "a kill among 20 small blobs: those that were there are not asked for again" {
	want small
	for ((round = 1; round <= 10; round++)); do
		rm -rf "$CR_STORE/tmp"
		cut -f 1 "$records" | while read -r digest; do
			rm -f "$(blob "$digest")"
		done
		at=$(random_below "$size")
		killed 137 "at=$at&path=/blobs/"
		names_are_right
		find "$CR_STORE/images/blobs/sha256" -type f -printf '%f\n' | sort >"$BATS_TEST_TMPDIR/there"
		count
		sum=$(came)
		completes
		count
		run ! grep -F -f "$BATS_TEST_TMPDIR/there" "$counted"
		# Each of six that were under way may have had a buffer full on its way.
		[ $((sum + $(came))) -le $((size + 6 * 50000)) ]
	done
}

@test "no more than 1 % of many blobs comes twice" {
	want many
	for ((round = 1; round <= 5; round++)); do
		rm -rf "$CR_STORE/images/blobs" "$CR_STORE/tmp"
		killed 137 "at=$(random_below "$size")&path=/blobs/"
		names_are_right
		count
		sum=$(came)
		completes
		count
		at_most 1 $((sum + $(came)))
	done
}

# --- documents ---

@test "a kill while the manifest or the config comes: what is there is right, and the next one finishes" {
	for path in manifests blobs; do
		for at in 0 1 100; do
			rm -rf "$CR_STORE"
			hex=none size=0
			control "arm?at=$at&path=/$path/"
			code=0
			told cr-fetch-manifest "$SERVER/big:latest" >"$BATS_TEST_TMPDIR/printed" 2>"$said" || code=$?
			[ "$code" -eq 137 ]
			[ ! -s "$BATS_TEST_TMPDIR/printed" ]
			names_are_right
			cr-fetch-manifest "$SERVER/big:latest" >"$BATS_TEST_TMPDIR/printed"
			[ "$(wc -l <"$BATS_TEST_TMPDIR/printed")" -eq 3 ]
			names_are_right
			[ -z "$(leftovers)" ]
		done
	done
}

@test "a kill of the whole pipe leaves no name, and the pull gives it" {
	count
	name=$SERVER/many:latest
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	cr-tag "$name" <"$BATS_TEST_TMPDIR/pipe" >/dev/null 2>"$said" 3>&- &
	tag=$!
	cr-fetch-manifest "$name" >"$records"
	control 'arm?at=20000000&path=/blobs/'
	told cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/pipe" 2>/dev/null || [ $? -eq 137 ]
	run ! wait "$tag"
	[ -z "$(cr-tag)" ]
	cr-fetch-manifest "$name" | cr-fetch-blob | cr-tag "$name" >/dev/null
	cr-tag | grep -qF "$name"
	[ -z "$(leftovers)" ]
}

# --- several processes ---

has_begun() {
	[ -s "$(part)" ]
}

@test "two pulls of one blob: when the first is killed, the second goes on within a second" {
	want big
	control "pace?rate=$((size / 2))"
	control "arm?at=$((size / 2))"
	told cr-fetch-blob -q <"$records" >/dev/null 2>"$said" 3>&- &
	first=$!
	until_true has_begun
	control 'pace?rate=0'
	cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/printed" 2>"$said" 3>&- &
	second=$!
	code=0
	wait "$first" || code=$?
	[ "$code" -eq 137 ]
	wait "$second"
	printed_all
	is_whole
	[ -z "$(leftovers)" ]
	count
	[ "$(wc -l <"$counted")" -eq 2 ]
	at_most 1 "$(came)"
	after=$(tail -n 1 "$counted" | cut -f 5)
	echo "after $after ms"
	[ "$after" -lt 1000 ]
	[[ $(ranges | tail -n 1) == bytes=* ]]
}

@test "eight pulls of one image at once: each blob and each manifest is sent once" {
	count
	name=$SERVER/many:latest
	pids=()
	for i in {1..8}; do
		(
			set -o pipefail
			cr-fetch-manifest "$name" | cr-fetch-blob -q | cr-tag "$name" >"$BATS_TEST_TMPDIR/printed$i"
		) 2>>"$said" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ ! -s "$said" ]
	cr-verify -a
	[ -z "$(leftovers)" ]
	count
	echo "sent twice:"
	awk -F '\t' '$1 == "GET"' "$counted" | cut -f 2 | sort | uniq -d | tee "$BATS_TEST_TMPDIR/twice"
	[ ! -s "$BATS_TEST_TMPDIR/twice" ]
}

@test "eight pulls of one image, one after another killed: each blob is sent once" {
	want many
	control "pace?rate=2000000"
	pids=()
	for _ in {1..8}; do
		cr-fetch-blob -q <"$records" >/dev/null 2>>"$said" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]:0:7}"; do
		sleep 0.2
		kill -9 "$pid"
	done
	control 'pace?rate=0'
	wait "${pids[7]}"
	names_are_right
	cut -f 1 "$records" | xargs cr-verify
	[ -z "$(leftovers)" ]
	count
	at_most 7 "$(came)" # 1 % for each kill
}

# --- the server goes away ---

@test "a server that is restarted in the middle: the same process goes on by itself" {
	want big
	control "arm?at=$((size / 2))&then=restart"
	cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/printed" 2>"$said"
	printed_all
	is_whole
	[ -z "$(leftovers)" ]
	count
	at_most 1 "$(came)"
	[[ $(ranges | tail -n 1) == bytes=* ]]
}

@test "a server that is restarted among many blobs" {
	want many
	control "arm?at=$((size / 2))&then=restart"
	cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/printed" 2>"$said"
	printed_all
	is_whole
	[ -z "$(leftovers)" ]
	count
	at_most 2 "$(came)"
}

# --- partial files that are not what they were ---

# A partial file, as a killed pull leaves it: about a half of the blob.
leave_part() {
	want big
	killed 137 "at=$((size / 2))"
	count
	part=$(part)
	[ -n "$part" ]
}

@test "a partial file with a byte flipped: the blob is right" {
	leave_part
	flip "$part" 1000000
	completes
}

# flip FILE OFFSET
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # an octal escape
	printf "\\$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a partial file that ends in zeros, as after a power cut: the blob is right" {
	leave_part
	truncate -s +1000000 "$part"
	completes
}

@test "a partial file longer than the blob, or as long and wrong: the blob is right" {
	leave_part
	truncate -s $((size + 1)) "$part"
	completes
	rm -f "$CR_STORE/images/blobs/sha256/$hex"
	truncate -s "$size" "$part"
	completes
}

@test "a partial file that is whole already: nothing is asked for" {
	leave_part
	cp "$KILL_DIR/big" "$part"
	completes
	count
	[ "$(came)" -eq 0 ]
}

# right_or_refused WORDS: the blob is there, or the message names the trouble; and no wrong bytes have the blob's name
right_or_refused() {
	local code=0
	timeout 20 cr-fetch-blob -q <"$records" >"$BATS_TEST_TMPDIR/printed" 2>"$said" || code=$?
	cat "$said"
	case $code in
	0) is_whole ;;
	1 | 3) grep -q "$1" "$said" && [ ! -e "$CR_STORE/images/blobs/sha256/$hex" ] && [ ! -s "$BATS_TEST_TMPDIR/printed" ] ;;
	*) return 1 ;;
	esac
}

@test "a partial file that nobody may write to" {
	leave_part
	chmod 400 "$part"
	right_or_refused 'ermission denied'
}

@test "an ordinary user, and a partial file that nobody may write to" {
	is_root || skip "the test before is this one"
	need_user
	leave_part
	chmod 400 "$part"
	mkdir -p "$USER_DIR/store/tmp"
	cp -p "$part" "$USER_DIR/store/tmp/"
	chown -R crtest: "$USER_DIR"
	CR_STORE=$USER_DIR/store
	code=0
	as_user timeout 20 cr-fetch-blob -q <"$records" >/dev/null 2>"$said" || code=$?
	cat "$said"
	[ "$code" -eq 0 ] || { [ "$code" -eq 1 ] && grep -q 'ermission denied' "$said"; }
}

@test "a symlink in the partial file's place is not written through" {
	leave_part
	rm "$part"
	echo precious >"$BATS_TEST_TMPDIR/precious"
	for target in "$BATS_TEST_TMPDIR/precious" "$BATS_TEST_TMPDIR/nothing"; do
		ln -sf "$target" "$part"
		right_or_refused tmp/
		[ "$(cat "$BATS_TEST_TMPDIR/precious")" = precious ]
		[ ! -e "$BATS_TEST_TMPDIR/nothing" ]
	done
}

@test "a hard link in the partial file's place is not written through" {
	leave_part
	rm "$part"
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln "$BATS_TEST_TMPDIR/precious" "$part"
	right_or_refused tmp/
	[ "$(cat "$BATS_TEST_TMPDIR/precious")" = precious ]
}

@test "a FIFO, a directory and a socket in the partial file's place" {
	leave_part
	rm "$part"
	mkfifo "$part"
	right_or_refused tmp/
	rm -f "$part"
	mkdir "$part"
	right_or_refused tmp/
	rmdir "$part" 2>/dev/null || :
	python3 -c 'import socket, sys, os; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(sys.argv[2])' \
		"$CR_STORE/tmp" "${part##*/}" 2>/dev/null || skip "a socket cannot have so long a name"
	right_or_refused tmp/
}

# --- the power goes ---

# An ext4 of its own, whose power can be cut (EXT4_IOC_SHUTDOWN without a flush of its journal): the store is on it.
need_power() {
	need_root
	command -v mkfs.ext4 >/dev/null || skip "mkfs.ext4 is not installed"
	truncate -s 400M "$BATS_TEST_TMPDIR/disk"
	mkfs.ext4 -q "$BATS_TEST_TMPDIR/disk"
	MOUNT=$BATS_TEST_TMPDIR/mount
	mkdir "$MOUNT"
	remount 2>/dev/null || { MOUNT=; skip "no loop device can be mounted here"; }
	printf '%s\n' "$MOUNT" >"$KILL_DIR/mount"
	CR_STORE=$MOUNT/store
}

# By a copy: the file system that lost its power lives on where a process in a mount namespace of its own has seen it, and would
# be had again by its disk.
remount() {
	cp --sparse=always "$BATS_TEST_TMPDIR/disk" "$BATS_TEST_TMPDIR/copy" &&
		mv "$BATS_TEST_TMPDIR/copy" "$BATS_TEST_TMPDIR/disk" &&
		mount -o loop "$BATS_TEST_TMPDIR/disk" "$MOUNT"
}

# A file system that has lost its power is busy for a moment, and no file of it can be asked for.
unmount() {
	until_true is_unmounted
}

is_unmounted() {
	! grep -qF " $MOUNT " /proc/mounts || umount "$MOUNT" 2>/dev/null
}

# cut_and_go_on IMAGE: adds to `sum` what came, and to `whole` what would have had to
cut_and_go_on() {
	local code=0 least
	want "$1"
	sync -f "$CR_STORE"
	least=$([ "$1" = big ] || echo $((size / 3))) # when some of many have their names
	control "arm?at=$((least + $(random_below $((size - least)))))&path=/blobs/&then=cut"
	cr-fetch-blob -q <"$records" >/dev/null 2>"$said" || code=$?
	unmount && remount || return
	[ "$code" -ne 0 ] && names_are_right || return
	[ "$(sha256sum <"$CR_STORE/images/oci-layout")" = "$(printf '{"imageLayoutVersion":"1.0.0"}\n' | sha256sum)" ] || return
	[ ! -e "$CR_STORE/images/blobs/sha256/$hex" ] || [ "$1" != big ] || return
	count
	sum=$((sum + $(came))) whole=$((whole + size))
	completes || return
	count
	sum=$((sum + $(came)))
}

@test "the power goes at random bytes: no wrong blob is there afterwards, and the pull completes" {
	need_power
	sum=0 whole=0
	for ((round = 1; round <= ${CUTS:-20}; round++)); do
		image=many
		[ $((round % 2)) -eq 0 ] || image=big
		cut_and_go_on "$image" || { echo "cut $round, $image"; false; }
	done
	echo "# came twice: $((100 * (sum - whole) / whole)) %" >&3
}

# The life of a container: its states, and the lock that proves them; in the background; many at once; killed; on a full disk.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f 2>/dev/null || :
	! mountpoint -q small || umount small
}

# user_image: the same in the store of the user that as_user or as_plain_user will be
user_image() { # USER
	prepare_user "$1"
	cp -R store/images "$USER_DIR/store/"
	! is_root || chown -R "$1:" "$USER_DIR/store"
	as "$1" sh -c 'cr-inspect -r busybox | cr-unpack >/dev/null'
}

state() {
	cr-ps "$1" | cut -f 2
}

supervisor() {
	cr-ps -j "$1" | sed -n 's/.*"supervisor": \([0-9]*\).*/\1/p'
}

is_state() {
	[ "$(state "$1")" = "$2" ]
}

# Its command, which an ordinary user may look at, unlike process 1
command_of() {
	pgrep -o -P "$(cr-ps "$1" | cut -f 4)"
}

# The process namespace of a container that runs.
namespace() {
	readlink "/proc/$(command_of "$1")/ns/pid"
}

# Whether no process is in the namespace.
is_empty() {
	! readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -qxF "$1"
}

# --- states ---

@test "the name of an image is removed while a container of it runs: that goes on" {
	id=$(container run -d busybox sleep 300)
	container rmi busybox
	run -0 container exec "$id" sh -c 'ls /bin/busybox && echo x >/written && cat /written'
	[ "$output" = $'/bin/busybox\nx' ]
	[ "$(state "$id")" = running ]
}

@test "a bundle that runs is not removed as a bundle, either" {
	id=$(container run -d busybox sleep 300)
	run -2 --separate-stderr cr-mkrootfs -d "store/containers/$id"
	[[ $stderr == "cr-mkrootfs: "*"it runs"* ]]
	[ "$(state "$id")" = running ]
	container rm -f "$id"
	[ ! -e "store/containers/$id" ]
}

@test "created, running, exited: what cr-ps says at each moment" {
	dir=$(cr-mkrootfs --container --name it -i busybox -- sh -c 'read x; exit 7')
	is_state it created
	run -1 --separate-stderr cr-wait it
	[[ $stderr == *"not been started"* ]]
	mkfifo in
	cr-exec --record "$dir" <in 3>&- &
	exec 4>in
	until_true is_state it running
	[ "$(cr-ps)" = "$(cr-ps it)" ]
	echo >&4
	exec 4>&-
	code=0
	wait $! || code=$?
	[ "$code" -eq 7 ]
	is_state it exited
	[ "$(cr-ps it | cut -f 3)" = 7 ]
	[ -z "$(cr-ps)" ]
	run -0 cr-wait it
	[ "$output" = 7 ]
}

@test "a container runs once at a time" {
	id=$(container run -d busybox sleep 300)
	run -125 --separate-stderr cr-exec --record "store/containers/$id" -- true
	[[ $stderr == *"runs already"* ]]
	is_state "$id" running
	container kill "$id"
	container wait "$id"
	cr-exec --record "store/containers/$id" -- true
	[ "$(cr-ps "$id" | cut -f 2,3)" = $'exited\t0' ]
}

@test "numbers in files are not believed: of the facts pid and status, without the lock, nothing is" {
	id=$(cr-mkrootfs --container -i busybox)
	id=${id##*/}
	sleep 300 3>&- &
	echo running >"store/containers/$id/status"
	echo $! >"store/containers/$id/pid"
	is_state "$id" died
	run -4 cr-kill "$id"
	cr-rm -f "$id"
	kill -0 $!
	# Nor while another process holds the lock.
	id=$(container run -d busybox sleep 300)
	pid=$(cat "store/containers/$id/pid")
	echo $! >"store/containers/$id/pid"
	shown=$(cr-ps "$id" | cut -f 4)
	echo "$pid" >"store/containers/$id/pid"
	[ "$shown" = - ]
	[ "$(cr-ps "$id" | cut -f 4)" = "$pid" ]
	kill -0 $!
	kill $!
}

@test "a supervisor that is killed: died, with no process left; and rm removes it" {
	for _ in 1 2 3 4 5; do
		id=$(container run -d busybox sh -c 'sleep 300 & sleep 300')
		inside=$(namespace "$id")
		run ! is_empty "$inside"
		kill -9 "$(supervisor "$id")"
		until_true is_empty "$inside"
		is_state "$id" died
		[ "$(container ps | wc -l)" -eq 1 ]
		run -1 --separate-stderr cr-wait "$id"
		[[ $stderr == *died* ]]
		run -4 cr-kill "$id"
		container rm "$id"
	done
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "killed at any moment of its start: nothing is shown as running, and all can be removed" {
	for _ in {1..30}; do
		container run busybox sleep 300 2>/dev/null 3>&- &
		pid=$!
		sleep "0.0$((RANDOM % 90 + 10))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" || :
	done
	# What the wrapper has started, and has not become, may come to its end yet.
	until_true sh -c '! pgrep -x cr-mkrootfs >/dev/null || ! ls store/tmp | grep -q .'
	[ -z "$(cr-ps)" ]
	remove_containers
	until_true sh -c '[ -z "$(pgrep -f "^cr-exec --record.* -- $PWD/store/containers/")" ]'
	[ -z "$(ls -A store/containers)" ]
	container run --rm busybox true
	[ -z "$(leftovers)" ]
}

@test "made and not started: created, and removable" {
	id=$(cr-mkrootfs --container --name it -i busybox)
	run -0 container ps -a
	[[ ${lines[1]} == "${id##*/}"*created*it ]]
	run -0 container ps
	[ "${#lines[@]}" -eq 1 ]
	container rm it
}

# --- in the background ---

@test "run -d: returns when it runs, and prints the id alone" {
	run -0 --separate-stderr container run -d --name it busybox sh -c 'echo started; exec sleep 300'
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	[ -z "$stderr" ]
	is_state it running
	[ "$(cr-ps it | cut -f 1)" = "$output" ]
}

@test "run -d keeps nothing of the caller's: pipes end, and the terminal's end does not matter" {
	# If the supervisor or the command had the pipe, cat would wait for them.
	id=$(timeout 20 sh -c 'container run -d busybox sleep 300 5>&1 2>&1 | cat')
	is_state "$id" running
	supervisor=$(supervisor "$id")
	[ "$(readlink "/proc/$supervisor/cwd")" = / ]
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$supervisor/fd/$fd")" = /dev/null ]
	done
	[ "$(ps -o sid= -p "$supervisor" | tr -d ' ')" = "$supervisor" ]
}

@test "run -d of what cannot run: 126, 127, 125, and the message; the record says so" {
	run -127 --separate-stderr container run -d --name a busybox no-such-program
	[[ $stderr == *no-such-program* ]]
	[ -z "$output" ]
	[ "$(cr-ps a | cut -f 2,3)" = $'exited\t127' ]
	run -126 --separate-stderr container run -d --name b busybox /etc
	[ "$(cr-ps b | cut -f 3)" = 126 ]
	run -125 --separate-stderr cr-exec --record -d --userns nonsense "$(cr-ps --path a)"
	run -125 --separate-stderr cr-exec --record -d -u nosuchuser "$(cr-ps --path a)" -- true
	[[ $stderr == *nosuchuser* ]]
	run -127 container run -d --rm busybox no-such-program
	[ "$(ls store/containers | wc -l)" -eq 2 ]
}

@test "run -d of what is killed on its way to the command: 125, and no id" {
	need_namespaces
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["chdir"], "action": "SCMP_ACT_KILL_PROCESS" }] }' >profile
	run -125 --separate-stderr container run -d --security-opt seccomp=profile --name it busybox true
	[ -z "$output" ]
	[[ $stderr == *"before the command ran"* ]]
	[ "$(cr-ps it | cut -f 2,3)" = $'exited\t125' ]
}

@test "run -d --rm: removed at its end, and who waits learns the status" {
	container run -d --rm --name it busybox sh -c 'sleep 1; exit 5'
	run -0 --separate-stderr container wait it
	[ "$output" = 5 ]
	until_true sh -c '[ -z "$(ls -A store/containers)" ]'
	[ -z "$(leftovers)" ]
}

@test "the log: each stream exactly, with lines that are whole and not" {
	container run -d --name it busybox sh -c 'echo one; echo err >&2; printf part; sleep 0.2; echo ial; printf "\0\r\377"; printf end >&2'
	container wait it
	run -0 --separate-stderr container logs it
	container logs it >out 2>err
	printf 'one\npartial\n\0\r\377' | cmp - out
	printf 'err\nend' | cmp - err
	log=$(cr-ps --path it)/log
	[ "$(grep -avcE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z (stdout|stderr) [FP] ' "$log")" -eq 0 ]
}

@test "what a command leaves in the pipe at its end is in the log" {
	for _ in 1 2 3 4 5; do
		id=$(container run -d busybox head -c 60000 /dev/zero)
		container wait "$id"
		[ "$(container logs "$id" | wc -c)" -eq 60000 ]
	done
}

@test "without -d nothing is copied: the command has the caller's descriptors, and there is no log" {
	container run --name it busybox sh -c 'readlink /proc/self/fd/1' >file
	[ ! -e "$(cr-ps --path it)/log" ]
	run -4 --separate-stderr container logs it
	[[ $stderr == *"no log"* ]]
}

@test "run -dt: a terminal of its own, which ends no input" {
	container run -dt --name it busybox sh -c 'tty; read x; echo "ended: $?"'
	until_true sh -c 'container logs it | grep -q /dev/'
	sleep 0.3
	is_state it running
	run -0 container logs it
	[[ $output != *ended* ]]
}

@test "a command that writes fast: all of it is in the log, and the supervisor stays small" {
	container run -d --name it busybox sh -c 'yes 0123456789012345678901234567890123456789 | head -c 100000000; exec sleep 300'
	until_true sh -c '[ "$(container logs it | wc -c)" -eq 100000000 ]'
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(supervisor it)/status")
	[ "$peak" -lt 3072 ]
}

# full_disk: a store on a filesystem of its own, and the rest of it in small/filler
full_disk() {
	mkdir small
	mount -t tmpfs -o size=8m tmpfs small
	cp -R store/. small
	export CR_STORE=$PWD/small
	head -c 1000000 /dev/zero >small/filler
}

# Whether the command does not write any more.
has_written() {
	! pgrep --ns "$(cr-ps it | cut -f 4)" --nslist pid -x head >/dev/null
}

@test "a log on a full disk: the container goes on, and the log says what it lacks" {
	need_root
	full_disk
	container run -d --name it busybox sh -c 'trap go=1 USR1; yes | head -c 20000000; while [ ! "$go" ]; do sleep 0.1; done; echo behind; exit 3'
	until_true sh -c '[ "$(df --output=avail small | tail -n 1)" -lt 100 ]'
	until_true has_written
	is_state it running
	rm small/filler
	container kill -s USR1 it
	[ "$(container wait it)" = 3 ]
	container logs it >out 2>err
	[ "$(tail -n 1 out)" = behind ]
	[ "$(wc -c <out)" -lt 20000000 ]
	grep -qE '^\[log: [0-9]+ bytes of output are lost here: No space left on device\]$' err
	# Not one more nor one less than what is missing.
	lost=$(sed -n 's/^\[log: \([0-9]*\) .*/\1/p' err | awk '{ n += $1 } END { print n }')
	[ "$(($(wc -c <out) + lost))" -eq $((20000000 + 7)) ]
}

@test "a container that was to be removed and was killed first: it does not run again, and cr-exec says why" {
	need_namespaces
	dir=$(cr-mkrootfs --container -i busybox -- sleep 100)
	cr-exec --record --rm "$dir" 3>&- &
	pid=$!
	until_true grep -qs running "$dir/status"
	kill -9 "$pid"
	wait "$pid" || true
	run -125 cr-exec --record "$dir"
	[[ $output == *"upper: killed while it was to be removed (--rm), it cannot run again" ]]
	cr-rm "${dir##*/}"
}

@test "a container that ends while the disk is full: its exit status is known all the same" {
	need_root
	full_disk
	container run -d --name it busybox sh -c 'trap "exit 3" USR1; while :; do sleep 0.1; done'
	cat /dev/zero >small/more 2>/dev/null || :
	[ "$(df --output=avail small | tail -n 1)" -eq 0 ]
	is_state it running
	container kill -s USR1 it
	[ "$(container wait it)" = 3 ]
	[ "$(cr-ps it | cut -f 2,3)" = $'exited\t3' ]
	container rm it
}

@test "a log that may not grow: the container goes on" {
	run -0 bash -c 'ulimit -f 100; container run -d --name it busybox sh -c "yes | head -c 5000000; sleep 0.1; echo end; exit 4"'
	[ "$(container wait it)" = 4 ]
}

# --- names ---

@test "of many who want one name at a time, exactly one gets it" {
	# It takes a while to see that none of so many has it: time enough for others.
	mkdir -p store/containers/other{1..500}
	for dir in store/containers/*; do
		echo '{}' >"$dir/config.json"
		echo "${dir##*/}" >"$dir/name"
	done
	for round in {1..8}; do
		for n in {1..12}; do
			{ cr-mkrootfs --container --name "name$round" -i busybox >"out.$n" 2>"err.$n" 3>&- && echo won >"won.$round.$n"; } &
		done
		wait
		[ "$(ls won."$round".* | wc -l)" -eq 1 ]
	done
	[ "$(ls store/containers | wc -l)" -eq 508 ]
	[ -z "$(leftovers)" ]
}

# --- many ---

@test "a hundred containers at once, in the background: all run, and all are stopped and removed" {
	for n in {1..100}; do
		{ container run -d --name "n$n" busybox sleep 300 >/dev/null 3>&- || echo "$n" >>failed; } &
	done
	wait
	[ ! -e failed ]
	[ "$(cr-ps | wc -l)" -eq 100 ]
	container kill n{1..100}
	[ "$(container wait n{1..100} | sort -u)" = 137 ]
	[ -z "$(cr-ps)" ]
	container rm n{1..100}
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "a hundred containers at once, each with its own status" {
	for n in {1..100}; do
		{ code=0; container run --rm busybox sh -c "exit $n" 3>&- || code=$?; [ "$code" -eq "$n" ] || echo "$n $code" >>failed; } &
	done
	wait
	[ ! -e failed ]
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

# --- other users ---

@test "the same for an ordinary user with subordinate ids" {
	need_user
	user_image crtest
	life_of crtest
}

@test "the same for an ordinary user without" {
	need_plain_user
	user_image crplain
	life_of crplain
}

life_of() { # USER
	run -0 --separate-stderr as "$1" container run -d --name it busybox sh -c 'trap "echo bye; exit 4" TERM; touch /file; echo here; sleep 300 & wait'
	[ -z "$stderr" ]
	id=$output
	until_true sh -c "grep -q here $USER_DIR/store/containers/$id/log"
	[[ $(as "$1" cr-ps it | cut -f 2,4) =~ ^running$'\t'[0-9]+$ ]]
	run -1 --separate-stderr as "$1" container rm it
	as "$1" container stop it
	run -0 as "$1" container wait it
	[ "$output" = 4 ]
	run -0 as "$1" container logs it
	[ "$output" = $'here\nbye' ]
	as "$1" container rm it
	as "$1" container run -d --rm --name it busybox sleep 300
	as "$1" container rm -f it
	[ -z "$(ls -A "$USER_DIR/store/containers")" ]
	[ -z "$(find "$USER_DIR/store/tmp" -mindepth 1)" ]
}

@test "another user's container: seen to run, and not to be killed" {
	need_user
	is_root || skip "only root can be another user"
	id=$(container run -d busybox sleep 300)
	chmod -R go+rX store
	chmod a+x "$BATS_TEST_TMPDIR"
	[ "$(as_user cr-ps -s "$PWD/store" "$id" | cut -f 2)" = running ]
	run -5 --separate-stderr as_user cr-kill --store "$PWD/store" "$id"
	[[ $stderr == *"another user's"* ]]
	is_state "$id" running
}

# --- another isolation ---

@test "the same with chroot for an isolation" {
	need_root
	dir=$(cr-mkrootfs --container --name it -m copy -i busybox -- sh -c 'echo out; echo err >&2; trap "echo bye; exit 6" TERM; while :; do sleep 0.1; done')
	cr-exec --isolation=chroot --record -d "$dir"
	until_true sh -c "grep -q out $dir/log"
	is_state it running
	container stop it
	[ "$(cr-ps it | cut -f 2,3)" = $'exited\t6' ]
	container logs it >out 2>err
	[ "$(cat out)" = $'out\nbye' ]
	[ "$(cat err)" = err ]
	run -127 --separate-stderr cr-exec --isolation=chroot --record -d "$dir" -- /no-such-program
	[[ $stderr == *no-such-program* ]]
	cr-exec --isolation=chroot --record -d --rm "$dir" -- /bin/sleep 300
	container kill it
	until_true sh -c '[ -z "$(ls -A store/containers)" ]'
}

@test "the caller's other descriptors are not the container's: what they lock is free, and they name no namespace" {
	(
		exec 9>lock
		flock 9
		if [ "${CR_TEST_VARIANT-}" != posix ]; then exec 7</proc/self/ns/mnt; fi
		container run -d --name it busybox sh -c 'while :; do sleep 0.05; done'
	)
	flock -n lock true
	[ "${CR_TEST_VARIANT-}" = posix ] || [ "$(container exec it readlink /proc/self/ns/mnt)" = "$(readlink "/proc/$(command_of it)/ns/mnt")" ]
}

@test "a store that cannot be written: what it has is shown, and who wants to change it is told why" {
	need_root
	container run --name it busybox true
	mkdir small
	mount -t tmpfs -o mode=755 none small
	cp -a store/. small
	mount -o remount,ro small
	run -0 --separate-stderr env CR_STORE="$PWD/small" cr-ps -a
	[ "$(cut -f 2,8 <<<"$output")" = $'exited\tit' ]
	run ! --separate-stderr env CR_STORE="$PWD/small" cr-rm it
	[[ $stderr == *"cannot be written"* ]]
}

# cr-exec: a process in a container (runtime-spec config.md; DESIGN §2 and §4, promise 8).

load helper

setup() {
	root=$BATS_TEST_TMPDIR/root
	make_root "$root"
}

# What a test that failed has left running would hold the runner up.
teardown() {
	[ -z "${pid-}" ] || kill -9 "$pid" 2>/dev/null || true
}

# make_root DIR: a root filesystem of busybox alone
make_root() {
	local box name
	box=$(command -v busybox) || skip "busybox is not installed"
	if ldd "$box" >/dev/null 2>&1; then skip "busybox is not a static one"; fi
	mkdir -p "$1/bin" "$1/etc" "$1/tmp"
	cp "$box" "$1/bin/busybox"
	for name in sh ls cat id true false sleep env pwd ps mount umount tty stty echo readlink kill hostname mkdir touch \
		chmod grep mknod wc head; do
		ln -s busybox "$1/bin/$name"
	done
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'bob:x:1000:1000::/home/bob:/bin/sh' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'bob:x:1000:' 'wheel:x:10:bob' >"$1/etc/group"
}

# give_to USER: the root filesystem
give_to() {
	prepare_user "$1"
	! is_root || chown -R "$1:" "$root"
}

# until_there FILE: waits for it, ten seconds at most
until_there() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ -s "$1" ] && return
		sleep 0.05
	done
	return 1
}

# --- status ---

# stands_still FILE: its size, for a while
stands_still() {
	local size
	size=$(stat -c %s "$1")
	sleep 0.2
	[ "$(stat -c %s "$1")" -eq "$size" ]
}

grows() {
	! stands_still "$1"
}

# until_gone PATTERN: no process's command line has it any more
until_gone() {
	until_true no_process "$1"
}

no_process() {
	! pgrep -f "$1" >/dev/null
}

@test "the exit status is the command's" {
	run cr-exec "$root" -- true
	[ "$status" -eq 0 ]
	run cr-exec "$root" -- sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run cr-exec "$root" -- sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
}

@test "127: not found; 126: found, but cannot be executed; 125: our own failure" {
	printf '#!/nosuch\n' >"$root/bin/bad"
	printf 'neither script nor program' >"$root/bin/data"
	chmod 755 "$root/bin/bad" "$root/bin/data"
	for cmd in nosuch /nosuch /etc/passwd/x ''; do
		run -127 cr-exec "$root" -- "$cmd"
	done
	for cmd in /tmp /etc/passwd bad data; do
		run cr-exec "$root" -- "$cmd"
		[ "$status" -eq 126 ]
		[[ "$output" == "cr-exec: /"* ]]
	done
	run cr-exec "$root/nosuch" -- true
	[ "$status" -eq 125 ]
	run cr-exec --isolation=none "$root"
	[ "$status" -eq 125 ]
	run cr-exec
	[ "$status" -eq 125 ]
}

# --- what the process is told ---

@test "-e, -w, --hostname, and a working directory that is made" {
	A=from-here run cr-exec -e A -e B=2 -e HOME=/h -w /a/b --hostname box "$root" -- \
		sh -c 'echo "$A $B $HOME $PWD $(hostname)"'
	[ "$output" = "from-here 2 /h /a/b box" ]
	[ -d "$root/a/b" ]
}

@test "the environment is the bundle's and nothing of ours" {
	SECRET=x run cr-exec "$root" -- env
	[ "$status" -eq 0 ]
	[[ "$output" != *SECRET* ]]
	[[ "$output" == *PATH=/usr/local/sbin:* ]]
	[[ "$output" == *HOME=/root* ]]
}

@test "-u: names are the image's, with their groups and HOME" {
	need_root
	run cr-exec -u bob "$root" -- sh -c 'id; echo $HOME; grep CapPrm /proc/self/status'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "uid=1000(bob) gid=1000(bob) groups=10(wheel)" ]
	[ "${lines[1]}" = /home/bob ]
	[[ "${lines[2]}" == *0000000000000000 ]]
	run cr-exec -u 12:34 "$root" -- id
	[ "$output" = "uid=12 gid=34" ]
	for user in nosuch 4294967296 -1 bob: ../x; do
		run cr-exec -u "$user" "$root" -- id
		[ "$status" -eq 125 ]
	done
}

@test "standard descriptors are passed on as they are" {
	run bash -c 'seq 1 100000 | cr-exec "$0" -- wc -l' "$root"
	[ "$output" -eq 100000 ]
	cr-exec "$root" -- sh -c 'echo out; echo err >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "a pipe ends when the command closes it, and not with cr-exec" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	cr-exec "$root" -- sh -c 'echo x; exec >&- 2>&-; sleep 60' >"$BATS_TEST_TMPDIR/fifo" 2>/dev/null 3>&- &
	pid=$!
	run -0 timeout 20 cat "$BATS_TEST_TMPDIR/fifo"
	[ "$output" = x ]
	kill -0 "$pid"
	# So does standard input.
	cr-exec "$root" -- sh -c 'exec <&-; echo closed >/closed; sleep 60' <"$BATS_TEST_TMPDIR/fifo" >/dev/null 2>&1 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/fifo"
	until_there "$root/closed"
	run timeout 10 sh -c 'while echo y; do sleep 0.05; done >&8'
	exec 8>&-
	kill -9 $!
	[ "$status" -eq 141 ] || [ "$status" -eq 1 ]
}

@test "--read-only" {
	run cr-exec --read-only "$root" -- touch /x
	[ "$status" -ne 0 ]
	[ ! -e "$root/x" ]
	run cr-exec --read-only "$root" -- touch /dev/shm/x
	[ "$status" -eq 0 ]
}

# --- the terminal ---

@test "-t: a terminal of its own, in control of the session" {
	command -v script >/dev/null || skip "script is not installed"
	run script -qec "cr-exec -t '$root' -- sh -c 'tty; ls /dev/console; echo back >/dev/tty'" /dev/null </dev/null
	[ "$status" -eq 0 ]
	[[ "$output" == */dev/pts/0* ]]
	[[ "$output" == */dev/console* ]]
	[[ "$output" == *back* ]]
}

@test "-t: input from a pipe, its end, and the status" {
	run bash -c 'echo hello | cr-exec -t "$0" -- sh -c "cat; exit 5"' "$root"
	[ "$status" -eq 5 ]
	[[ "$output" == *hello*hello* ]]
	run bash -c 'printf abc | cr-exec -t "$0" -- cat' "$root"
	[ "$status" -eq 0 ]
}

@test "-t: our terminal's mode comes back, whatever the command left" {
	command -v script >/dev/null || skip "script is not installed"
	script -qec "stty -g >'$root/before'; cr-exec -t '$root' -- sh -c 'stty raw -echo'; stty -g >'$root/after'" \
		/dev/null </dev/null >/dev/null
	[ -s "$root/before" ]
	[ "$(cat "$root/before")" = "$(cat "$root/after")" ]
}

# --- signals and processes ---

@test "signals are passed on" {
	cr-exec "$root" -- sh -c 'trap "exit 9" TERM; trap "echo usr1 >/got" USR1; echo up >/up; while :; do sleep 0.1; done' 3>&- &
	pid=$!
	until_there "$root/up"
	kill -USR1 "$pid"
	until_there "$root/got"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
}

@test "orphans are reaped, and nothing outlives the command" {
	run cr-exec "$root" -- sh -c '(sleep 0.1 &) ; sleep 0.4; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
	[ "$output" -eq 0 ]
	start=$SECONDS
	run cr-exec "$root" -- sh -c 'sleep 60 & exit 3'
	[ "$status" -eq 3 ]
	[ $((SECONDS - start)) -lt 30 ]
}

@test "--init=no: the command is process 1, with its status, its signals and its end" {
	run -0 cr-exec --init=no "$root" -- sh -c 'echo $$'
	[ "$output" = 1 ]
	run -7 cr-exec --init no "$root" -- sh -c 'exit 7'
	run -127 cr-exec --init=no "$root" -- /nothing
	run -125 cr-exec --init=yes "$root" -- true
	cr-exec --init=no "$root" -- sh -c 'trap "exit 9" TERM; echo up >/up; while :; do sleep 0.1; done' 3>&- &
	pid=$!
	until_there "$root/up"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
}

@test "--init=no: killed means clean, though another user runs" {
	local seconds=98.$((RANDOM + 10000))
	cr-exec --init=no -u bob "$root" -- sleep "$seconds" 3>&- &
	pid=$!
	until_true pgrep -f "sleep $seconds"
	kill -9 "$pid"
	wait "$pid" || true
	until_gone "sleep $seconds"
}

@test "--init=no: stopped, all of it stops; going on, it goes on" {
	cr-exec --init=no "$root" -- sh -c 'while :; do echo . >>/dots; sleep 0.02; done' 3>&- &
	pid=$!
	until_there "$root/dots"
	kill -TSTP "$pid"
	until_true stands_still "$root/dots"
	kill -CONT "$pid"
	until_true grows "$root/dots"
}

@test "killed means clean: kill -9 of cr-exec leaves no process" {
	mark=41$((RANDOM + 10000))
	cr-exec "$root" -- sh -c "sleep $mark & echo up >/up; sleep $mark" 3>&- &
	pid=$!
	until_there "$root/up"
	pgrep -f "^sleep $mark" >/dev/null
	kill -9 "$pid"
	for ((i = 0; i < 40; i++)); do
		pgrep -f "^sleep $mark" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

@test "nothing is left mounted" {
	before=$(cat /proc/self/mountinfo)
	cr-exec "$root" -- true
	[ "$(cat /proc/self/mountinfo)" = "$before" ]
}

# --- promise 8: contained ---

@test "promise 8: own processes, namespaces and nothing of the host's descriptors" {
	exec 7</
	run cr-exec "$root" -- sh -c 'echo /proc/[0-9]*; ls /proc/1/fd | wc -l; [ -e /proc/self/fd/7 ] && echo OPEN; exit 0'
	exec 7<&-
	[[ "${lines[0]}" == "/proc/1 /proc/2"* ]]
	[[ "$output" != *OPEN* ]]
	for ns in mnt pid uts ipc user; do
		run cr-exec "$root" -- readlink "/proc/self/ns/$ns"
		[ "$output" != "$(readlink "/proc/self/ns/$ns")" ]
	done
	run cr-exec "$root" -- readlink /proc/1/exe
	[ "$status" -ne 0 ]
}

@test "promise 8: capabilities, no_new_privs, core dumps" {
	run cr-exec "$root" -- sh -c 'cat /proc/self/status; ulimit -c'
	[[ "$output" == *CapInh:?0000000000000000* ]]
	[[ "$output" == *CapAmb:?0000000000000000* ]]
	[[ "$output" == *CapBnd:?00000000a80425fb* ]]
	[[ "$output" == *NoNewPrivs:?1* ]]
	[ "${lines[-1]}" = 0 ]
}

@test "promise 8: what the kernel shows is read-only or hidden" {
	run cr-exec "$root" -- sh -c '
		for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/kernel/modprobe /sys/kernel/uevent_helper
		do (echo x >$f) 2>/dev/null && echo "OPEN $f"; done
		mount -t tmpfs x /tmp 2>/dev/null && echo OPEN mount
		umount /proc/sys 2>/dev/null && echo OPEN umount
		mount -o remount,rw /proc/sys 2>/dev/null && echo OPEN remount
		mknod /tmp/k c 1 11 2>/dev/null && head -c1 /tmp/k 2>/dev/null && echo OPEN mknod
		ls /sys/fs/cgroup /sys/firmware | grep -v : | grep . && echo OPEN ls
		grep shared: /proc/self/mountinfo && echo OPEN shared
		exit 0'
	[ "$status" -eq 0 ]
	[[ "$output" != *OPEN* ]]
}

# Root inside is the host's uid 0, for all that is guarded by uid and not by capability.
@test "promise 8: root cannot change the nodes of the host's devices" {
	local before
	before=$(stat -c '%n %a %u %g' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)
	run cr-exec "$root" -- sh -c 'for d in null zero full random urandom tty; do chmod 600 /dev/$d; touch -d 2001-01-01 /dev/$d; done
		chmod 600 /proc/keys; echo x >/dev/null; read -r -n 1 x </dev/zero'
	[ "$(stat -c '%n %a %u %g' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)" = "$before" ]
	run -0 cr-exec "$root" -- sh -c 'echo x >/dev/null; head -c 3 /dev/zero | wc -c'
	[ "$output" -eq 3 ]
}

@test "promise 8: root cannot change a file that it was given to read, nor the caller's terminal" {
	local file=$BATS_TEST_TMPDIR/file
	need_root
	printf 'one\ntwo\n' >"$file"
	chmod 600 "$file"
	run cr-exec "$root" -- sh -c 'cat; echo x >/proc/self/fd/0; chmod 4755 /proc/self/fd/0' <"$file"
	[[ $output == $'one\ntwo\n'* ]]
	[ "$(cat "$file")" = $'one\ntwo' ]
	[ "$(stat -c %a "$file")" = 600 ]
	# From where the caller is, and through a file that has no name any more.
	run -0 bash -c 'read -r line; rm "$1"; cr-exec "$0" -- cat' "$root" "$file" <"$file"
	[ "$output" = two ]
	command -v script >/dev/null || skip "script is not installed"
	run script -qec "cr-exec '$root' -- sh -c 'chmod 666 /proc/self/fd/1; stty size >/dev/null && echo is a terminal'; stat -c 'mode %a' \$(tty)" /dev/null
	[[ $output == *"is a terminal"* ]]
	[[ $output != *"mode 666"* ]]
}

@test "promise 8: root cannot change the host's kernel parameters, whatever the bundle says" {
	local before bundle=$BATS_TEST_TMPDIR/b
	need_root
	before=$(cat /proc/sys/kernel/core_pattern)
	run cr-exec --security-opt systempaths=unconfined "$root" -- sh -c 'echo x >/proc/sys/kernel/core_pattern'
	[ "$status" -ne 0 ]
	mkdir "$bundle"
	mv "$root" "$bundle/rootfs"
	cat >"$bundle/config.json" <<-'END'
		{ "ociVersion": "1.0.2", "root": { "path": "rootfs" },
		  "process": { "cwd": "/", "user": { "uid": 0, "gid": 0 }, "args": ["sh", "-c", "for p in /proc /p2; do echo x >$p/sys/kernel/core_pattern; done"],
			       "env": ["PATH=/bin"] },
		  "mounts": [{ "destination": "/proc", "type": "proc" }, { "destination": "/p2", "type": "proc" }] }
	END
	run cr-exec "$bundle"
	[ "$status" -ne 0 ]
	[[ $output == *"/p2/sys"*"Read-only"* ]]
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
}

@test "promise 8: /dev holds what it should, whatever the image has there" {
	mkdir "$root/dev"
	ln -s /proc/sysrq-trigger "$root/dev/null"
	ln -s /etc "$root/dev/pts"
	run cr-exec "$root" -- sh -c 'echo $(ls /dev); echo x >/dev/null; [ -c /dev/null ]'
	[ "$status" -eq 0 ]
	[ "$output" = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" ]
}

@test "promise 8: mount points that are symlinks are refused (CVE-2019-19921, CVE-2026-41579)" {
	canary=$BATS_TEST_TMPDIR/canary
	mkdir "$canary"
	for dir in proc sys dev; do
		rm -rf "${root:?}/$dir" # what an earlier run made
		ln -s "$canary" "$root/$dir"
		run cr-exec "$root" -- true
		[ "$status" -eq 125 ]
		[[ "$output" == *symlink* ]]
		rm "$root/$dir"
	done
	[ -z "$(ls -A "$canary")" ]
}

@test "promise 8: resolv.conf and hosts, where symlinks lead out of the image" {
	canary=$BATS_TEST_TMPDIR/canary
	mkdir "$canary"
	echo canary >"$canary/file"
	ln -s "$canary/file" "$root/etc/resolv.conf"
	ln -s "../../../../../../../..$canary/new" "$root/etc/hosts"
	run cr-exec "$root" -- cat /etc/resolv.conf /etc/hosts
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat /etc/resolv.conf /etc/hosts)" ]
	[ "$(cat "$canary/file")" = canary ]
	[ ! -e "$canary/new" ]
	run cr-exec "$root" -- sh -c ': >>/etc/resolv.conf' # writes nothing: should it be allowed, the host's file is spared
	[ "$status" -ne 0 ]
}

@test "promise 8: a working directory outside is refused (CVE-2024-21626)" {
	exec 7</
	run cr-exec -w /proc/self/fd/7 "$root" -- pwd
	exec 7<&-
	[ "$status" -eq 125 ]
	run bash -c 'cr-exec "$0" -- true </' "$root"
	[ "$status" -eq 125 ]
	[[ "$output" == *"is a directory"* ]]
}

@test "promise 8: the program cannot be reached from inside (CVE-2019-5736)" {
	before=$(sha256sum "$(command -v cr-exec)")
	printf '#!/proc/self/exe\n' >"$root/bin/script"
	chmod 755 "$root/bin/script"
	ln -s /proc/self/exe "$root/bin/link"
	for cmd in script link /proc/self/exe; do
		run cr-exec "$root" -- "$cmd"
		[ "$status" -eq 126 ]
		[[ "$output" == *"Permission denied"* ]] # and not for want of a library
	done
	run cr-exec "$root" -- sh -c 'echo x >/proc/1/exe'
	[ "$status" -ne 0 ]
	[ "$(sha256sum "$(command -v cr-exec)")" = "$before" ]
}

@test "promise 8: passwd that is no regular file" {
	rm "$root/etc/passwd"
	ln -s /dev/zero "$root/etc/passwd"
	run timeout 5 cr-exec -u bob "$root" -- id
	[ "$status" -eq 125 ]
	rm "$root/etc/passwd"
	mkfifo "$root/etc/passwd"
	run timeout 5 cr-exec -u bob "$root" -- id
	[ "$status" -eq 125 ]
}

@test "a bundle that names no command needs one" {
	local bundle=$BATS_TEST_TMPDIR/commandless
	mkdir -p "$bundle/rootfs"
	echo '{"ociVersion":"1.0.2","process":{"cwd":"/","user":{"uid":0,"gid":0}},"root":{"path":"rootfs"}}' >"$bundle/config.json"
	run -125 --separate-stderr cr-exec "$bundle"
	[ -z "$output" ]
	[[ $stderr == "cr-exec: no command:"* ]]
}

@test "a root filesystem with a config.json in it is not taken for a bundle" {
	echo '{"ociVersion":"1.0.0","root":{"path":"/"}}' >"$root/config.json"
	run cr-exec "$root" -- true
	[ "$status" -eq 125 ]
	[[ "$output" == *--rootfs* ]]
	run cr-exec --rootfs "$root" -- cat /config.json
	[ "$status" -eq 0 ]
}

# --- ordinary users ---

@test "an ordinary user with subordinate ids" {
	need_user
	give_to crtest
	run as crtest cr-exec "$root" -- sh -c 'id -u; touch /mine; wc -l </proc/self/uid_map'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" -eq 0 ]
	[ "${lines[1]}" -eq 2 ]
	[ "$(stat -c %u "$root/mine")" = "$(stat -c %u "$root/bin")" ]
	run as crtest cr-exec -u bob "$root" -- id
	[ "$output" = "uid=1000(bob) gid=1000(bob) groups=10(wheel)" ]
}

@test "an ordinary user with a single id" {
	need_plain_user
	give_to crplain
	run as crplain cr-exec "$root" -- sh -c 'id -u; cat /proc/self/setgroups'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" -eq 0 ]
	[ "${lines[1]}" = deny ]
	run as crplain cr-exec -u bob "$root" -- id
	[ "$status" -eq 125 ]
	[[ "$output" == *"user 1000 does not exist"*/etc/subuid* ]]
}

@test "many at once on one root, which lacks the mount points" {
	local n pids
	for _ in {1..25}; do
		rm -rf "${root:?}"/etc/resolv.conf "${root:?}"/etc/hosts "${root:?}"/dev "${root:?}"/proc "${root:?}"/sys
		pids=()
		for n in {1..8}; do
			cr-exec "$root" -- true 3>&- &
			pids+=("$!")
		done
		for n in "${pids[@]}"; do
			wait "$n"
		done
	done
}

# What runs us again and what holds the container are no numbers that a caller may not use.
@test "a caller's descriptors are what he says that they are, whatever their numbers" {
	local fd
	for fd in 3 4 5 6 7 8 9 10 20 251; do
		run -0 bash -c "exec $fd< <(echo A=of-$fd) && exec cr-exec --env-file /dev/fd/$fd '$root' -- sh -c 'echo \$A'" 3<&-
		[ "$output" = "of-$fd" ]
	done
}

@test "cr-exec holds nothing of its own file while the container runs" {
	need_namespaces
	cr-exec --pid-file "$BATS_TEST_TMPDIR/pid" "$root" -- sleep 100 3>&- &
	pid=$!
	until_true test -s "$BATS_TEST_TMPDIR/pid"
	run -0 find "/proc/$pid/fd" -type l -printf '%l\n'
	kill "$pid"
	wait || true
	run -1 grep -Ex '/|.*cr-exec.*' <<<"$output"
}

# --- bundles ---

# overlay_bundle DIR: of the root and a layer above it whose name wants escaping
overlay_bundle() {
	mkdir -p "$1/rootfs" "$1/upper" "$1/work" "$1/top:layer"
	echo top >"$1/top:layer/top"
	cat >"$1/config.json" <<-END
		{"ociVersion": "1.0.2", "root": {"path": "rootfs"},
		 "process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"], "args": ["cat", "/top"]},
		 "mounts": [
			{"destination": "/", "type": "overlay", "source": "overlay", "options":
				["lowerdir=$1/top\\\\:layer:$root", "upperdir=$1/upper", "workdir=$1/work", "userxattr"]},
			{"destination": "/proc", "type": "proc", "source": "proc"}]}
	END
}

@test "an overlay bundle: layers are read, writes go to the upper directory, nothing stays mounted" {
	overlay_bundle "$BATS_TEST_TMPDIR/b"
	run cr-exec "$BATS_TEST_TMPDIR/b"
	[ "$output" = top ]
	run cr-exec "$BATS_TEST_TMPDIR/b" -- sh -c 'echo x >/new; echo y >/etc/passwd'
	[ "$status" -eq 0 ]
	[ -e "$BATS_TEST_TMPDIR/b/upper/new" ]
	grep -q bob "$root/etc/passwd"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/b/rootfs")" ]
}

# Two of one upper directory see each other's files come and go, and worse.
@test "an overlay bundle runs once at a time; a kill ends that, too" {
	local b=$BATS_TEST_TMPDIR/b
	overlay_bundle "$b"
	cr-exec "$b" -- sh -c 'echo >/up; exec sleep 100' 3>&- &
	pid=$!
	until_true test -e "$b/upper/up"
	run -125 cr-exec "$b"
	[[ $output == *"$b/work: a container runs on it already"* ]]
	kill -9 "$pid"
	wait "$pid" || true
	run -0 cr-exec "$b"
	[ "$output" = top ]
	rmdir "$b/work/work" "$b/work"
	run -125 cr-exec "$b"
	[[ $output == *"$b/work: No such file or directory"* ]]
}

@test "--isolation=chroot: what the command started ends with it; and it ends with cr-exec" {
	local seconds=96.$((RANDOM + 10000))
	need_root
	run -3 cr-exec --isolation=chroot "$root" -- sh -c "sleep $seconds & exit 3"
	until_gone "sleep $seconds"
	[ -e /proc/self/status ] || return 0 # the other half is Linux's
	cr-exec --isolation=chroot -u bob "$root" -- sleep "$seconds" 3>&- &
	pid=$!
	until_true pgrep -f "sleep $seconds"
	kill -9 "$pid"
	wait "$pid" || true
	until_gone "sleep $seconds"
}

@test "--isolation=chroot: the portable way" {
	run cr-exec --isolation=chroot -e A=1 -w /a/b "$root" -- sh -c 'echo $A $PWD; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = "1 /a/b" ]
	run -127 cr-exec --isolation=chroot "$root" -- nosuch
	run -125 cr-exec --isolation=chroot --cap-drop ALL "$root" -- true
	[[ $output == *"not with --isolation=chroot"* ]]
	overlay_bundle "$BATS_TEST_TMPDIR/b"
	run cr-exec --isolation=chroot "$BATS_TEST_TMPDIR/b"
	[ "$status" -eq 125 ]
	[[ "$output" == *"-m copy"* ]]
}

# cr-exec --join: a further process in a container that runs (DESIGN §4, promise 8).

load helper

setup() {
	need_userns
	command -v busybox >/dev/null || skip "busybox is not installed"
	setup_store
	bundle=$BATS_TEST_TMPDIR/bundle
}

teardown() {
	[ -z "${JOINED-}" ] || kill -9 "$JOINED" 2>/dev/null || true
	[ -z "${SUPERVISOR-}" ] || kill -9 "$SUPERVISOR" 2>/dev/null || true
	[ -z "${INIT-}" ] || [ "$(cat "/proc/$INIT/comm" 2>/dev/null)" != cr-exec ] || kill -9 "$INIT" || true
}

# make_bundle [OWNER]: a bundle whose root is busybox
make_bundle() {
	mkdir "$bundle"
	cp -a "$(busybox_root)" "$bundle/rootfs"
	cat >"$bundle/config.json" <<-'END'
		{"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "hostname": "joined",
		 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/tmp", "env": ["PATH=/bin:/usr/bin", "OF=bundle"],
		  "args": ["sleep", "1000"], "noNewPrivileges": true,
		  "capabilities": {"bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"]}},
		 "mounts": [{"destination": "/proc", "type": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "options": ["mode=755"]},
		  {"destination": "/dev/pts", "type": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620"]}]}
	END
	[ $# -eq 0 ] || ! is_root || chown -R "$1" "$bundle"
}

# start_container [as_user|as_plain_user] [cr-exec OPTION...]: sets SUPERVISOR, and INIT to the number of process 1
start_container() {
	local as=()
	case ${1-} in as_*) as=("$1"); shift ;; esac
	[ $# -gt 0 ] || set -- cr-exec
	"${as[@]}" "$@" --record "$bundle" </dev/null >/dev/null 2>&1 3>&- &
	SUPERVISOR=$!
	until_true grep -qs running "$bundle/status"
	INIT=$(cat "$bundle/pid")
}

join() {
	cr-exec --join "$bundle" -- "$@"
}

namespaces() {
	for name in mnt pid uts ipc user cgroup; do
		readlink "/proc/$1/ns/$name"
	done
}

# check_join [as_user|as_plain_user]
check_join() {
	start_container "$@"
	run -0 "$@" cr-exec --join "$bundle" -- sh -c 'for n in mnt pid uts ipc user cgroup; do readlink /proc/self/ns/$n; done'
	# Of the command: process 1 shows an ordinary user nothing.
	[ "$output" = "$(namespaces "$(pgrep -P "$INIT")")" ]
	run -0 "$@" cr-exec -j "$bundle" -- sh -c 'cat /proc/2/cmdline | tr "\0" " "; hostname; id -u; pwd; echo $OF'
	[ "$output" = $'sleep 1000 joined\n0\n/tmp\nbundle' ]
}

@test "--join: the namespaces, processes, directory and environment of the container" {
	make_bundle
	check_join
}

@test "--join: ... as an ordinary user" {
	need_user
	bundle=$USER_DIR/bundle
	make_bundle crtest
	check_join as_user
}

@test "--join: ... as a user without subordinate ids" {
	need_plain_user
	bundle=$USER_DIR/bundle
	make_bundle crplain
	check_join as_plain_user
}

@test "--join: a container without a user namespace of its own" {
	need_root
	make_bundle
	start_container cr-exec --userns=host
	run -0 cr-exec --userns=host --join "$bundle" -- sh -c "readlink /proc/self/ns/user; readlink /proc/self/ns/mnt"
	[ "${lines[0]}" = "$(readlink /proc/self/ns/user)" ]
	[ "${lines[1]}" = "$(readlink "/proc/$INIT/ns/mnt")" ]
}

@test "--join: the exit status; 126, 127, 128+N; -e, -w, -u" {
	make_bundle
	start_container
	run -7 join sh -c 'exit 7'
	run -127 join nothing
	run -126 join /etc
	run -143 join sh -c 'kill -TERM $$'
	run -0 cr-exec -j -e A=b -w / -u 12:34 "$bundle" -- sh -c 'echo $A; pwd; id -u; id -g'
	[ "$output" = $'b\n/\n12\n34' ]
	run -125 cr-exec --join --record "$bundle" -- true
}

@test "--join: capabilities and no_new_privs are the bundle's, and no descriptor comes along" {
	make_bundle
	start_container
	exec 7</
	run -0 join sh -c 'grep -E "^(Cap|NoNewPrivs|Groups)" /proc/self/status; ls /proc/self/fd'
	exec 7<&-
	[[ $output == *$'CapInh:\t0000000000000000\nCapPrm:\t0000000000000001\nCapEff:\t0000000000000001\nCapBnd:\t0000000000000001'* ]]
	[[ $output == *$'NoNewPrivs:\t1'* ]]
	[[ $output == *$'\n0\n1\n2\n3' ]] # 3 is that of ls
}

@test "--join: our program cannot be reached from inside (CVE-2019-5736, CVE-2016-9962)" {
	make_bundle
	start_container
	run -126 join /proc/self/exe
	# One inside looks at everybody while others join.
	cr-exec --join "$bundle" -- sh -c 'while :; do for p in /proc/[0-9]*; do readlink $p/exe; readlink $p/root; ls -l $p/fd
		grep -s TracerPid $p/environ; done; done >/seen 2>/dev/null' </dev/null >/dev/null 2>&1 3>&- &
	JOINED=$!
	until_true test -s "$bundle/rootfs/seen"
	for _ in {1..60}; do
		join true 7</ >/dev/null 2>&1
	done
	kill -9 "$JOINED"
	wait "$JOINED" || true
	run grep -E 'cr-exec|bats|socket|pipe|memfd' "$bundle/rootfs/seen"
	[ "$status" -eq 1 ] || { echo "$output" | sort | uniq -c; false; }
}

@test "--join -t: a terminal of the container's own" {
	command -v script >/dev/null || skip "script is not installed"
	make_bundle
	start_container
	run -5 script -qec "cr-exec -j -t $bundle -- sh -c 'tty; test -t 0 && test -t 1 && exit 5'" /dev/null
	[[ $output == *"/dev/pts/0"* ]]
}

@test "--join: no terminal unless asked for, though the container has one" {
	command -v script >/dev/null || skip "script is not installed"
	make_bundle
	sed -i 's/"args":/"terminal": true, "args":/' "$bundle/config.json"
	start_container cr-exec -d
	run -1 join test -t 1
	run -1 join tty
}

@test "--join: kill -9 takes the command along, and not the container" {
	local seconds=97.$((RANDOM + 10000))
	make_bundle
	start_container
	cr-exec --join -u 12 "$bundle" -- sleep "$seconds" 3>&- &
	JOINED=$!
	until_true pgrep -f "sleep $seconds"
	kill -9 "$JOINED"
	wait "$JOINED" || true
	until_true no_process "sleep $seconds"
	join true
}

no_process() {
	! pgrep -f "$1" >/dev/null
}

@test "--join: it ends when the container does" {
	make_bundle
	start_container
	cr-exec --join "$bundle" -- sh -c 'echo up >/up; sleep 1000' 3>&- &
	JOINED=$!
	until_true test -s "$bundle/rootfs/up"
	kill -9 "$SUPERVISOR"
	status=0
	wait "$JOINED" || status=$?
	[ "$status" -eq 137 ]
}

@test "--join: signals are passed on" {
	make_bundle
	start_container
	cr-exec --join "$bundle" -- sh -c 'trap "exit 9" TERM; echo up >/up; while :; do sleep 0.1; done' 3>&- &
	JOINED=$!
	until_true test -s "$bundle/rootfs/up"
	kill "$JOINED"
	status=0
	wait "$JOINED" || status=$?
	[ "$status" -eq 9 ]
}

@test "--join: of what does not run: 125, and why" {
	make_bundle
	run -125 --separate-stderr join true
	[[ $stderr == "cr-exec: "*"not run"* ]]
	start_container
	kill -9 "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	run -125 --separate-stderr join true # the number of process 1 stands there yet
	[[ $stderr == "cr-exec: "*"not run"* ]]
}

@test "--join: the container's passwd may be anything" {
	make_bundle
	rm "$bundle/rootfs/etc/passwd"
	mkfifo "$bundle/rootfs/etc/passwd"
	start_container
	run -125 timeout 5 cr-exec --join -u somebody "$bundle" -- true
	[[ $output == *"not a regular file"* ]]
}

@test "the null device that the caller has as a standard descriptor is the container's own" {
	make_bundle
	start_container
	# As the owner, uid 0 could change the host's node; its mode stays what it is, should it be able to.
	change='for fd in 0 1 2; do chmod 666 /proc/$$/fd/$fd && exit $fd; done; exit 9'
	run -9 bash -c 'cr-exec --join "$@" </dev/null >/dev/null 2>&1' - "$bundle" -- sh -c "$change"
	run -9 bash -c 'cr-exec "$@" <&- >&- 2>&-' - "$bundle" -- sh -c "$change"
	# It is the same device yet, open as it was.
	run -0 cr-exec "$bundle" -- sh -c 'stat -L -c "%t:%T" /proc/self/fd/0; cat; ! echo x 2>/dev/null >&0' </dev/null
	[ "${lines[0]}" = 1:3 ]
	run -0 cr-exec "$bundle" -- sh -c 'head -c 3 | wc -c' </dev/zero
	[ "$output" = 3 ]
}

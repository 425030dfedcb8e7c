# The filter of system calls: docker's default policy, and what a config.json says (runtime-spec config-linux.md, Seccomp).
# tests/seccomp/calls.c makes the calls from inside.

load helper

setup_file() {
	cc -static -O1 -D_GNU_SOURCE -pthread -o "$BATS_FILE_TMPDIR/calls" "$BATS_TEST_DIRNAME/seccomp/calls.c" 2>/dev/null ||
		rm -f "$BATS_FILE_TMPDIR/calls"
}

setup() {
	[ -x "$BATS_FILE_TMPDIR/calls" ] || skip "no static C library"
	need_userns
	command -v busybox >/dev/null || skip "busybox is not installed"
	grep -q '^Seccomp:' /proc/self/status || skip "this kernel has no system-call filters"
	root=$BATS_TEST_TMPDIR/root
	make_root "$root"
}

make_root() {
	cp -a "$(busybox_root)" "$1"
	cp "$BATS_FILE_TMPDIR/calls" "$1/calls"
	chmod 755 "$1/calls"
}

# says WORD... RESULT: what calls WORD... says inside; $RUNNER runs it
says() {
	local got
	got=$("${RUNNER[@]}" -- /calls "${@:1:$#-1}") || got="status $?"
	[ "$got" = "${!#}" ] || { echo "calls ${*:1:$#-1}: $got, not ${!#}" >&2; return 1; }
}

# make_bundle SECCOMP [NO-NEW-PRIVILEGES [CAPABILITIES]]: a config.json with that section ("": none) in $bundle
make_bundle() {
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$bundle"
	[ -d "$bundle/rootfs" ] || make_root "$bundle/rootfs"
	cat >"$bundle/config.json" <<-END
		{ "ociVersion": "1.0.2", "root": { "path": "rootfs" },
		  "process": { "cwd": "/", "user": { "uid": 0, "gid": 0 }, "args": ["/calls", "getpid"],
			       "noNewPrivileges": ${2:-true}, "capabilities": ${3:-{\}} },
		  "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" },
			     { "destination": "/dev", "type": "tmpfs", "source": "tmpfs" }],
		  "linux": { "namespaces": [{ "type": "pid" }, { "type": "mount" }] ${1:+, \"seccomp\": $1} } }
	END
	RUNNER=(cr-exec "$bundle")
}

# What the policy is about, whoever runs it.
check_policy() {
	says unshare 0x10000000 EPERM # X45: a user namespace
	says clone 0x10000011 EPERM
	says clone3 ENOSYS
	says setns 0 0 EPERM
	says mount 0 0 0 EPERM
	says keyctl 0 0 0 EPERM
	says bpf 0 0 0 EPERM
	says perf_event_open 0 0 0 0 EPERM
	says io_uring_setup 1 0 EPERM
	says open_by_handle_at 0 0 0 EPERM # X34
	says userfaultfd 0 EPERM
	says sethostname 0 0 EPERM
	says personality 0x40000 EPERM # ADDR_NO_RANDOMIZE
	says personality 0xffffffff 0
	says ioctl 0 0x5412 0 EPERM # X50
	says ioctl 0 0x541c 0 EPERM
	says ioctl 0 0x100005412 0 EPERM # CVE-2019-10063
	says socket 38 5 0 EPERM
	says socket 40 1 0 EPERM
	says socket 0x100000028 1 0 EPERM
	says newer ENOSYS
	says threads 42
}

# --- the default ---

@test "X15, X45: docker's default policy is in force" {
	RUNNER=(cr-exec "$root")
	run -0 cr-exec "$root" -- /bin/sed -n '/^Seccomp:/p; /^NoNewPrivs:/p' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
	check_policy
}

@test "... as an ordinary user" {
	need_user
	cp -a "$root" "$USER_DIR/root"
	! is_root || chown -R crtest: "$USER_DIR/root"
	RUNNER=(as_user cr-exec root)
	check_policy
}

@test "... as a user without subordinate ids" {
	need_plain_user
	cp -a "$root" "$USER_DIR/root"
	! is_root || chown -R crplain: "$USER_DIR/root"
	RUNNER=(as_plain_user cr-exec root)
	check_policy
}

@test "... as an ordinary user inside, and on a terminal" {
	RUNNER=(cr-exec -u app "$root")
	check_policy
	command -v script >/dev/null || skip "script is not installed"
	run -0 script -qec "cr-exec -t '$root' -- /bin/grep Seccomp: /proc/self/status" /dev/null </dev/null
	[[ $output == *$'Seccomp:\t2'* ]]
}

@test "32-bit calls are filtered, too" {
	[ "$(uname -m)" = x86_64 ] || skip "this machine is no x86_64"
	[[ $("$BATS_FILE_TMPDIR/calls" 32:getpid) != E* ]] || skip "this kernel runs no 32-bit programs"
	[ "$("$BATS_FILE_TMPDIR/calls" 32:personality 0x40000)" = 0 ] # else EPERM would say nothing
	RUNNER=(cr-exec "$root")
	says 32:getpid 2
	says 32:unshare 0x10000000 EPERM
	says 32:mount 0 0 0 EPERM
	says 32:keyctl 0 0 0 EPERM
	says 32:personality 0x40000 EPERM
	says 32:clone3 ENOSYS
	says 32:newer ENOSYS
}

@test "x32 calls do not exist" {
	[ "$(uname -m)" = x86_64 ] || skip "this machine is no x86_64"
	RUNNER=(cr-exec "$root")
	says x32:getpid ENOSYS
	says x32:unshare 0 ENOSYS
}

@test "ordinary programs run: a shell's pipes, and an interpreter of the host's" {
	run -0 cr-exec "$root" -- /bin/sh -c 'seq 1000 | sort -rn | head -n 1; tar c bin/busybox | wc -c | grep -c .; chown 1:1 /tmp
		su app -c id'
	[ "${lines[0]}" = 1000 ]
	[[ ${lines[2]} == uid=1000* ]]
	command -v perl >/dev/null || skip "perl is not installed"
	copy_program "$(command -v perl)"
	# shellcheck disable=SC2016 # perl's
	run -0 cr-exec "$root" -- "$(command -v perl)" -e 'my $pid = fork; exit 3 unless $pid; wait; print $? >> 8, "\n";
		system "/bin/echo child"; print join("", sort map { chr } 97..99), "\n"'
	[ "$output" = $'3\nchild\nabc' ]
}

# copy_program FILE: with its libraries, into $root
copy_program() {
	local file
	for file in "$1" $(ldd "$1" | grep -o '/[^ )]*'); do
		mkdir -p "$root/$(dirname "$file")"
		cp -L "$file" "$root/$file"
	done
}

# --- config.json ---

@test "no section: no filter" {
	make_bundle ''
	run -0 cr-exec "$bundle" -- /bin/grep Seccomp: /proc/self/status
	[ "$output" = $'Seccomp:\t0' ]
	says personality 0x40000 0
}

@test "a section of one's own: errno, log, arguments, what is not named" {
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"],
		"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
		"syscalls": [
			{ "names": ["personality", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 },
			{ "names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22,
			  "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }, { "index": 1, "value": 100, "op": "SCMP_CMP_GT" }] },
			{ "names": ["unshare"], "action": "SCMP_ACT_LOG" } ] }'
	says personality 0 EOPNOTSUPP
	says getpriority 0 0 20
	says getpriority 1 101 EINVAL
	says getpriority 1 100 ESRCH
	says getpriority 0 101 ESRCH
	says unshare 0 0
	[ "$(uname -m)" = x86_64 ] || return 0
	[[ $("$BATS_FILE_TMPDIR/calls" 32:getpid) != E* ]] || return 0
	says 32:personality 0 EOPNOTSUPP
	says 32:getpriority 1 101 EINVAL
}

@test "a section of one's own: what kills, and what an architecture costs that is not named" {
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{ "names": ["personality"], "action": "SCMP_ACT_KILL_PROCESS" }, { "names": ["setns"], "action": "SCMP_ACT_KILL" },
		{ "names": ["unshare"], "action": "SCMP_ACT_TRAP" }, { "names": ["mount"], "action": "SCMP_ACT_TRACE" } ] }'
	for call in personality setns unshare; do
		says "$call" 0 'status 159' # SIGSYS
	done
	says mount ENOSYS # nobody traces
	[ "$(uname -m)" = x86_64 ] || return 0
	[[ $("$BATS_FILE_TMPDIR/calls" 32:getpid) != E* ]] || return 0
	says 32:getpid 'status 159'
}

@test "of two entries for one call the stricter one is taken" {
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{ "names": ["personality"], "action": "SCMP_ACT_ALLOW" },
		{ "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
		  "args": [{ "index": 0, "value": 8, "op": "SCMP_CMP_EQ" }] } ] }'
	says personality 0 0
	says personality 8 EIO
}

@test "what needs a supervisor, and what is unknown, is refused by name" {
	local section
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mount"], "action": "SCMP_ACT_NOTIFY" }] }'
	run -125 cr-exec "$bundle"
	[[ $output == *"linux.seccomp: syscalls: action: SCMP_ACT_NOTIFY is not supported"* ]]
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/x" }'
	run -125 cr-exec "$bundle"
	[[ $output == *"linux.seccomp: listenerPath is not supported"* ]]
	for section in '{ "defaultAction": "SCMP_ACT_X" }' '{}' '[]'; do
		make_bundle "$section"
		run -125 cr-exec "$bundle"
		[[ $output == *"linux.seccomp: "* ]]
	done
}

@test "a policy that does not let the command be started says so" {
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["execve"], "action": "SCMP_ACT_ERRNO" }] }'
	run cr-exec "$bundle"
	[[ $status -eq 125 || $status -eq 126 ]]
	[[ $output == *"Operation not permitted"* ]]
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["execve"], "action": "SCMP_ACT_KILL_PROCESS" }] }'
	run cr-exec "$bundle"
	[[ $status -ne 0 ]]
}

@test "a policy that kills before the command can be started is no status of the command's" {
	make_bundle '{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}'
	run -125 --separate-stderr "${RUNNER[@]}"
	[[ $stderr == "cr-exec: "*"before the command ran"*"filter"* ]]
}

@test "a kernel without filters is no reason to run without one" {
	local caps='"CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETFCAP", "CAP_DAC_OVERRIDE"'
	is_root || skip "a container in a container needs root's ids"
	[[ $(ldd "$BIN/cr-exec" 2>/dev/null) != *"=>"* ]] || skip "cr-exec is not a static program"
	caps="{ \"bounding\": [$caps], \"effective\": [$caps], \"permitted\": [$caps] }"
	for call in seccomp personality; do
		make_bundle "{ \"defaultAction\": \"SCMP_ACT_ALLOW\",
			\"syscalls\": [{ \"names\": [\"$call\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38 }] }" true "$caps"
		[ -d "$bundle/rootfs/inner" ] || mkdir "$bundle/rootfs/inner"
		cp "$BIN/cr-exec" "$bundle/rootfs/"
		cp -a "$root/." "$bundle/rootfs/inner"
		run cr-exec "$bundle" -- /cr-exec /inner -- /bin/echo ran
		if [ "$call" = seccomp ]; then
			[ "$status" -eq 125 ]
			[[ $output == *"this kernel has no system-call filters"* ]]
		else
			[ "$status" -eq 0 ]
			[ "$output" = ran ]
		fi
	done
}

@test "without noNewPrivileges there is a filter, too, before the capabilities go" {
	make_bundle '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["mount"], "action": "SCMP_ACT_ERRNO" }] }' false
	run -0 cr-exec "$bundle" -- /bin/sed -n '/^NoNewPrivs:/p; /^Seccomp:/p' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t0\nSeccomp:\t2' ]
	says mount 0 0 0 EPERM
}

# --- what cr-mkrootfs writes ---

@test "the section that cr-mkrootfs writes is in force, and so is what was edited in it" {
	setup_store
	store_image example.org/box:1 "$root" >/dev/null
	cr-inspect -r example.org/box:1 | cr-unpack >/dev/null
	cr-mkrootfs -m copy -i example.org/box:1 "$BATS_TEST_TMPDIR/ours"
	bundle=$BATS_TEST_TMPDIR/ours
	RUNNER=(cr-exec "$bundle")
	grep -q '"defaultErrnoRet": 1' "$bundle/config.json"
	check_policy
	sed -i 's/"defaultErrnoRet": 1,/"defaultErrnoRet": 95,/' "$bundle/config.json"
	says mount 0 0 0 EOPNOTSUPP
	says personality 0xffffffff 0
	says ioctl 0 0x5412 0 EPERM
	sed -i 's/"fork",/"fork", "mount",/' "$bundle/config.json"
	says mount 0 0 0 EFAULT
}

# bundle: what a config.json asks for is there inside, or refused by name; and crun and runc run what cr-mkrootfs writes just as
# cr-exec does (runtime-spec config.md, config-linux.md).

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
}

# What a container's process sees of what its config.json says: the same under every runtime.
probe() {
	cat <<'END'
echo "uid $(id -u) gid $(id -g) groups $(id -G | tr ' ' '\n' | sort -n | tr '\n' ' ')"
echo "umask $(umask) cwd $(pwd) host $(hostname)"
env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' -e '^OLDPWD=' | sort
grep -e '^Cap' -e '^NoNewPrivs' -e '^Seccomp:' /proc/self/status
echo "core $(ulimit -Hc) $(ulimit -Sc)"
for at in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do
	awk -v at=$at '$2 == at { type = $3; options = $4 } END { print at, type, options }' /proc/mounts |
		tr ',' '\n' | grep -v -e '^relatime$' -e 'size=' -e 'inode' | sort | tr '\n' ' '
	echo
done
ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | wc -w
grep -c . /proc/keys | sed "s/[1-9][0-9]*/some/"
for path in /proc/sys/kernel/ostype /proc/sysrq-trigger; do
	(echo x >$path) 2>/dev/null && echo "$path can be written"
done
ls /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx /dev/fd /dev/stdin
ls -ld /data /srv/app | awk '{ print $1, $3, $4 }'
END
}

# image: example.org/probe:1 of the store, whose process prints what it sees
image() {
	mkdir -p root
	cp -R "$(busybox_root)/." root/
	echo wheel:x:10:root >>root/etc/group
	probe >root/bin/probe
	chmod 755 root/bin/probe
	store_image example.org/probe:1 -c '["sh", "/bin/probe"]' -e 'A=1 "2"' -w /srv/app -S SIGQUIT -V /data -P 80/tcp \
		-A 'A. Author' -l org.example.label=yes -l org.opencontainers.image.author=label root >/dev/null
}

# image_for USER: the same in the user's store, unpacked
image_for() {
	image
	prepare_user "$1"
	cp -R "$CR_STORE/images" "$USER_DIR/store/"
	! is_root || chown -R "$1:" "$USER_DIR/store"
	as "$1" sh -c 'cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null'
}

need_runtime() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# Sets `crun`, a command that runs crun as USER, else as we are, where its cgroups are as it wants them: the unified ones alone.
find_crun() {
	need_runtime crun
	need_root
	crun=(unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"' sh)
	"${crun[@]}" true 2>/dev/null || skip "no unified cgroups can be mounted here, and crun wants nothing else"
	[ -z "${1-}" ] || crun+=(setpriv "--reuid=$1" "--regid=$1" --init-groups)
	crun+=(crun --cgroup-manager=disabled)
}

# edit BUNDLE STATEMENT...: Python, of the config.json `c`
edit() {
	local file=$1/config.json
	shift
	python3 - "$file" "$@" <<'END'
import json, sys
with open(sys.argv[1]) as f:
    c = json.load(f)
c.setdefault('linux', {})
for statement in sys.argv[2:]:
    exec(statement)
with open(sys.argv[1], 'w') as f:
    json.dump(c, f)
END
}

# bundle DIR: one that says as little as can be said, and mounts a proc filesystem
bundle() {
	mkdir -p "$1"
	[ -d "$1/rootfs" ] || cp -R "$(busybox_root)" "$1/rootfs"
	cat >"$1/config.json" <<'END'
{"ociVersion": "1.0.2", "root": {"path": "rootfs"},
 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["true"],
  "env": ["PATH=/bin"]},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]}}
END
}

# bundle_for USER: $USER_DIR/b, its own
bundle_for() {
	prepare_user "$1"
	bundle "$USER_DIR/b"
	! is_root || chown -R "$1:" "$USER_DIR/b"
}

# --- crun and runc are the judges ---

@test "runc runs the bundle as cr-exec does, as root" {
	need_root
	need_runtime runc
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	for options in '' '-u 7:8' '--read-only' '--cap-drop ALL --cap-add chown' '--security-opt no-new-privileges=false' \
		'--security-opt seccomp=unconfined --security-opt systempaths=unconfined'; do
		rm -rf b
		# shellcheck disable=SC2086 # words they are
		cr-mkrootfs -m copy -i example.org/probe:1 --hostname box $options b
		run -0 --separate-stderr cr-exec b
		[[ $output == *"host box"*"A=1 \"2\""* ]]
		printf '%s\n' "$output" >ours
		run -0 --separate-stderr runc --root "$PWD/state" run -b b "probe$BASHPID"
		diff ours <(printf '%s\n' "$output")
	done
}

@test "runc runs the bundle as cr-exec does, as an ordinary user with subordinate ids" {
	need_user
	need_runtime runc
	image_for crtest
	as_user cr-mkrootfs -m copy -i example.org/probe:1 --hostname box -u 7:8 b
	run -0 --separate-stderr as_user cr-exec b
	[[ $output == *"uid 7 gid 8 groups 8 "* ]]
	printf '%s\n' "$output" >ours
	run -0 --separate-stderr as_user env XDG_RUNTIME_DIR="$USER_DIR/tmp" runc run -b b probe
	# It leaves the caller's groups, of which one is 0 inside.
	diff ours <(printf '%s\n' "${output/groups 0 8/groups 8}")
}

@test "runc runs the bundle as cr-exec does, as an ordinary user with a single id" {
	need_plain_user
	need_runtime runc
	image_for crplain
	as_plain_user cr-mkrootfs -m copy -i example.org/probe:1 --hostname box b
	run -0 --separate-stderr as_plain_user cr-exec b
	[[ $output == *"uid 0 gid 0 "* ]]
	printf '%s\n' "$output" >ours
	run -0 --separate-stderr as_plain_user env XDG_RUNTIME_DIR="$USER_DIR/tmp" runc run -b b probe
	diff ours <(printf '%s\n' "$output")
}

@test "crun runs the bundle as cr-exec does, as root" {
	find_crun
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	for options in '' '-u 7:8' '--cap-drop ALL --cap-add chown'; do
		rm -rf b
		# shellcheck disable=SC2086 # words they are
		cr-mkrootfs -m copy -i example.org/probe:1 --hostname box $options b
		run -0 --separate-stderr cr-exec b
		printf '%s\n' "$output" >ours
		run -0 --separate-stderr "${crun[@]}" --root "$PWD/state" run -b b "probe$BASHPID"
		diff ours <(printf '%s\n' "$output")
	done
}

@test "crun runs the bundle as cr-exec does, as ordinary users" {
	need_user
	for user in crtest crplain; do
		find_crun "$user"
		image_for "$user"
		as "$user" cr-mkrootfs -m copy -i example.org/probe:1 --hostname box b
		run -0 --separate-stderr as "$user" cr-exec b
		printf '%s\n' "$output" >ours
		run -0 --separate-stderr "${crun[@]}" --root "$USER_DIR/tmp/crun" run -b "$USER_DIR/b" "probe$BASHPID"
		diff ours <(printf '%s\n' "$output")
	done
}

# --- and of what they write ---

@test "cr-exec runs what runc spec writes, but for its network" {
	need_root
	need_runtime runc
	bundle b
	rm b/config.json
	(cd b && runc spec)
	run -125 --separate-stderr cr-exec b -- true
	[[ $stderr == *network*"is not supported: crun or runc can run this bundle" ]]
	edit b 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]' \
		'c["process"]["terminal"] = False'
	run -0 --separate-stderr cr-exec b -- sh -c 'hostname; ulimit -n; grep CapBnd /proc/self/status; cat /sys/fs/cgroup/cgroup.procs >&2
		touch /x 2>/dev/null || echo read-only; echo 1 2>/dev/null >/sys/fs/cgroup/cgroup.procs || echo and cgroups'
	[ "$output" = $'runc\n1024\nCapBnd:\t0000000020000420\nread-only\nand cgroups' ]
}

@test "cr-exec runs what runc spec --rootless writes, as ordinary users" {
	need_runtime runc
	need_user
	need_plain_user
	for user in crtest crplain; do
		bundle_for "$user"
		as "$user" sh -c 'cd b && rm config.json && runc spec --rootless'
		edit "$USER_DIR/b" 'c["process"]["terminal"] = False'
		run -0 --separate-stderr as "$user" cr-exec b -- sh -c \
			'id -u; cat /proc/self/uid_map | tr -s " "; grep -c "^sysfs /sys sysfs ro," /proc/mounts; ls /sys/kernel/security'
		[ "$output" = $'0\n'" 0 $(id -u "$user") 1"$'\n1' ]
	done
}

@test "cr-exec runs what umoci writes, but for its network" {
	need_root
	need_runtime umoci
	LAYOUT=$PWD/layout make_image probe -c '["id"]' -w /srv "$(busybox_root)" >/dev/null
	bundle b
	rm b/config.json
	umoci raw runtime-config --rootless --image layout:probe b/config.json
	edit b 'c["process"]["terminal"] = False' 'c["root"]["path"] = "rootfs"'
	echo here >b/host # what it binds is this machine's, which need not have one
	edit b '[m.update(source="host") for m in c["mounts"] if m["destination"] == "/etc/resolv.conf"]'
	run -0 --separate-stderr cr-exec b -- sh -c 'pwd; cat /etc/resolv.conf; tr -s " " </proc/self/uid_map'
	[ "$output" = $'/srv\nhere\n 0 0 1' ]
	rm b/config.json
	umoci raw runtime-config --image layout:probe b/config.json
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *'linux.namespaces: "network"'* ]]
	edit b 'c["process"]["terminal"] = False' 'c["root"]["path"] = "rootfs"' \
		'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]'
	run -0 --separate-stderr cr-exec b -- id -u
	[ "$output" = 0 ]
}

# --- process ---

@test "process: arguments, environment, directory, user, groups and umask" {
	need_root
	bundle b
	edit b 'c["process"].update(args=["sh", "-c", "id -u; id -g; id -G; umask; pwd; echo $A"], cwd="/var/x",
		env=["PATH=/bin", "A=a b"], user={"uid": 5, "gid": 6, "additionalGids": [6, 8, 9], "umask": 0o27})'
	run -0 --separate-stderr cr-exec b
	[ "$output" = $'5\n6\n6 8 9\n0027\n/var/x\na b' ]
}

@test "process: all five sets of capabilities, of root and of another user" {
	need_root
	bundle b
	edit b 'c["process"].update(args=["grep", "^Cap", "/proc/self/status"], capabilities={
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
		"effective": ["CAP_CHOWN", "CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]})' \
		'c["process"]["user"]["uid"] = 7'
	run -0 --separate-stderr cr-exec b
	[ "$(tr -d '\t\n' <<<"$output")" = "CapInh:0000000000000020CapPrm:0000000000000020CapEff:0000000000000020CapBnd:00000000000000a1CapAmb:0000000000000020" ]
	edit b 'c["process"]["capabilities"].update(inheritable=[], ambient=[])'
	run -0 --separate-stderr cr-exec b
	[ "$(tr -d '\t\n' <<<"$output")" = "CapInh:0000000000000000CapPrm:0000000000000000CapEff:0000000000000000CapBnd:00000000000000a1CapAmb:0000000000000000" ]
	edit b 'c["process"]["user"]["uid"] = 0'
	run -0 --separate-stderr cr-exec b
	[ "$(tr -d '\t\n' <<<"$output")" = "CapInh:0000000000000000CapPrm:00000000000000a1CapEff:00000000000000a1CapBnd:00000000000000a1CapAmb:0000000000000000" ]
}

@test "process: noNewPrivileges, rlimits, and no core dumps unless they are asked for" {
	bundle b
	edit b 'c["process"]["args"] = ["sh", "-c", "grep NoNewPrivs /proc/self/status; ulimit -Sn; ulimit -Hn; ulimit -Hc"]' \
		'c["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 60, "hard": 70}]'
	run -0 --separate-stderr cr-exec b
	[ "$output" = $'NoNewPrivs:\t0\n60\n70\n0' ]
	run -125 --separate-stderr bash -c 'ulimit -n 65; cr-exec b'
	[[ $stderr == *"resource limit RLIMIT_NOFILE: "* ]]
	[ "$(ulimit -Hc)" != 0 ] || skip "core dumps are off here, and for good"
	edit b 'c["process"]["noNewPrivileges"] = True' \
		'c["process"]["rlimits"] = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1 if "'"$(ulimit -Hc)"'" == "unlimited" else 1024}]'
	run -0 --separate-stderr cr-exec b
	[ "${lines[0]}" = $'NoNewPrivs:\t1' ]
	[ "${lines[3]}" != 0 ]
}

@test "process: a terminal, of the size that consoleSize says where ours has none" {
	bundle b
	edit b 'c["process"].update(terminal=True, consoleSize={"height": 11, "width": 22}, args=["sh", "-c", "stty size; tty"])' \
		'c["mounts"] += [{"destination": "/dev", "type": "tmpfs"}, {"destination": "/dev/pts", "type": "devpts", "options": ["ptmxmode=0666"]}]'
	run -0 bash -c 'cr-exec b </dev/null 2>err | tr -d "\r"'
	[ "$output" = $'11 22\n/dev/pts/0' ]
}

@test "process: oomScoreAdj can be raised by everybody; what cannot be had is an error" {
	need_user
	bundle_for crtest
	edit "$USER_DIR/b" 'c["process"].update(oomScoreAdj=321, args=["cat", "/proc/self/oom_score_adj"])'
	run -0 --separate-stderr as_user cr-exec b
	[ "$output" = 321 ]
	[ "$(cat /proc/self/oom_score_adj)" != 321 ]
	edit "$USER_DIR/b" 'c["process"]["oomScoreAdj"] = -321'
	run -125 --separate-stderr as_user cr-exec b
	[[ $stderr == *"oomScoreAdj -321: lower than"* ]]
	if is_root && (echo -321 >/proc/self/oom_score_adj) 2>/dev/null; then
		run -0 --separate-stderr cr-exec "$USER_DIR/b"
		[ "$output" = -321 ]
	fi
}

# --- names, kernel parameters, devices ---

@test "hostname, domainname, and the kernel parameters of the container's own namespaces" {
	bundle b
	edit b 'c.update(hostname="box", domainname="example.org")' \
		'c["process"]["args"] = ["sh", "-c", "cd /proc/sys/kernel; cat hostname domainname shm_rmid_forced msgmax sem ../fs/mqueue/msg_max"]' \
		'c["linux"]["sysctl"] = {"kernel.shm_rmid_forced": "1", "kernel.msgmax": "9000", "kernel/sem": "10 20 30 40", "fs.mqueue.msg_max": "20"}'
	host=$(cat /proc/sys/kernel/{hostname,domainname,shm_rmid_forced,msgmax})
	run -0 --separate-stderr cr-exec b
	[ "$output" = $'box\nexample.org\n1\n9000\n10\t20\t30\t40\n20' ]
	[ "$(cat /proc/sys/kernel/{hostname,domainname,shm_rmid_forced,msgmax})" = "$host" ]
	edit b 'del c["domainname"]' 'c["linux"]["sysctl"]["kernel.domainname"] = "other.org"'
	run -0 --separate-stderr cr-exec b
	[ "${lines[1]}" = other.org ]
}

@test "promise 8: kernel parameters are not written where the image or a mount has something of that path (CVE-2025-52881)" {
	bundle b
	mkdir -p b/rootfs/proc/sys/kernel
	echo before >b/rootfs/proc/sys/kernel/shm_rmid_forced
	edit b 'c["linux"]["sysctl"] = {"kernel.shm_rmid_forced": "1"}' 'c["process"]["args"] = ["cat", "/proc/sys/kernel/shm_rmid_forced"]'
	run -0 --separate-stderr cr-exec b
	[ "$output" = 1 ]
	edit b 'c["mounts"].append({"destination": "/proc/sys/kernel", "type": "tmpfs"})'
	run -125 --separate-stderr cr-exec b
	[ "$(cat b/rootfs/proc/sys/kernel/shm_rmid_forced)" = before ]
}

@test "devices: the kernel's harmless ones, at other paths too; no other" {
	bundle b
	edit b 'c["mounts"].append({"destination": "/dev", "type": "tmpfs"})' \
		'c["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0},
			{"path": "/dev/my/zero", "type": "c", "major": 1, "minor": 5}]' \
		'c["process"]["args"] = ["sh", "-c", "ls /dev; head -c 3 /dev/my/zero | wc -c; echo x >/dev/null"]'
	run -0 --separate-stderr cr-exec b
	[ "$output" = $'fd\nfull\nmy\nnull\nptmx\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n3' ]
	for device in '{"path": "/dev/sda", "type": "b", "major": 8, "minor": 0}' '{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}' \
		'{"path": "/dev/mem", "type": "c", "major": 1, "minor": 1}' '{"path": "/dev/null", "type": "b", "major": 1, "minor": 3}' \
		'{"path": "/etc/null", "type": "c", "major": 1, "minor": 3}' '{"path": "/dev/p", "type": "p"}'; do
		edit b "c['linux']['devices'] = [$device]"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"linux.devices: \""*"is not supported: crun or runc can run this bundle" ]]
	done
	edit b 'c["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600}]'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *fileMode* ]]
}

# --- mounts ---

@test "mounts: their types and options, in their order" {
	bundle b
	mkdir b/rootfs/data
	edit b 'c["mounts"] += [
		{"destination": "/sys", "type": "sysfs", "options": ["ro"]},
		{"destination": "//data/./", "type": "tmpfs", "source": "t1", "options": ["size=64k", "mode=711", "noexec", "nosuid", "nodev"]},
		{"destination": "/data/deep/er", "type": "tmpfs", "source": "t2", "options": ["ro", "noatime"]},
		{"destination": "/dev", "type": "tmpfs", "source": "t3"}, {"destination": "/dev/shm", "type": "tmpfs", "source": "t4"},
		{"destination": "/dev/mqueue", "type": "mqueue", "source": "q"},
		{"destination": "/dev/pts", "type": "devpts", "source": "p", "options": ["newinstance", "mode=0600"]}]' \
		'c["process"]["args"] = ["sh", "-c", "stat -c %a /data; grep -E \" (/data|/dev/[a-z]+|/data/deep/er|/sys) \" /proc/mounts | grep -v ^devtmpfs | cut -d \" \" -f 1-4"]'
	run -0 --separate-stderr cr-exec b
	[ "${lines[0]}" = 711 ]
	[[ "${lines[1]}" == "sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime" ]]
	[[ "${lines[2]}" == "t1 /data tmpfs rw,nosuid,nodev,noexec,relatime,size=64k,mode=711"* ]]
	[[ "${lines[3]}" == "t2 /data/deep/er tmpfs ro,noatime"* ]]
	[[ "${lines[4]}" == "t4 /dev/shm tmpfs rw,relatime"* ]]
	[[ "${lines[5]}" == "q /dev/mqueue mqueue rw,relatime" ]]
	[[ "${lines[6]}" == "p /dev/pts devpts rw,relatime,mode=600"* ]]
}

@test "mounts: the runtime's own files, and those alone" {
	bundle b
	echo 'nameserver 192.0.2.1' >b/resolv
	echo other >b/hosts
	edit b 'c["mounts"] += [{"destination": "/etc/resolv.conf", "type": "bind", "source": "resolv", "options": ["rbind", "ro"]},
		{"destination": "/etc/hosts", "type": "none", "source": "'"$PWD"'/b/hosts", "options": ["bind", "rprivate"]}]' \
		'c["process"]["args"] = ["sh", "-c", "cat /etc/resolv.conf /etc/hosts; echo x >>/etc/resolv.conf"]'
	run -1 --separate-stderr cr-exec b
	[ "$output" = $'nameserver 192.0.2.1\nother' ]
	[[ $stderr == *"Read-only file system"* ]]
	mkdir b/directory
	mkfifo b/fifo
	for source in directory fifo nosuch; do
		edit b "c['mounts'][1]['source'] = '$source'"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"/etc/resolv.conf"* ]]
	done
	edit b 'c["mounts"] = [{"destination": "/mnt", "type": "bind", "source": "hosts", "options": ["rbind"]}]'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"mounts: /mnt: a bind of hosts is not supported: crun or runc can run this bundle" ]]
}

@test "promise 8: nothing is mounted in a proc filesystem, nor where an image leads there (CVE-2019-16884)" {
	local path
	bundle b
	ln -s proc/self b/rootfs/link
	for path in /proc/sys /proc/acpi /proc/self/attr /link/attr; do
		edit b "c['mounts'].append({'destination': '$path', 'type': 'tmpfs'})"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"mount $path: "* ]]
		edit b 'c["mounts"].pop()'
	done
	edit b "c['mounts'].append({'destination': '/proc/sys', 'type': 'tmpfs'})"
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"mount /proc/sys: nothing can be mounted in a proc filesystem" ]]
	edit b "c['mounts'][-1] = {'destination': '/proc', 'type': 'proc'}"
	run -0 cr-exec b
}

@test "promise 8: mounts lead nowhere else by what the image holds at their places" {
	bundle b
	mkdir outside
	touch outside/file
	rm -rf b/rootfs/var b/rootfs/proc
	ln -s "$PWD/outside" b/rootfs/var
	ln -s ../../../../../../../../../../../../.."$PWD/outside" b/rootfs/up
	mkdir b/rootfs/proc
	edit b 'c["mounts"] += [{"destination": "/var/lib", "type": "tmpfs"}, {"destination": "/up/lib", "type": "tmpfs"}]' \
		'c["process"]["args"] = ["sh", "-c", "touch /var/lib/x /up/lib/y && ls /var/lib /up/lib"]'
	run -0 --separate-stderr cr-exec b
	[ "$(ls outside)" = file ]
	for place in proc sys dev; do
		bundle b
		rm -rf "b/rootfs/$place"
		ln -s tmp "b/rootfs/$place"
		edit b "c['mounts'] = [{'destination': '/$place', 'type': 'tmpfs'}]"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"is a symlink"* ]]
		rm "b/rootfs/$place"
		touch "b/rootfs/$place"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"is not a directory"* ]]
		rm "b/rootfs/$place"
	done
	bundle b
	for place in / // /. /a/../b /../x; do
		edit b "c['mounts'] = [{'destination': '$place', 'type': 'tmpfs'}]"
		run -125 --separate-stderr cr-exec b
		[[ $stderr == *"is not supported"* ]]
	done
}

@test "maskedPaths and readonlyPaths, of files and of directories, and the root" {
	bundle b
	mkdir b/rootfs/secret
	echo x | tee b/rootfs/secret/x >b/rootfs/file
	edit b 'c["linux"].update(maskedPaths=["/secret", "/file", "/nosuch"], readonlyPaths=["/tmp", "/etc/passwd", "/nosuch"])' \
		'c["process"]["args"] = ["sh", "-c", "ls /secret; cat /file; touch /tmp/x; touch /secret/y; echo >/etc/passwd; touch /ok && echo ok"]'
	run -0 --separate-stderr cr-exec b
	[ "$output" = ok ]
	[ "$(grep -c 'Read-only file system' <<<"$stderr")" -eq 3 ]
	edit b 'c["root"]["readonly"] = True'
	run -1 --separate-stderr cr-exec b
	[[ $stderr == *"/ok: Read-only file system"* ]]
}

# --- linux ---

@test "namespaces: those that are missing in the list are made all the same" {
	bundle b
	edit b 'c["linux"]["namespaces"] = []' 'c["process"]["args"] = ["sh", "-c", "for n in pid mnt ipc uts cgroup; do readlink /proc/self/ns/$n; done"]'
	run -0 --separate-stderr cr-exec b
	[ "${#lines[@]}" -eq 5 ]
	for name in pid mnt ipc uts cgroup; do
		[[ $output != *"$(readlink "/proc/self/ns/$name")"* ]]
	done
}

@test "uidMappings and gidMappings: any of root's" {
	need_root
	bundle b
	chown -R 70000:70000 b/rootfs
	chmod 755 .
	edit b 'c["linux"]["namespaces"].append({"type": "user"})' \
		'c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 70000, "size": 10}, {"containerID": 50, "hostID": 80000, "size": 1}]' \
		'c["process"]["user"] = {"uid": 50, "gid": 3}' 'c["process"]["args"] = ["sh", "-c", "cat /proc/self/?id_map | tr -s \" \"; id -u; id -g; stat -c %u /bin"]'
	run -0 --separate-stderr cr-exec b
	[ "$output" = $' 0 70000 10\n 50 80000 1\n 0 70000 10\n 50 80000 1\n50\n3\n0' ]
	run -125 --separate-stderr cr-exec --userns=host b
	[[ $stderr == *"--userns=host"* ]]
	edit b 'c["process"]["user"]["uid"] = 10'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"user 10 does not exist"* ]]
	edit b 'c["linux"]["uidMappings"][0]["containerID"] = 1'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"uidMappings and gidMappings: a user namespace without the ids 0"* ]]
	edit b 'del c["linux"]["gidMappings"]'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"linux.gidMappings is missing"* ]]
	edit b 'c["linux"]["namespaces"].pop()'
	run -125 --separate-stderr cr-exec b
	[[ $stderr == *"has no user namespace"* ]]
}

@test "uidMappings and gidMappings: an ordinary user's own id, and those that he is granted" {
	need_user
	bundle_for crtest
	sub=$(awk -F : '$1 == "crtest" { print $2; exit }' /etc/subuid)
	own=$(id -u crtest) group=$(id -g crtest)
	edit "$USER_DIR/b" 'c["linux"]["namespaces"].append({"type": "user"})' \
		'c["linux"]["uidMappings"] = [{"containerID": 0, "hostID": '"$own"', "size": 1}, {"containerID": 1, "hostID": '"$sub"', "size": 3}]' \
		'c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": '"$group"', "size": 1}, {"containerID": 1, "hostID": '"$sub"', "size": 3}]' \
		'c["process"]["user"] = {"uid": 3, "gid": 3, "additionalGids": [2]}' 'c["process"]["args"] = ["sh", "-c", "tail -n 1 /proc/self/uid_map | tr -s \" \"; id -u; id -G"]'
	run -0 --separate-stderr as_user cr-exec b
	[ "$output" = " 1 $sub 3"$'\n3\n3 2' ]
	for id in 0 $((own + 1)) $((sub + 65536)); do
		edit "$USER_DIR/b" 'c["linux"]["uidMappings"][1]["hostID"] = '"$id"
		run -125 --separate-stderr as_user cr-exec b
		[[ $stderr == *newuidmap* ]]
	done
}

@test "uidMappings and gidMappings: who has a single id gets no other" {
	need_plain_user
	bundle_for crplain
	edit "$USER_DIR/b" 'c["linux"]["namespaces"].append({"type": "user"})' \
		'c["linux"]["uidMappings"] = [{"containerID": 0, "hostID": '"$(id -u crplain)"', "size": 1}]' \
		'c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": '"$(id -g crplain)"', "size": 1}]' 'c["process"]["args"] = ["cat", "/proc/self/uid_map", "/proc/self/setgroups"]'
	run -0 --separate-stderr as_plain_user cr-exec b
	[[ $output == *"$(id -u crplain)"*deny ]]
	edit "$USER_DIR/b" 'c["process"]["user"]["additionalGids"] = [5]'
	run -125 --separate-stderr as_plain_user cr-exec b
	[[ $stderr == *"group 5: with a single id nobody can choose groups" ]]
	edit "$USER_DIR/b" 'del c["process"]["user"]["additionalGids"]'
	edit "$USER_DIR/b" 'c["linux"]["uidMappings"][0]["size"] = 2'
	run -125 --separate-stderr as_plain_user cr-exec b
	[[ $stderr == *newuidmap* ]]
	edit "$USER_DIR/b" 'c["linux"]["uidMappings"][0].update(size=1, hostID=0)'
	run -125 --separate-stderr as_plain_user cr-exec b
	[[ $stderr == *newuidmap* ]]
}

# --- what cannot be honoured ---

# What is added to a config.json, and the words of the refusal.
refusals() {
	cat <<'END'
c["hooks"] = {"prestart": [{"path": "/bin/true"}]}	hooks
c["linux"]["namespaces"].append({"type": "network"})	linux.namespaces: "network"
c["linux"]["namespaces"].append({"type": "time"})	linux.namespaces: "time"
c["linux"]["namespaces"][0]["path"] = "/proc/1/ns/pid"	linux.namespaces: path
c["linux"]["cgroupsPath"] = "/x"	linux.cgroupsPath
c["linux"]["resources"] = {"memory": {"limit": 1000000}}	linux.resources.memory
c["linux"]["resources"] = {"pids": {"limit": 10}}	linux.resources.pids
c["linux"]["resources"] = {"cpu": {"shares": 10}}	linux.resources.cpu
c["linux"]["resources"] = {"unified": {"memory.high": "1"}}	linux.resources.unified
c["linux"]["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}	linux.resources.devices
c["linux"]["resources"] = {"devices": [{"allow": True, "type": "b", "major": 8, "minor": 0, "access": "rw"}]}	linux.resources.devices
c["linux"]["rootfsPropagation"] = "rshared"	linux.rootfsPropagation: "rshared"
c["linux"]["rootfsPropagation"] = "unbindable"	linux.rootfsPropagation: "unbindable"
c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}	linux.sysctl: "net.ipv4.ip_forward"
c["linux"]["sysctl"] = {"kernel.hostname": "x"}	linux.sysctl: "kernel.hostname"
c["linux"]["sysctl"] = {"vm.swappiness": "1"}	linux.sysctl: "vm.swappiness"
c["linux"]["sysctl"] = {"fs.mqueue/../../kernel/core_pattern": "x"}	linux.sysctl: "fs.mqueue/../../kernel/core_pattern"
c["linux"]["mountLabel"] = "x"	linux.mountLabel
c["linux"]["intelRdt"] = {"closID": "x"}	linux.intelRdt
c["linux"]["personality"] = {"domain": "LINUX32"}	linux.personality
c["linux"]["timeOffsets"] = {"monotonic": {"secs": 1}}	linux.timeOffsets
c["process"]["apparmorProfile"] = "x"	process.apparmorProfile
c["process"]["selinuxLabel"] = "x"	process.selinuxLabel
c["process"]["scheduler"] = {"policy": "SCHED_FIFO"}	process.scheduler
c["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_RT"}	process.ioPriority
c["mounts"].append({"destination": "/x", "type": "bind", "source": "/etc", "options": ["rbind"]})	mounts: /x: a bind of /etc
c["mounts"].append({"destination": "/x", "type": "none", "source": "/etc/passwd", "options": ["bind"]})	mounts: /x: a bind of /etc/passwd
c["mounts"].append({"destination": "/x", "type": "ext4", "source": "/dev/vda"})	mounts: /x: type ext4
c["mounts"].append({"destination": "/x", "type": "sysfs", "options": ["ro"]})	mounts: /x: sysfs in another place
c["mounts"].append({"destination": "/sys", "type": "sysfs"})	mounts: /sys: sysfs without option ro
c["mounts"].append({"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind"]})	mounts: /sys: sysfs without option ro
c["mounts"].append({"destination": "/sys", "type": "sysfs", "options": ["ro", "rw"]})	mounts: /sys: sysfs without option ro
c["mounts"].append({"destination": "/x", "type": "cgroup"})	mounts: /x: cgroup without option ro
c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["tmpcopyup"]})	mounts: /x: option tmpcopyup
c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["rshared"]})	mounts: /x: option rshared
c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["idmap"]})	mounts: /x: option idmap
c["mounts"].append({"destination": "/x", "type": "tmpfs", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]})	mounts.uidMappings
c["mounts"].append({"destination": "/sys", "type": "sysfs", "options": ["ro", "foo"]})	option foo
c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["foo=1"]})	option foo=1
c["mounts"].append({"destination": "/x", "type": "overlay"})	mounts: /x: type overlay
END
}

@test "what cannot be honoured is refused by name, for everybody" {
	bundle b
	cp b/config.json plain
	users=('')
	if is_root && id crtest >/dev/null 2>&1; then
		prepare_user crtest
		users+=(crtest)
	fi
	count=0
	while IFS=$'\t' read -r statement words; do
		cp plain b/config.json
		edit b "$statement"
		for user in "${users[@]}"; do
			if [ "$user" ]; then
				cp b/config.json "$USER_DIR/config.json"
				mkdir -p "$USER_DIR/rootfs"
				chown "$user:" "$USER_DIR/rootfs"
				run -125 --separate-stderr as "$user" cr-exec . </dev/null
			else
				run -125 --separate-stderr cr-exec b </dev/null
			fi
			[[ $stderr == *"$words"* ]] || { echo "$statement: $stderr"; false; }
			[ -z "$output" ]
		done
		count=$((count + 1))
	done < <(refusals)
	[ "$count" -gt 35 ]
	cp plain b/config.json
	cr-exec b
}

@test "what asks for nothing is no reason to refuse" {
	bundle b
	edit b 'c["hooks"] = {"prestart": [], "poststop": None}' 'c["annotations"] = {"a": "b"}' 'c["unheardOf"] = {"x": 1}' \
		'c["linux"].update(cgroupsPath="", rootfsPropagation="rslave", devices=[], sysctl={}, intelRdt=None, mountLabel="",
			resources={"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
				{"allow": True, "type": "c", "access": "m"}, {"allow": True, "type": "c", "major": 136, "access": "rw"}],
				"memory": {}, "pids": {"limit": 0}, "blockIO": {"weight": 0}, "network": None})' \
		'c["process"].update(apparmorProfile="", selinuxLabel="", rlimits=[], consoleSize={"height": 1, "width": 1})'
	for propagation in private slave rprivate rslave; do
		edit b "c['linux']['rootfsPropagation'] = '$propagation'"
		run -0 --separate-stderr cr-exec b
	done
}

# --- what cr-mkrootfs writes ---

@test "annotations of the image, its labels being stronger, and the fact stop-signal" {
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	cr-mkrootfs --record -i example.org/probe:1 b
	run -0 python3 -c 'import json
for item in sorted(json.load(open("b/config.json"))["annotations"].items()): print(*item)'
	[[ $output == *"org.example.label yes"* ]]
	[[ $output == *"org.opencontainers.image.author label"* ]]
	[[ $output == *"org.opencontainers.image.exposedPorts 80/tcp"* ]]
	[[ $output == *"org.opencontainers.image.os linux"* ]]
	[[ $output == *"org.opencontainers.image.stopSignal SIGQUIT"* ]]
	[ "$(cat b/stop-signal)" = SIGQUIT ]
	run -0 cr-inspect example.org/probe:1
	for word in StopSignal SIGQUIT Volumes /data ExposedPorts 80/tcp Labels org.example.label 'A. Author'; do
		[[ $output == *"\"$word\""* ]]
	done
}

@test "volumes are plain directories: the image's own, or new ones; by no symlink outside" {
	need_root
	mkdir -p outside root/opt root/own/in root/kept
	cp -R "$(busybox_root)/." root/
	chmod 750 root/opt
	chmod 1777 root/own/in
	chown 3:4 root/own/in root/opt
	ln -s ../../../.."$PWD/outside" root/link
	ln -s opt/deep root/inside
	echo x >root/kept/file
	store_image example.org/v:1 -V /own/in -V /opt/new/er -V /link/data -V /inside/x -V relative -V /kept -V / -V /a/./b/../c root >/dev/null
	cr-inspect -r example.org/v:1 | cr-unpack >/dev/null
	for mode in overlay copy; do
		cr-mkrootfs -m "$mode" -i example.org/v:1 "$mode"
		run -0 --separate-stderr cr-exec "$mode" -- stat -c '%a %u:%g %n' /own/in /opt /opt/new/er /opt/deep/x /relative /a/c
		[ "$output" = $'1777 3:4 /own/in\n750 3:4 /opt\n755 0:0 /opt/new/er\n755 0:0 /opt/deep/x\n755 0:0 /relative\n755 0:0 /a/c' ]
		run -0 --separate-stderr cr-exec "$mode" -- cat /kept/file
		[ -z "$(ls outside)" ]
	done
	[ ! -e overlay/upper/kept ]
	[ ! -e overlay/upper/own ]
	store_image example.org/v:2 -V /kept/file root >/dev/null
	cr-inspect -r example.org/v:2 | cr-unpack >/dev/null
	for mode in overlay copy; do
		run ! cr-mkrootfs -m "$mode" -i example.org/v:2 wrong
		[[ $output == *"volume /kept/file"* ]]
		[ ! -e wrong ]
	done
}

@test "a bundle of an ordinary user has his user namespace, root's has none" {
	need_user
	image_for crtest
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	as_user cr-mkrootfs -m copy -i example.org/probe:1 b
	run -0 python3 -c 'import json, sys
c = json.load(open(sys.argv[1]))
print([n["type"] for n in c["linux"]["namespaces"]][-1], c["linux"]["uidMappings"][0]["hostID"], *[m["type"] for m in c["mounts"] if m["destination"] == "/sys"])' "$USER_DIR/b/config.json"
	[ "$output" = "user $(id -u crtest) none" ]
	is_root || return 0
	cr-mkrootfs -m copy -i example.org/probe:1 b
	run ! grep -e Mappings -e '"user"$' b/config.json
	run -0 --separate-stderr cr-exec "$USER_DIR/b" -- id -u # root can have anybody's
	[ "$output" = 0 ]
}

# --- security options ---

@test "--cap-add, --cap-drop: of cr-exec and cr-mkrootfs alike" {
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/probe:1 plain
	default=00000000a80425fb
	while read -r wanted options; do
		rm -rf b
		# shellcheck disable=SC2086 # words they are
		cr-mkrootfs -i example.org/probe:1 $options b
		# shellcheck disable=SC2086
		for run in "cr-exec b" "cr-exec $options plain"; do
			run -0 --separate-stderr $run -- sh -c 'grep -E "Cap(Prm|Eff|Bnd)" /proc/self/status | cut -f 2 | sort -u; grep -E "Cap(Inh|Amb)" /proc/self/status | cut -f 2 | sort -u'
			[ "$output" = "$wanted"$'\n0000000000000000' ]
		done
	done <<END
$default
0000000000000001 --cap-drop ALL --cap-add CAP_CHOWN
0000000000001001 --cap-add net_admin --cap-drop all --cap-add Chown
00000000a80425fa --cap-drop chown
00000000a82425fb --cap-add SYS_ADMIN
00000000a80425fb --cap-add chown --cap-drop chown
000001fffffffffe --cap-add ALL --cap-drop chown
END
	run -0 --separate-stderr cr-exec --cap-add SYS_ADMIN -u 7 plain -- grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status
	[ "$(cut -f 2 <<<"$output" | sort -u)" = 0000000000000000 ]
	for program in "cr-exec plain" "cr-mkrootfs -i example.org/probe:1 x"; do
		for option in '--cap-add CAP_NOSUCH' '--cap-drop 3' '--security-opt apparmor=x' '--security-opt seccomp=' '--security-opt no-new-privileges=maybe'; do
			# shellcheck disable=SC2086
			run ! ${program%% *} $option ${program#* }
			[[ $output == *"${option##* }"* || $output == *"${option##*=}"* ]]
		done
	done
	[ ! -e x ]
}

@test "an added capability brings the system calls that go with it, and none outside" {
	bundle b
	rm b/config.json
	run -0 --separate-stderr cr-exec --rootfs --cap-add SYS_ADMIN b/rootfs -- sh -c 'mount -t tmpfs none /mnt 2>/dev/null || { mkdir /mnt; mount -t tmpfs none /mnt; }; grep -c " /mnt " /proc/mounts'
	[ "$output" = 1 ]
	run ! cr-exec --rootfs b/rootfs -- mount -t tmpfs none /mnt
	run ! cr-exec --rootfs --cap-add ALL b/rootfs -- mknod /tmp/device b 8 0
	need_user
	bundle_for crtest
	run ! as_user cr-exec --cap-add ALL --security-opt systempaths=unconfined b -- sh -c 'exec 3>>/proc/sys/kernel/core_pattern'
	[[ $output == *"Permission denied"* ]]
}

@test "--security-opt: no-new-privileges, seccomp, systempaths" {
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/probe:1 plain
	printf '%s' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >profile
	while read -r wanted options; do
		rm -rf b
		# shellcheck disable=SC2086 # words they are
		cr-mkrootfs -i example.org/probe:1 $options b
		# shellcheck disable=SC2086
		for run in "cr-exec b" "cr-exec $options plain"; do
			run -0 --separate-stderr $run -- sh -c 'echo "$(grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | cut -f 2 | tr -d "\n")$(grep " /proc/keys " /proc/mounts | grep -vc "^proc ")$( (mkdir /tmp/d && rmdir /tmp/d) 2>&1 | wc -l)"'
			[ "$output" = "$wanted" ]
		done
	done <<END
1210
1210 --security-opt no-new-privileges
1210 --security-opt no-new-privileges=true
0210 --security-opt no-new-privileges=false
0210 --security-opt no-new-privileges:false
1010 --security-opt seccomp=unconfined
1211 --security-opt seccomp=$PWD/profile
1200 --security-opt systempaths=unconfined
END
	run ! cr-exec --security-opt seccomp=nosuch plain
	[[ $output == *nosuch* ]]
}

@test "--env-file: as docker reads it; -e is stronger, wherever it stands" {
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	printf '# comment\n\nA=a b "c"\r\n  B=#no comment\nFROM_HERE\nNOT_HERE\nC=file\nD=last' >file
	cr-mkrootfs -i example.org/probe:1 plain
	FROM_HERE=here cr-mkrootfs -i example.org/probe:1 -e C=option --env-file file b
	for run in "cr-exec b" "cr-exec -e C=option --env-file file plain"; do
		# shellcheck disable=SC2086 # words they are
		FROM_HERE=here run -0 --separate-stderr $run -- env
		for line in 'A=a b "c"' 'B=#no comment' FROM_HERE=here C=option D=last; do
			[ "$(grep -cxF "$line" <<<"$output")" -eq 1 ]
		done
		[[ $output != *NOT_HERE* && $output != *comment$'\n'* || $output == *'B=#no comment'* ]]
	done
	for text in '=x' 'A B=x' 'A\0=x'; do
		# shellcheck disable=SC2059 # a format it is
		printf "$text" >wrong
		run -125 cr-exec --env-file wrong plain
		[[ $output == *wrong* ]]
	done
	run -125 cr-exec --env-file nosuch plain
	head -c 2000000 /dev/zero | tr '\0' A >wrong
	run -125 cr-exec --env-file wrong plain
}

@test "--env-file: a pipe is read once" {
	image
	cr-inspect -r example.org/probe:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/probe:1 plain
	run -0 --separate-stderr cr-exec --env-file <(echo A=piped) plain -- env
	grep -qx A=piped <<<"$output"
}

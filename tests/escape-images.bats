# Promise 8: images and bundles that lie in wait for who runs them (E-01 to E-14), for three kinds of users. Each runs or is refused; either way
# nothing of the host is changed, shown or executed.

load helper
load escape/helper

setup_file() {
	build_probe
}

setup() {
	need_probe
}

teardown() {
	[ -z "${PID-}" ] || kill -9 "$PID" 2>/dev/null || true
}

# canary: files of the host that symlinks lead to; $OUT leads there from anywhere inside
canary() {
	CANARY=$DIR/outside
	mkdir -p "$CANARY/sub"
	echo keep >"$CANARY/keep"
	echo keep >"$CANARY/hosts"
	own "$CANARY"
	OUT=../../../../../../../../../..$CANARY
	BEFORE=$("$BATS_TEST_DIRNAME/tree" "$CANARY")
}

# nothing_changed [WHAT]
nothing_changed() {
	[ "$("$BATS_TEST_DIRNAME/tree" "$CANARY")" = "$BEFORE" ] || { echo "changed: ${1-}"; "$BATS_TEST_DIRNAME/tree" "$CANARY"; return 1; }
}

# start MODE: a root and a canary
start() {
	mode "$1"
	make_root "$DIR/root"
	canary
}

# images: a store with the image base, of the root
images() {
	store_in_mode
	make_store_image base "$DIR/root" >/dev/null
}

# fresh PATH...: the root anew, without these
fresh() {
	local path
	rm -rf "${DIR:?}/root"
	make_root "$DIR/root"
	for path; do
		rm -rf "${DIR:?}/root/$path"
		mkdir -p "$DIR/root/$(dirname "$path")"
	done
}

# exec_root [OPTION]... -- CMD...: in a container of $DIR/root
exec_root() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	own "$DIR/root/etc" "$DIR/root/dev" "$DIR/root/proc" "$DIR/root/sys" 2>/dev/null || true
	in_mode timeout 20 cr-exec "${options[@]}" "$DIR/root" "$@"
}

# --- E-01: entry points that cannot be executed ---

# An ELF file for a machine that there is not
alien() {
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\360\377\1\0\0\0' >"$1"
	head -c 4096 /dev/zero >>"$1"
	chmod 755 "$1"
}

# entry STATUS ENTRYPOINT TEXT
entry() {
	image_of e "{\"Entrypoint\": [\"$2\"], \"Cmd\": []}"
	rm -rf "$DIR/e-bundle"
	bundle_of e -m copy
	run "-$1" --separate-stderr in_mode cr-exec e-bundle
	[ -z "$output" ]
	[[ $stderr == "cr-exec: "*"$3"* ]]
}

e01() {
	start "$1"
	alien "$DIR/root/bin/alien"
	printf '#!/nosuch\n' >"$DIR/root/bin/script"
	chmod 755 "$DIR/root/bin/script"
	own "$DIR/root/bin/alien" "$DIR/root/bin/script"
	images
	entry 127 /nosuch /nosuch
	entry 127 nosuch 'not found'
	entry 127 /etc/passwd/x 'Not a directory'
	entry 126 /tmp 'Is a directory'
	entry 126 /etc/passwd 'Permission denied'
	entry 126 /bin/alien 'Exec format error'
	entry 126 /bin/script 'its interpreter is not'
}

@test "promise 8: E-01 entry points that cannot be executed: as root" { e01 root; }
@test "promise 8: E-01 ... as an ordinary user" { e01 crtest; }
@test "promise 8: E-01 ... as a user without subordinate ids" { e01 crplain; }

# --- E-02: the runtime as an entry point ---

e02() {
	local before program command
	start "$1"
	program=${USER_BIN:-$BIN}/cr-exec
	before=$(sha256sum "$program")
	ln -s /proc/self/exe "$DIR/root/self"
	ln -s /proc/1/exe "$DIR/root/init"
	printf '#!/proc/self/exe\n' >"$DIR/root/script"
	printf '#!/proc/1/exe\n' >"$DIR/root/script-of-init"
	chmod +x "$DIR/root/script" "$DIR/root/script-of-init"
	own "$DIR/root/self" "$DIR/root/init" "$DIR/root/script" "$DIR/root/script-of-init"
	images
	for command in /proc/self/exe /self /script /proc/1/exe /init /script-of-init /proc/self/root/self /proc/thread-self/exe; do
		run -126 --separate-stderr exec_root -- "$command" --version
		[ -z "$output" ]
		[[ $stderr == *"Permission denied"* ]]
		image_of e "{\"Entrypoint\": [\"$command\", \"--version\"], \"Cmd\": []}"
		rm -rf "$DIR/e-bundle"
		bundle_of e -m copy
		run -126 --separate-stderr in_mode cr-exec e-bundle
		[ -z "$output" ]
	done
	for command in {3..20}; do
		exec_root -- "/proc/self/fd/$command" --version >"$DIR/shown" 2>/dev/null && status=0 || status=$?
		[[ $status -eq 126 || $status -eq 127 ]]
		[ ! -s "$DIR/shown" ]
	done
	[ "$(sha256sum "$program")" = "$before" ]
	# One that the user could write to; and one that has lost its name, where another file has what is shown as that.
	cp "$program" "$DIR/mine"
	cp /bin/false "$DIR/mine (deleted)"
	own "$DIR/mine" "$DIR/mine (deleted)"
	run -126 in_mode ./mine root -- /proc/self/exe
	# shellcheck disable=SC2016
	run -0 in_mode bash -c 'exec 9<mine && rm mine && exec /proc/self/fd/9 root -- "$@"' - /bin/echo runs
	[ "$output" = runs ]
	cp "$program" "$DIR/mine"
	own "$DIR/mine"
	# shellcheck disable=SC2016
	run -126 in_mode bash -c 'exec 9<mine && rm mine && exec /proc/self/fd/9 root -- "$@"' - /proc/self/exe
}

@test "promise 8: E-02 entry points that are the runtime (CVE-2019-5736): as root" { e02 root; }
@test "promise 8: E-02 ... as an ordinary user" { e02 crtest; }
@test "promise 8: E-02 ... as a user without subordinate ids" { e02 crplain; }

# --- E-03: working directories that lead out ---

# workdir STATUS DIR: of an image, run by who holds a descriptor of the host's root
workdir() {
	image_of e "{\"WorkingDir\": \"$2\", \"Cmd\": [\"/bin/sh\", \"-c\", \"pwd -P; cat probe >/dev/null && echo root\"]}"
	rm -rf "$DIR/e-bundle"
	run bundle_of e -m copy
	[ "$status" -eq 0 ] || return 0 # refused already
	run in_mode cr-exec e-bundle 7</
	[ "$status" -eq "$1" ]
	[ "$1" -ne 0 ] || [ "$output" = "/"$'\n'root ]
}

e03() {
	local fd
	start "$1"
	ln -s ../../../../.. "$DIR/root/out"
	own "$DIR/root/out"
	images
	for fd in {3..12}; do
		workdir 125 "/proc/self/fd/$fd"
		run -125 exec_root -w "/proc/self/fd/$fd" -- /bin/true 7</
	done
	workdir 0 ../../..
	workdir 0 /../../..
	workdir 0 /out
	workdir 0 /out/out
	workdir 0 /proc/self/root
	workdir 0 /proc/1/../..
	run exec_root -w /proc/1/root -- /bin/pwd
	[ "$status" -eq 125 ]
	run exec_root -w /proc/1/cwd -- /bin/pwd
	[ "$status" -eq 125 ]
	nothing_changed
}

@test "promise 8: E-03 working directories that lead out (CVE-2024-21626): as root" { e03 root; }
@test "promise 8: E-03 ... as an ordinary user" { e03 crtest; }
@test "promise 8: E-03 ... as a user without subordinate ids" { e03 crplain; }

# --- E-04 and E-10: mount points that are symlinks, or no directories ---

# refused PATH...: as a symlink to what is there, or is not, outside and inside, and as a file
refused() {
	local path target
	for path; do
		for target in "$CANARY" "$OUT" "$OUT/new" /etc /nosuch; do
			fresh "$path"
			ln -s "$target" "$DIR/root/$path"
			run -125 exec_root -- /bin/true
			[[ $output == *"/$path"*symlink* ]]
			nothing_changed "$path -> $target"
		done
		fresh "$path"
		touch "$DIR/root/$path"
		run -125 exec_root -- /bin/true
		[[ $output == *"not a directory"* ]]
	done
}

e04() {
	start "$1"
	refused proc sys
}

@test "promise 8: E-04 /proc and /sys are symlinks (CVE-2019-19921): as root" { e04 root; }
@test "promise 8: E-04 ... as an ordinary user" { e04 crtest; }
@test "promise 8: E-04 ... as a user without subordinate ids" { e04 crplain; }

e10() {
	start "$1"
	refused dev
}

@test "promise 8: E-10 /dev is a symlink (CVE-2026-41579): as root" { e10 root; }
@test "promise 8: E-10 ... as an ordinary user" { e10 crtest; }
@test "promise 8: E-10 ... as a user without subordinate ids" { e10 crplain; }

# --- E-05: the host's files ---

e05() {
	local path target
	start "$1"
	for path in etc/resolv.conf etc/hosts etc/hostname etc; do
		for target in "$CANARY/hosts" "$OUT/hosts" "$OUT/new" "$OUT" "$CANARY"; do
			fresh "$path"
			ln -s "$target" "$DIR/root/$path"
			run exec_root -- /bin/sh -c 'for f in resolv.conf hosts hostname; do cat /etc/$f; echo x >/etc/$f; done'
			[[ $status -le 1 || $status -eq 125 ]]
			[[ $output != *keep* ]]
			nothing_changed "$path -> $target"
		done
	done
}

@test "promise 8: E-05 resolv.conf, hosts and hostname are symlinks: as root" { e05 root; }
@test "promise 8: E-05 ... as an ordinary user" { e05 crtest; }
@test "promise 8: E-05 ... as a user without subordinate ids" { e05 crplain; }

# --- E-06: parents of mount points ---

# mounting DESTINATION [TYPE]: a bundle of the root with a mount more
mounting() {
	printf '{"ociVersion": "1.0.2", "root": {"path": "%s"},
		"process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"], "args": ["/bin/sh", "-c", "echo x >%s/file; echo ran"]},
		"mounts": [{"destination": "%s", "type": "%s", "source": "x"}]}' "$DIR/root" "$1" "$1" "${2-tmpfs}" >"$DIR/b/config.json"
}

e06() {
	local target
	start "$1"
	mkdir "$DIR/b"
	own "$DIR/b"
	for target in "$CANARY" "$OUT" "$OUT/new" "$OUT/keep"; do
		fresh
		ln -s "$target" "$DIR/root/a"
		own "$DIR/root/a"
		for path in /a /a/b /a/b/c /a/../a/b /missing/b/c "/a/../..$CANARY/b" "/../../../../..$CANARY/new"; do
			mounting "$path"
			run in_mode cr-exec b
			[[ $status -le 1 || $status -eq 125 ]]
			nothing_changed "$path, a -> $target"
		done
	done
	mounting /missing/d/e
	run -0 in_mode cr-exec b
	[ "$output" = ran ]
}

@test "promise 8: E-06 parents of a mount point are missing, or symlinks (CVE-2024-45310): as root" { e06 root; }
@test "promise 8: E-06 ... as an ordinary user" { e06 crtest; }
@test "promise 8: E-06 ... as a user without subordinate ids" { e06 crplain; }

# --- E-07: what masks ---

# The mask is of the host's /dev/null: neither what the image has there, nor what it leads to.
e07() {
	local target
	start "$1"
	for target in /proc/sysrq-trigger /proc/sys/kernel/hostname "$OUT/keep" /etc/passwd; do
		fresh dev
		mkdir "$DIR/root/dev"
		ln -s "$target" "$DIR/root/dev/null"
		run -0 exec_root -- /bin/sh -c 'echo x >/dev/null; echo x >/proc/keys; cat /proc/keys /proc/timer_list; [ -c /dev/null ] && [ -c /proc/keys ]'
		[ -z "$output" ]
		grep -q '^root:' "$DIR/root/etc/passwd"
		nothing_changed "$target"
	done
	[ ! -w /proc/sysrq-trigger ] || [ "$(stat -c %t:%T "$DIR/root/dev/null" 2>/dev/null)" != 1:3 ]
}

@test "promise 8: E-07 /dev/null is a symlink (CVE-2025-31133): as root" { e07 root; }
@test "promise 8: E-07 ... as an ordinary user" { e07 crtest; }
@test "promise 8: E-07 ... as a user without subordinate ids" { e07 crplain; }

# --- E-08: terminals ---

e08() {
	local path target
	start "$1"
	for path in dev/pts dev/pts/0 dev/console dev/ptmx dev/tty; do
		for target in "$OUT/keep" "$OUT/new" "$OUT" /etc/passwd /proc/self/fd/0; do
			fresh "$path"
			ln -s "$target" "$DIR/root/$path"
			run exec_root -t -- /bin/sh -c 'tty; [ -c /dev/console ] && [ -c /dev/pts/0 ] && echo x >/dev/console'
			[ "$status" -eq 0 ]
			[[ $output == /dev/pts/0*x* ]]
			grep -q '^root:' "$DIR/root/etc/passwd"
			nothing_changed "$path -> $target"
		done
	done
}

@test "promise 8: E-08 terminals are symlinks (CVE-2025-52565): as root" { e08 root; }
@test "promise 8: E-08 ... as an ordinary user" { e08 crtest; }
@test "promise 8: E-08 ... as a user without subordinate ids" { e08 crplain; }

# --- E-09: /proc is not what it seems ---

# A volume over a part of it, or something else in its place: what is masked stays so, or the bundle is refused.
e09() {
	local path type
	start "$1"
	mkdir "$DIR/b"
	own "$DIR/b"
	for path in /proc /proc/self /proc/self/attr /proc/1 /proc/sys /proc/thread-self; do
		for type in tmpfs mqueue; do
			printf '{"ociVersion": "1.0.2", "root": {"path": "%s"}, "process": {"cwd": "/", "user": {"uid": 0, "gid": 0},
				"args": ["/bin/sh", "-c", "cat /proc/keys /proc/timer_list; cat /proc/sys/kernel/core_pattern; echo x >/proc/sys/kernel/core_pattern"]},
				"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
					{"destination": "%s", "type": "%s", "source": "x"}],
				"linux": {"maskedPaths": ["/proc/keys", "/proc/timer_list"], "readonlyPaths": ["/proc/sys"]}}' \
				"$DIR/root" "$path" "$type" >"$DIR/b/config.json"
			run --separate-stderr in_mode cr-exec b
			[ "$status" -ne 0 ]
			[[ -z $output || $output = "$(cat /proc/sys/kernel/core_pattern)" ]]
		done
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" != x ]
	nothing_changed
}

@test "promise 8: E-09 a volume on /proc, and below it (CVE-2025-52881): as root" { e09 root; }
@test "promise 8: E-09 ... as an ordinary user" { e09 crtest; }
@test "promise 8: E-09 ... as a user without subordinate ids" { e09 crplain; }

# --- E-11: what the tools write ---

e11() {
	local path
	start "$1"
	for path in dev/.host-file etc/.pwd.lock .dockerenv run/.containerenv config.json lock status log pid tmp srv; do
		fresh "$path"
		ln -s "$OUT/new" "$DIR/root/$path"
		run exec_root --rootfs -w /srv/here --pid-file "$DIR/pid" -- /bin/true
		[[ $status -eq 0 || $status -eq 125 ]]
		nothing_changed "$path"
		ln -sfn "$OUT" "$DIR/root/$path"
		run exec_root --rootfs -w /srv/here --pid-file "$DIR/pid" -- /bin/sh -c 'echo x >/tmp/keep; echo x >/srv/here/x; echo x >/dev/shm/x'
		nothing_changed "$path"
	done
}

@test "promise 8: E-11 what a tool might write in a root is a symlink (CVE-2025-24965): as root" { e11 root; }
@test "promise 8: E-11 ... as an ordinary user" { e11 crtest; }
@test "promise 8: E-11 ... as a user without subordinate ids" { e11 crplain; }

# --- E-12: libraries of the image ---

# traced CMD...: as who MODE says, traced by root: a traced program is not setuid to an ordinary user
traced() {
	local how=()
	if ! is_root; then
		[ "$MODE" = crplain ] || skip "only root can trace a setuid program"
	elif [ "$MODE" != root ]; then
		how=(-u "$MODE")
	fi
	(cd "$DIR" && strace -f -qq -o "$BATS_TEST_TMPDIR/trace" "${how[@]}" env PATH="${USER_BIN:-$BIN}:$PATH" HOME="$DIR" "$@")
}

e12() {
	local path lib
	command -v strace >/dev/null || skip "strace is not installed"
	start "$1"
	for path in etc/ld.so.preload etc/ld.so.cache etc/nsswitch.conf etc/locale.alias usr/lib/locale/locale-archive usr/lib/locale/C.utf8/LC_CTYPE \
		usr/lib/gconv/gconv-modules usr/lib/gconv/gconv-modules.cache etc/host.conf etc/resolv.conf etc/localtime etc/terminfo/x/xterm; do
		mkdir -p "$DIR/root/${path%/*}"
		echo /evil.so >"$DIR/root/$path"
	done
	for lib in libnss_files.so.2 libc.so.6 libnss_compat.so.2 libnss_systemd.so.2 ld-linux-x86-64.so.2; do
		for path in lib lib64 usr/lib usr/lib64 "lib/$(uname -m)-linux-gnu" "usr/lib/$(uname -m)-linux-gnu"; do
			mkdir -p "$DIR/root/$path"
			cp "$BATS_FILE_TMPDIR/probe" "$DIR/root/$path/$lib"
		done
	done
	own "$DIR/root"
	traced cr-exec -u root -e LANG=de_DE.UTF-8 -w /made "$DIR/root" -- /bin/true
	"$BATS_TEST_DIRNAME/escape/opened.py" "$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/opened"
	cat "$BATS_TEST_TMPDIR/opened"
	grep -qx 'before etc/passwd' "$BATS_TEST_TMPDIR/opened"
	run -1 grep -E '^before .*(\.so|nss|locale|gconv|ld-|host\.conf$|localtime|terminfo)' "$BATS_TEST_TMPDIR/opened"
	run -1 grep -vxE 'before .*|after /dev/null' "$BATS_TEST_TMPDIR/opened"
}

@test "promise 8: E-12 libraries, locales and name services of the image are not the runtime's: as root" { e12 root; }
@test "promise 8: E-12 ... as an ordinary user" { e12 crtest; }
@test "promise 8: E-12 ... as a user without subordinate ids" { e12 crplain; }

# --- E-13: environments ---

# environment JSON: runs an image with it; $DIR/inside is what the command has, $DIR/init what process 1 has, seen from outside
environment() {
	rm -rf "$DIR/e-bundle" "$DIR/inside" "$DIR/init" "$DIR/pid"
	image_of e "{\"Env\": $1, \"Cmd\": [\"/bin/sh\", \"-c\", \"cat /proc/\$\$/environ; echo; echo up; read -r line\"]}"
	bundle_of e -m copy || return
	mkfifo "$DIR/go" 2>/dev/null || true
	own "$DIR/go"
	in_mode cr-exec --pid-file pid e-bundle <"$DIR/go" >"$DIR/inside" 2>"$DIR/said" 3>&- &
	PID=$!
	exec 8>"$DIR/go"
	until_true grep -qx up "$DIR/inside" || { exec 8>&-; wait "$PID"; return; }
	tr '\0' '\n' <"/proc/$(ps -o ppid= -p "$(cat "$DIR/pid")" | tr -d ' ')/environ" >"$DIR/init"
	echo >&8
	exec 8>&-
	wait "$PID" || return
	tr '\0' '\n' <"$DIR/inside" >"$DIR/lines"
	mv "$DIR/lines" "$DIR/inside"
}

e13() {
	start "$1"
	images
	environment '["LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/evil", "GCONV_PATH=/evil", "LD_AUDIT=/evil.so", "PATH=/first:/bin", "PATH=/bin:/second", "NEWLINE=a\nb=c", "CR_STORE=/evil", "TERM=evil"]'
	grep -qx LD_PRELOAD=/evil.so "$DIR/inside"
	grep -qx 'PATH=/first:/bin' "$DIR/inside" # the first is what libc finds, and what the command is looked for in
	grep -qx 'NEWLINE=a' "$DIR/inside"
	[ -s "$DIR/init" ]
	run -1 grep -E '(evil|NEWLINE)' "$DIR/init"
	for text in '["A"]' '[""]' '["=x"]' '["A", "B=c"]'; do
		environment "$text" && status=0 || status=$?
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || [ "$status" -eq 125 ]
		[ "$status" -ne 0 ] || grep -q '^PATH=/' "$DIR/inside"
	done
	{ printf '{"Env": ["A='; head -c 1048576 /dev/zero | tr '\0' a; printf '"], "Cmd": ["/bin/true"]}'; } | image_of e -
	rm -rf "$DIR/e-bundle"
	run bundle_of e -m copy
	[ "$status" -eq 3 ] || { run in_mode cr-exec e-bundle; [ "$status" -eq 126 ]; [[ $output == *"too long"* ]]; }
}

@test "promise 8: E-13 environments reach the container alone: as root" { e13 root; }
@test "promise 8: E-13 ... as an ordinary user" { e13 crtest; }
@test "promise 8: E-13 ... as a user without subordinate ids" { e13 crplain; }

# --- E-14: more of everything than there is ---

# The container's processes are counted with those of the user that they are outside: root has no limit, and so becomes another inside.
readonly PROCESSES=400

# bomb WORD...: starts /load in a container
bomb() {
	local user=()
	[ "$MODE" != root ] || user=(-u 54322:54322)
	rm -f "$DIR/count" "$DIR/pid"
	# shellcheck disable=SC2016
	in_mode bash -c 'exec prlimit --nproc="$1" env "MARK=$2" cr-exec -e "MARK=$2" --pid-file pid "${@:3}" >count' - "$PROCESSES" "$MARK" "${user[@]}" \
		"$DIR/root" -- /load "$@" </dev/null 3>&- &
	PID=$!
	until_true test -s "$DIR/count"
}

e14() {
	start "$1"
	MARK=cr-load-$BASHPID-$RANDOM
	chmod 755 "$DIR/root"
	# First with an end to it: there is a limit.
	bomb processes 3000
	[ "$(cat "$DIR/count")" -lt "$PROCESSES" ]
	kill -9 "$(supervisor "$DIR/pid")"
	gone "$MARK"
	wait "$PID" || true
	bomb bomb
	sleep 1
	[ "$(marked "$MARK" | wc -l)" -gt 10 ]
	bash -c '(true) && (true)' # somebody else still can
	kill -9 "$(supervisor "$DIR/pid")"
	gone "$MARK"
	wait "$PID" || true
	PID=''
}

@test "promise 8: E-14 a fork bomb stays within the user's limit, and dies with cr-exec: as root" { e14 root; }
@test "promise 8: E-14 ... as an ordinary user" { e14 crtest; }
@test "promise 8: E-14 ... as a user without subordinate ids" { e14 crplain; }

e14_memory() {
	start "$1"
	run -0 exec_root -- /load file /dev/shm/x 1024
	[ "$output" -le 64 ]
	run -0 exec_root -- /load file /dev/x 1024
	[ "$output" -le 64 ]
	run -0 in_mode prlimit --nofile=500:700 cr-exec "$DIR/root" -- /load descriptors 1000000
	[ "$output" -le 700 ]
	[ "$output" -gt 600 ]
}

@test "promise 8: E-14 memory and descriptors have their limits: as root" { e14_memory root; }
@test "promise 8: E-14 memory and descriptors, as an ordinary user" { e14_memory crtest; }
@test "promise 8: E-14 memory and descriptors, as a user without subordinate ids" { e14_memory crplain; }

# --- the store ---

# scribble BUNDLE: to every file and directory that the container can
scribble() {
	in_mode cr-exec "$1" -- /bin/sh -c 'for f in $(find / -xdev -type f); do echo x >>$f; chmod 777 $f; chown 1 $f; touch $f; done
		for d in $(find / -xdev -type d); do echo x >$d/new; rm -f $d/passwd; mv $d/new $d/renamed; done; echo x | tee /bin/* >/dev/null; rm -rf /usr /etc' || true
}

# inodes DIR: of its files
inodes() {
	find "$1" -type f -printf '%D:%i\n' | sort -u
}

store() {
	local before how
	start "$1"
	images
	for how in overlay copy; do
		rm -rf "$DIR/base-bundle"
		bundle_of base -m "$how"
		before=$("$BATS_TEST_DIRNAME/tree" "$CR_STORE/layers"; sha256sum "$CR_STORE"/images/blobs/sha256/*)
		[ -z "$(comm -12 <(inodes "$CR_STORE") <(inodes "$DIR/base-bundle"))" ]
		scribble base-bundle
		[ "$("$BATS_TEST_DIRNAME/tree" "$CR_STORE/layers"; sha256sum "$CR_STORE"/images/blobs/sha256/*)" = "$before" ]
		run grep -rlx x "$DIR/base-bundle" # it did write
		[ "$(wc -l <<<"$output")" -gt 3 ]
		for path in "$CR_STORE"/images/blobs/sha256/*; do
			[ "$(sha256sum <"$path" | cut -c -64)" = "${path##*/}" ]
		done
		in_mode cr-mkrootfs -d base-bundle
	done
}

@test "promise 8: a container that writes to every file changes nothing of the store: as root" { store root; }
@test "promise 8: the store, as an ordinary user" { store crtest; }
@test "promise 8: the store, as a user without subordinate ids" { store crplain; }

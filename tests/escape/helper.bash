# What the bats files share that run hostile things in containers. helper.bash comes before it.
#
#	load helper; load escape/helper
#	setup_file() { build_probe; }
#	setup() { need_probe; }

readonly DENIED_GROUP=54321 # of nobody; a file denies it something, and the caller belongs to it

build_probe() {
	cc -std=gnu11 -static -O1 -o "$BATS_FILE_TMPDIR/load" "$BATS_TEST_DIRNAME/escape/load.c" 2>/dev/null || return 0
	cc -std=gnu11 -static -O1 -o "$BATS_FILE_TMPDIR/probe" "$BATS_TEST_DIRNAME"/escape/probe*.c
}

need_probe() {
	[ -x "$BATS_FILE_TMPDIR/probe" ] || skip "no static C library"
	need_userns
	command -v busybox >/dev/null || skip "busybox is not installed"
}

# --- who runs the containers ---

# mode root|crtest|crplain: sets MODE and DIR, a directory of its own; skips where it cannot be
mode() {
	MODE=$1 DIR=$BATS_TEST_TMPDIR
	case $1 in
	root) need_root ;;
	crtest) need_user ;;
	crplain) need_plain_user ;;
	esac
	[ "$1" = root ] || DIR=$USER_DIR
}

# in_mode CMD...: as who MODE says, in $DIR; $MORE_GROUPS: groups that the caller has besides
in_mode() {
	local change=()
	if [ "$MODE" != root ]; then
		as "$MODE" "$@"
		return
	fi
	[ -z "${MORE_GROUPS-}" ] || change=(setpriv "--groups=0,$MORE_GROUPS")
	(cd "$DIR" && exec "${change[@]}" "$@")
}

# store_in_mode: sets CR_STORE to the store of who MODE says
store_in_mode() {
	if [ "$MODE" = root ]; then
		setup_store
	else
		export CR_STORE=$USER_DIR/store
	fi
}

# make_store_image NAME [MKIMAGE-OPTION VALUE]... LAYER...: in the store of who MODE says; prints the manifest's digest
make_store_image() {
	store_image "$@" || return
	own "$CR_STORE"
}

# image_of NAME JSON: what base is, but for those members of its config
image_of() {
	"$BATS_TEST_DIRNAME/escape/configure.py" "$CR_STORE/images" base "$1" "$2"
	own "$CR_STORE"
}

# bundle_of NAME [CR-MKROOTFS-OPTION]...: of the image NAME, as $DIR/NAME-bundle
bundle_of() {
	# shellcheck disable=SC2016
	in_mode bash -c 'set -o pipefail; cr-inspect -r "$1" | cr-unpack | cr-mkrootfs "${@:2}" "$1-bundle"' - "$@"
}

# own PATH...: gives it to who MODE says
own() {
	[ "$MODE" = root ] || ! is_root || chown -Rh "$MODE:" "$@"
}

# make_root DIR: busybox and the probe, a new tree, of who MODE says
make_root() {
	cp -a "$(busybox_root)" "$1"
	cp "$BATS_FILE_TMPDIR/probe" "$BATS_FILE_TMPDIR/load" "$1/"
	mkdir -p "$1/tmp"
	chmod -R a+rX "$1"
	chmod 1777 "$1/tmp"
	own "$1"
	cp "$BATS_FILE_TMPDIR/probe" "$1/setuid"
	[ "$MODE" = crplain ] || own "$1/setuid"
	chmod 4755 "$1/setuid"
}

# plant DIR: what only root can have left there
plant() {
	is_root || return 0
	local disk
	disk=$(lsblk -dnro MAJ:MIN 2>/dev/null | head -n 1)
	disk=${disk:-254:0}
	mknod -m 666 "$1/planted-kmsg" c 1 11
	mknod -m 666 "$1/planted-disk" b "${disk%:*}" "${disk#*:}"
	touch "$1/denied"
	chmod 604 "$1/denied"
	chown "0:$DENIED_GROUP" "$1/denied"
}

# marked MARK: the living processes that have it in their environment
marked() {
	local pid
	grep -lsa -- "$1" /proc/[0-9]*/environ | cut -d / -f 3 | while IFS= read -r pid; do
		grep -qs '^State:.Z' "/proc/$pid/status" || echo "$pid"
	done
}

# any_marked MARK: whether there is one; what has ended, but was not waited for yet, has no environment
any_marked() {
	grep -qsa -- "$1" /proc/[0-9]*/environ
}

# gone MARK: within a second there is no process with the mark
gone() {
	local until=$(($(date +%s%N) + 1000000000))
	while any_marked "$1"; do
		[ "$(date +%s%N)" -lt "$until" ] || { echo "still there:"; marked "$1" | xargs ps -fp; return 1; }
		sleep 0.01
	done
}

# parent PID
parent() {
	sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat"
}

# supervisor PID-FILE: cr-exec, of the command whose pid the file has
supervisor() {
	until_true test -s "$1"
	parent "$(parent "$(cat "$1")")"
}

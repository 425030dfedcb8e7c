# What the bats files share: the tools just built, a store for each test, a registry on loopback, other users.
#
#	setup_file() { start_registry; push_busybox; }
#	teardown_file() { stop_registry; }
#	setup() { setup_store; mirror_docker_io; }
#
# What a test cannot have here it asks for by need_…, which skips it and says why; those must not stand behind `run`.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)
BIN=${CR_TEST_BIN:-$ROOT/bin}
export ROOT BIN
export PATH="$BIN:$ROOT/share:$PATH"

# Nothing of who runs the tests may matter.
unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_DATA_HOME XDG_RUNTIME_DIR XDG_CONFIG_HOME CR_STORE
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
export LC_ALL=C.UTF-8

# --- the store ---

# An empty store and an empty configuration for this test alone.
setup_store() {
	export CR_STORE=$BATS_TEST_TMPDIR/store
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$CR_STORE" "$XDG_CONFIG_HOME/container" "$HOME"
}

# Everything that would come from docker.io comes from the registry.
mirror_docker_io() {
	need_registry
	printf 'docker.io http://%s\n' "$REGISTRY" >"$XDG_CONFIG_HOME/container/registries"
}

# pull NAME...: fetches, verifies, unpacks and names images, by the programs and not by the wrapper.
pull() {
	local name
	for name; do
		(
			set -o pipefail
			cr-fetch-manifest "$name" | cr-fetch-blob | cr-verify | cr-unpack | cr-tag "$name" >/dev/null
		) || return
	done
}

# store_image NAME [MKIMAGE-OPTION VALUE]... LAYER...: an image of the store, without a registry; prints the manifest's digest.
# Blobs have the mode that a tool would have given them.
store_image() {
	local digest
	digest=$(LAYOUT=$CR_STORE/images make_image "$@") || return
	chmod 444 "$CR_STORE"/images/blobs/sha256/*
	printf '%s\n' "$digest"
}

# A store with busybox in it, for containers; the test runs in the directory where it lies.
setup_containers() {
	need_containers
	setup_store
	store_busybox
	cd "$BATS_TEST_TMPDIR" || return
}

# store_busybox: the image busybox in the store, and its layer unpacked
store_busybox() {
	store_image busybox -c '["sh"]' "$(busybox_root)" >/dev/null && cr-inspect -r busybox | cr-unpack >/dev/null
}

# remove_containers [-f]: all of the store
remove_containers() {
	cr-ps -a | cut -f 1 | xargs -r cr-rm "$@"
}

# blob DIGEST: prints the file in the store
blob() {
	printf '%s\n' "$CR_STORE/images/blobs/sha256/${1#sha256:}"
}

# damage FILE: another first byte, and the size it had; blobs are read-only, which only root may pass over
damage() {
	local first=X
	chmod u+w "$1"
	[ "$(head -c 1 "$1")" != X ] || first=Y
	printf %s "$first" | dd of="$1" conv=notrunc status=none
}

# shorten FILE: by its last byte
shorten() {
	chmod u+w "$1"
	truncate -s -1 "$1"
}

# sleeps up to 10 s until CMD succeeds
until_true() {
	for _ in {1..200}; do
		! "$@" || return 0
		sleep 0.05
	done
	echo "in vain: $*" >&2
	return 1
}

# Files of the store that are not yet, or no longer, part of it.
leftovers() {
	find "$CR_STORE/tmp" -mindepth 1 2>/dev/null
}

# --- images and the registry ---

# start_registry [HTPASSWD]: for setup_file; sets REGISTRY, an address and a port. Where there is no program for it, REGISTRY
# stays empty and pushing does nothing: setup_file cannot skip, so need_registry does that in setup.
start_registry() {
	command -v docker-registry >/dev/null || return 0
	REGISTRY_DIR=$BATS_FILE_TMPDIR/registry
	REGISTRY=$(registry start "$REGISTRY_DIR" "$@")
	export REGISTRY REGISTRY_DIR
}

need_registry() {
	[ "${REGISTRY-}" ] || skip "docker-registry is not installed"
}

stop_registry() {
	[ -z "${REGISTRY_DIR-}" ] || registry stop "$REGISTRY_DIR"
}

# busybox_root: prints a directory with a root tree, made once for all files
busybox_root() {
	local root=$BATS_RUN_TMPDIR/busybox-root
	if [ ! -d "$root" ]; then
		busybox-root "$root.$BASHPID" || return
		mv -T "$root.$BASHPID" "$root" 2>/dev/null || rm -rf "$root.$BASHPID"
	fi
	printf '%s\n' "$root"
}

# make_image NAME [MKIMAGE-OPTION VALUE]... LAYER...: into the layout $LAYOUT; prints the manifest's digest
make_image() {
	local name=$1 options=()
	shift
	while [[ $1 == -* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	LAYOUT=${LAYOUT:-$BATS_FILE_TMPDIR/layout}
	mkimage "${options[@]}" "$LAYOUT" "$name" "$@"
}

# push_image REPOSITORY:TAG [MKIMAGE-OPTION VALUE]... LAYER...: to the registry; prints the manifest's digest
push_image() {
	[ "${REGISTRY-}" ] || return 0
	make_image "$@" >/dev/null && pushimage "${LAYOUT:-$BATS_FILE_TMPDIR/layout}" "$1" "$REGISTRY/$1"
}

# busybox under the names people know it by: library/busybox and library/alpine (docker.io's), and busybox
push_busybox() {
	local layout=$BATS_FILE_TMPDIR/busybox name
	[ "${REGISTRY-}" ] || return 0
	mkimage -c '["sh"]' "$layout" busybox:latest "$(busybox_root)" >/dev/null || return
	for name in library/busybox library/alpine busybox; do
		pushimage "$layout" busybox:latest "$REGISTRY/$name:latest" >/dev/null || return
	done
}

# blob_in_registry DIGEST: prints the file in the registry's storage
blob_in_registry() {
	local hex=${1#sha256:}
	printf '%s\n' "$REGISTRY_DIR/storage/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}

# --- other users ---

# Two users, made by tests/users: crtest has subordinate ids, crplain has none. Tests that do not run as root take the
# user that runs them for the one it is like.
is_root() {
	[ "$(id -u)" -eq 0 ]
}

has_subids() {
	grep -q "^\($1\|$(id -u "$1")\):" /etc/subuid 2>/dev/null && grep -q "^\($1\|$(id -u "$1")\):" /etc/subgid
}

need_root() {
	is_root || skip "only root can"
}

need_userns() {
	unshare --user true 2>/dev/null || skip "user namespaces are not allowed here"
}

# Containers that can run: in the portable variant root's, as they are no more than a changed root
need_containers() {
	if [ "${CR_TEST_VARIANT-}" = posix ]; then
		need_root
	else
		need_userns
	fi
}

# What the variant for other systems has not (tests/run portable)
need_namespaces() {
	[ "${CR_TEST_VARIANT-}" != posix ] || skip "the portable variant has no namespaces, and no overlays"
}

# For as_user
need_user() {
	if is_root; then
		id crtest >/dev/null 2>&1 || skip "there is no user crtest (tests/users makes it)"
		has_subids crtest || skip "crtest has no subordinate ids"
	else
		has_subids "$(id -un)" || skip "$(id -un) has no subordinate ids"
	fi
	command -v newuidmap >/dev/null || skip "newuidmap is not installed (Debian: uidmap)"
	need_reach crtest
}

# For as_plain_user
need_plain_user() {
	if is_root; then
		id crplain >/dev/null 2>&1 || skip "there is no user crplain (tests/users makes it)"
	else
		! has_subids "$(id -un)" || skip "$(id -un) has subordinate ids, and only root can be another"
	fi
	need_reach crplain
}

need_reach() {
	prepare_user "$1"
	as "$1" true || skip "$1 cannot reach $BATS_TEST_TMPDIR"
	as "$1" unshare --user true 2>/dev/null || skip "user namespaces are not allowed here"
}

# The user's own home, store and configuration, below the test's directory; and the tools, where it cannot reach ours:
# $USER_BIN, with share/ beside it.
prepare_user() {
	USER_DIR=$BATS_TEST_TMPDIR/$1
	if ! [ -d "$USER_DIR" ]; then
		mkdir -p "$USER_DIR/store" "$USER_DIR/config/container" "$USER_DIR/tmp"
		if is_root; then
			chmod a+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
			chown -R "$1:" "$USER_DIR"
		fi
	fi
	if [ -f "${XDG_CONFIG_HOME-}/container/registries" ]; then
		install -m 644 "$XDG_CONFIG_HOME/container/registries" "$USER_DIR/config/container/registries"
	fi
	USER_BIN=$BIN
	if is_root && ! setpriv --reuid="$1" --regid="$1" --init-groups test -x "$BIN/cr-exec"; then
		USER_BIN=$BATS_RUN_TMPDIR/tree/bin
		[ -d "$USER_BIN" ] || install_tools "$BATS_RUN_TMPDIR/tree"
	fi
}

# install_tools DIR: a copy of bin/ and share/ that everybody can run; made aside and renamed, as other files may be at it too
install_tools() {
	local new=$1.$BASHPID file
	mkdir "$new" "$new/bin"
	for file in "$BIN"/container "$BIN"/cr-*; do
		case $file in
		*.c) ;;
		*) install -m 755 "$file" "$new/bin/" ;;
		esac
	done
	cp -R "$ROOT/share" "$new/share"
	chmod -R go+rX "$new"
	mv -T "$new" "$1" 2>/dev/null || rm -rf "$new"
}

# as USER CMD...: in $USER_DIR, which is its own, with a store of its own; $MORE_GROUPS: groups that it has besides
as() {
	local user=$1 change=() groups=--init-groups
	shift
	prepare_user "$user"
	[ -z "${MORE_GROUPS-}" ] || groups=--groups=$(id -g "$user"),$MORE_GROUPS
	! is_root || change=(setpriv "--reuid=$user" "--regid=$user" "$groups")
	(
		cd "$USER_DIR" || exit 125
		exec "${change[@]}" env PATH="$USER_BIN:$PATH" HOME="$USER_DIR" USER="$user" LOGNAME="$user" \
			CR_STORE="$USER_DIR/store" XDG_CONFIG_HOME="$USER_DIR/config" TMPDIR="$USER_DIR/tmp" "$@"
	)
}

as_user() {
	as crtest "$@"
}

as_plain_user() {
	as crplain "$@"
}

# Others' word on what is done here: umoci unpacks the same images to the same trees, skopeo and umoci read the same store, and
# what skopeo pushed can be pulled. tests/images/many says what the image holds that they are asked about.

load helper

setup_file() {
	start_registry
	[ -n "${REGISTRY-}" ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/top/usr/bin"
	install -m 755 "$(busybox_root)/bin/busybox" "$BATS_FILE_TMPDIR/top/usr/bin/busybox"
	"$ROOT/tests/images/many" "$BATS_FILE_TMPDIR/tars" >"$BATS_FILE_TMPDIR/layers"
	push_many many
}

teardown_file() {
	stop_registry
}

setup() {
	setup_store
	mirror_docker_io
	mapfile -t layers <"$BATS_FILE_TMPDIR/layers"
	cd "$BATS_TEST_TMPDIR" || return
}

# push_many NAME [MKIMAGE-OPTION VALUE]...: the image with everything, and busybox on top to run
push_many() {
	local name=$1 layers
	shift
	mapfile -t layers <"$BATS_FILE_TMPDIR/layers"
	push_image "library/$name:latest" "$@" -c '["/usr/bin/busybox", "sh"]' "${layers[@]}" "$BATS_FILE_TMPDIR/top"
}

need_umoci() {
	command -v umoci >/dev/null || skip "umoci is not installed"
}

need_skopeo() {
	command -v skopeo >/dev/null || skip "skopeo is not installed"
}

tree() {
	"$ROOT/tests/tree" "$@"
}

# judge LAYOUT:NAME: the tree umoci makes of an image, for root
judge() {
	umoci raw unpack --image "$1" judge >umoci.log 2>&1 || {
		cat umoci.log
		return 1
	}
	tree judge
}

# inside TREE-OPTION... -- COMMAND...: the tree as a process of the container that COMMAND runs sees it, its ids too
inside() {
	local options=(-x) pid=0 child
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$@" /usr/bin/busybox sh -c 'echo ready; exec /usr/bin/busybox sleep 600' >ready 3>&- &
	child=$!
	for _ in {1..100}; do
		! grep -q ready ready || break
		sleep 0.1
	done
	while [ -n "$child" ]; do
		pid=$child
		child=$(pgrep -P "$pid" | head -n 1) || :
	done
	nsenter -U -t "$pid" python3 - "${options[@]}" "/proc/$pid/root/." <"$ROOT/tests/tree"
	kill "$pid"
	wait
}

# Not of the image: what running it puts there, and the times of the directories that it puts that in.
without_mounts() {
	grep -vE '^[a-z]+ [0-7]+ ([0-9:]+ )?[0-9.]+ (\.|etc|etc/hosts|etc/hostname|etc/resolv\.conf)( |$)'
}

# same: the files ours and theirs, which are not empty
same() {
	[ "$(wc -l <theirs)" -gt 100 ]
	diff ours theirs
}

# --- unpacking ---

@test "the plain tree of an image is umoci's" {
	need_umoci
	need_root
	pull many
	cr-mkrootfs -m copy -i many bundle
	tree bundle/rootfs >ours
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" >theirs
	same
}

@test "layers applied one by one to a directory make umoci's tree" {
	need_umoci
	need_root
	mkdir plain
	for layer in "${layers[@]}"; do
		cr-unpack -C plain <"$layer"
	done
	tar -C "$BATS_FILE_TMPDIR/top" --format=pax --numeric-owner -cf - . | cr-unpack -C plain
	tree plain >ours
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" >theirs
	same
}

@test "the tree that a container sees is umoci's" {
	need_umoci
	need_root
	pull many
	cr-mkrootfs -i many bundle
	inside -- cr-exec bundle -- | without_mounts >ours
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" | without_mounts >theirs
	same
}

@test "the tree that an ordinary user's container sees is umoci's, owners too" {
	need_umoci
	need_root
	need_user
	as_user sh -c 'cr-fetch-manifest many | cr-fetch-blob | cr-unpack | cr-mkrootfs bundle'
	inside -- as_user cr-exec bundle -- | without_mounts >ours
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" | without_mounts >theirs
	same
}

@test "without subordinate ids too, but for the owners" {
	need_umoci
	need_root
	need_plain_user
	as_plain_user sh -c 'cr-fetch-manifest many | cr-fetch-blob | cr-unpack | cr-mkrootfs bundle'
	inside -O -- as_plain_user cr-exec bundle -- | without_mounts >ours
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" >/dev/null
	tree -O judge | without_mounts >theirs
	same
}

@test "an ordinary user's plain tree is umoci's, but for owners and capabilities" {
	need_umoci
	need_plain_user
	as_plain_user sh -c 'cr-fetch-manifest many | cr-fetch-blob | cr-unpack | cr-mkrootfs -m copy bundle'
	cp -r "$BATS_FILE_TMPDIR/layout" "$USER_DIR/layout"
	chmod -R a+rX "$USER_DIR/layout"
	as_plain_user umoci raw unpack --rootless --image layout:library/many:latest judge >/dev/null 2>&1
	as_plain_user unshare -r python3 - -O bundle/rootfs <"$ROOT/tests/tree" | sed 's/ security\.capability=[0-9a-f]*//' >ours
	as_plain_user unshare -r python3 - -O judge <"$ROOT/tests/tree" >theirs
	same
}

@test "a Debian with layers on top is umoci's" {
	local debian
	need_umoci
	need_root
	command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
	debian=$("$ROOT/tests/images/debian" "${CR_TEST_CACHE:-$ROOT/build/cache}") || skip "mmdebstrap failed: are there package sources?"
	mkdir -p one/usr/share/doc one/etc one/var/lib/dpkg two/etc two/usr/bin
	touch one/usr/share/doc/.wh..wh..opq one/var/lib/dpkg/.wh.info two/etc/.wh.motd
	echo changed >one/etc/motd
	echo debian >one/etc/hostname
	ln -s ../nowhere two/usr/bin/perl
	mkdir two/dev
	mknod two/dev/null c 1 3
	push_image library/debian:latest -c '["bash"]' "$debian" one two
	pull debian
	cr-mkrootfs -m copy --devices -i debian bundle
	tree bundle/rootfs >ours
	judge "$BATS_FILE_TMPDIR/layout:library/debian:latest" >theirs
	same
	grep -q ' usr/bin/perl to=../nowhere$' ours
}

@test "gzip, zstd and no compression make one tree" {
	local how
	need_root
	for how in gzip zstd none; do
		push_many "$how" -z "$how"
		(
			export CR_STORE=$PWD/store-$how
			pull "$how"
			cr-mkrootfs -m copy -i "$how" "$how"
		)
		tree "$how/rootfs" >"$how.tree"
	done
	[ "$(wc -l <none.tree)" -gt 100 ]
	diff gzip.tree none.tree
	diff zstd.tree none.tree
}

# --- the store ---

@test "skopeo reads the store: the digest, the layers, and every blob" {
	local digest
	need_skopeo
	digest=$(push_many many)
	pull many
	[ "$(skopeo inspect "oci:$CR_STORE/images:docker.io/library/many:latest" --format '{{.Digest}}')" = "$digest" ]
	skopeo inspect "oci:$CR_STORE/images:docker.io/library/many:latest" --format '{{range .Layers}}{{println .}}{{end}}' |
		grep -c sha256: >count
	[ "$(cat count)" -eq $((${#layers[@]} + 1)) ]
	skopeo --insecure-policy copy -q "oci:$CR_STORE/images:docker.io/library/many:latest" dir:copy
	[ "$(sha256sum <copy/manifest.json)" = "${digest#sha256:}  -" ]
}

@test "umoci reads the store" {
	need_umoci
	need_root
	pull many
	[ "$(umoci ls --layout "$CR_STORE/images")" = docker.io/library/many:latest ]
	judge "$CR_STORE/images:docker.io/library/many:latest" >ours
	rm -rf judge
	judge "$BATS_FILE_TMPDIR/layout:library/many:latest" >theirs
	same
}

@test "what skopeo adds to the store is an image of the store, and ours stays" {
	need_skopeo
	pull many
	push_many other -l is=other >/dev/null
	skopeo --insecure-policy copy -q "oci:$BATS_FILE_TMPDIR/layout:library/other:latest" "oci:$CR_STORE/images:docker.io/library/other:1"
	cr-tag | cut -f 1 >names
	grep -qx docker.io/library/many:latest names
	grep -qx docker.io/library/other:1 names
	cr-inspect -r other:1 | cr-verify >records
	[ "$(wc -l <records)" -eq $((${#layers[@]} + 3)) ]
}

@test "docker's manifests, as skopeo pushes them, are pulled as they are" {
	local digest
	need_skopeo
	skopeo --insecure-policy copy -q --format v2s2 --dest-tls-verify=false \
		"oci:$BATS_FILE_TMPDIR/layout:library/many:latest" "docker://$REGISTRY/library/docker:latest"
	digest=$(skopeo inspect --tls-verify=false "docker://$REGISTRY/library/docker:latest" --format '{{.Digest}}')
	pull docker
	cr-inspect -r docker >records
	[ "$(sed 1q records | cut -f 1)" = "$digest" ]
	cr-cat docker | grep -q application/vnd.docker.distribution.manifest.v2+json
	cr-mkrootfs -i docker bundle
}

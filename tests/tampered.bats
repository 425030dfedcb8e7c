# Promises 1 and 2: what a registry serves is believed by its digest alone. The registry's own storage is altered behind its
# back, so that it serves wrong bytes under right names.

load helper

setup_file() {
	start_registry
	[ -n "$REGISTRY" ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/marker"
	echo 'bytes of the layer' >"$BATS_FILE_TMPDIR/marker/file"
	push_image library/good:latest -z none -c '["sh"]' "$(busybox_root)" "$BATS_FILE_TMPDIR/marker"
}

teardown_file() {
	stop_registry
}

setup() {
	need_registry
	setup_store
	mirror_docker_io
	cd "$BATS_TEST_TMPDIR" || return
	mapfile -t digests < <(cr-fetch-manifest good | cut -f 1)
	[ "${#digests[@]}" -eq 4 ]
	rm -rf "${CR_STORE:?}"
	mkdir "$CR_STORE"
	victim=''
}

teardown() {
	[ -z "$victim" ] || cp "$BATS_TEST_TMPDIR/kept" "$victim"
}

# tamper DIGEST: its blob in the registry is $victim from here on, and is put back after the test
tamper() {
	victim=$(blob_in_registry "$1")
	cp "$victim" "$BATS_TEST_TMPDIR/kept"
}

# The blob $1 has not its name in the store, nor has the image; what was right of it may wait in tmp/ to be resumed.
no_name_of() {
	[ ! -e "$CR_STORE/images/blobs/sha256/${1#sha256:}" ]
	[ -z "$(cr-tag)" ]
}

# Nothing of the blob $1 is in the store: not under its name, not unfinished, not unpacked; and the image has no name.
nothing_of() {
	no_name_of "$1"
	leftovers
	[ -z "$(leftovers)" ]
	[ -z "$(grep -rliF 'bytes of the layer' "$CR_STORE")" ]
}

@test "promise 1: a layer with one byte changed is refused, with status 3, and nothing of it is in the store" {
	tamper "${digests[3]}"
	sed -i 's/bytes of the layer/bytes of The layer/' "$victim"
	run ! cmp -s "$victim" "$BATS_TEST_TMPDIR/kept"
	run -3 --separate-stderr sh -c 'cr-fetch-manifest good >records && cr-fetch-blob <records'
	[[ $stderr == *"${digests[3]}"* ]]
	[[ $output != *"${digests[3]}"* ]]
	[[ $output == *"${digests[2]}"* ]]
	nothing_of "${digests[3]}"
}

@test "promise 1: so says the wrapper, and the whole pipe leaves no name" {
	tamper "${digests[3]}"
	sed -i 's/bytes of the layer/bytes of The layer/' "$victim"
	run -3 --separate-stderr container pull good
	[ -z "$output" ]
	[[ $stderr == *"${digests[3]}"* ]]
	nothing_of "${digests[3]}"
}

@test "promise 1: a layer that is too long is refused" {
	tamper "${digests[3]}"
	head -c 1000 /dev/zero >>"$victim"
	run ! pull good
	echo "$output"
	[[ $output == *"${digests[3]}"* ]]
	no_name_of "${digests[3]}"
}

@test "promise 1: a layer that is too short is refused" {
	tamper "${digests[3]}"
	truncate -s -512 "$victim"
	run ! pull good
	echo "$output"
	[[ $output == *"${digests[3]}"* ]]
	no_name_of "${digests[3]}"
}

@test "promise 1: a config that was altered is refused, and nothing of the image has a name" {
	tamper "${digests[1]}"
	sed -i 's/amd64\|arm64/other/' "$victim"
	run ! cmp -s "$victim" "$BATS_TEST_TMPDIR/kept"
	run -3 --separate-stderr cr-fetch-manifest good
	[ -z "$output" ]
	[[ $stderr == *"${digests[1]}"* ]]
	nothing_of "${digests[1]}"
}

@test "promise 1: a manifest that was altered is refused when asked for by digest" {
	tamper "${digests[0]}"
	sed -i 's/"schemaVersion":2/"schemaVersion": 2/' "$victim"
	run ! cmp -s "$victim" "$BATS_TEST_TMPDIR/kept"
	run --separate-stderr cr-fetch-manifest "good@${digests[0]}"
	[ "$status" -ne 0 ]
	[ -z "$output" ]
	nothing_of "${digests[0]}"
}

@test "put right again, the image is pulled" {
	tamper "${digests[3]}"
	sed -i 's/bytes of the layer/bytes of The layer/' "$victim"
	run ! pull good
	cp "$BATS_TEST_TMPDIR/kept" "$victim"
	pull good
	cr-mkrootfs -i good -m copy bundle
	[ "$(cat bundle/rootfs/file)" = 'bytes of the layer' ]
	cr-mkrootfs -d bundle
}

@test "promise 2: a blob of the store that was altered later is not unpacked, and not believed" {
	cr-fetch-manifest good | cr-fetch-blob >records
	blob=$CR_STORE/images/blobs/sha256/${digests[3]#sha256:}
	chmod u+w "$blob"
	sed -i 's/bytes of the layer/bytes of The layer/' "$blob"
	for program in cr-verify cr-unpack; do
		run -3 --separate-stderr "$program" <records
		[[ $stderr == *"${digests[3]}"* ]]
		[[ $output != *"${digests[3]}"* ]]
	done
	run -3 --separate-stderr cr-cat "${digests[3]}"
	[ -z "$(grep -rlF 'bytes of The layer' "$CR_STORE/layers" "$CR_STORE/tmp")" ]
}

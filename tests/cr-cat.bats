# cr-cat: the bytes of one blob on stdout, and 3 when they are not what the digest says.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir layer
	head -c 300000 /dev/urandom >layer/file
	manifest=$(store_image docker.io/library/a:1 layer)
	layer=$(cr-inspect -r a:1 | sed -n 3p | cut -f 1)
}

@test "a digest: the blob byte for byte" {
	cr-cat "$layer" >out
	cmp out "$(blob "$layer")"
	[ "$(wc -c <out)" -gt 300000 ]
}

@test "a name: the manifest of its image, byte for byte" {
	for name in a:1 library/a:1 docker.io/library/a:1; do
		[ "sha256:$(cr-cat "$name" | sha256sum | cut -d ' ' -f 1)" = "$manifest" ]
	done
}

@test "other bytes: 3, after the fact, and the digest in the message" {
	damage "$(blob "$layer")"
	run -3 --separate-stderr sh -c "cr-cat $layer >out"
	[[ $stderr == "cr-cat: "*"$layer"* ]]
}

@test "a damaged manifest is not shown by name" {
	damage "$(blob "$manifest")"
	run -3 --separate-stderr cr-cat a:1
	[ -z "$output" ]
	[[ $stderr == *"$manifest"* ]]
}

@test "what is not there: 4; what is no digest or name: 2" {
	run -4 --separate-stderr cr-cat "sha256:$(printf '0%.0s' {1..64})"
	[ -z "$output" ]
	run -4 --separate-stderr cr-cat a:2
	[[ $stderr == "cr-cat: "*a:2* ]]
	for word in sha256:12 'A B' ../a ''; do
		run -2 --separate-stderr cr-cat "$word"
		[ -z "$output" ]
	done
	run -2 cr-cat
	run -2 cr-cat a:1 a:1
}

@test "standard output that is full: 1, and why" {
	[ -c /dev/full ] || skip "no /dev/full"
	run -1 --separate-stderr sh -c "cr-cat $layer >/dev/full"
	[[ $stderr == "cr-cat: "*"No space left"* ]]
}

@test "a reader that leaves early is no loop and no crash" {
	run -0 --separate-stderr sh -c "timeout 10 cr-cat $layer | head -c 1 | wc -c"
	[ "$output" -eq 1 ]
}

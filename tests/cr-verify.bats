# cr-verify: what it prints was read again from the store, and has the size and the digest it should.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p layer/etc upper
	echo one >layer/etc/file
	echo two >upper/other
	manifest=$(store_image example.org/a:1 layer upper)
	cr-inspect -r example.org/a:1 >records
	config=$(sed -n 2p records | cut -f 1)
	base=$(sed -n 3p records | cut -f 1)
	top=$(sed -n 4p records | cut -f 1)
}

@test "as a filter it prints what holds, byte for byte and in order" {
	run -0 --separate-stderr cr-verify <records
	[ "$output" = "$(cat records)" ]
	[ -z "$stderr" ]
	[ "$(wc -l <records)" -eq 4 ]
}

@test "an empty stream is an empty stream" {
	run -0 --separate-stderr cr-verify </dev/null
	[ -z "$output" ]
	[ -z "$stderr" ]
}

@test "a blob of other bytes: 3, its record is left out, the others come" {
	damage "$(blob "$base")"
	run -3 --separate-stderr cr-verify <records
	[ "$output" = "$(grep -v "^$base" records)" ]
	[[ $stderr == "cr-verify: "*"$base"* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "a blob of another size: 3, its record is left out" {
	shorten "$(blob "$top")"
	run -3 --separate-stderr cr-verify <records
	[ "$output" = "$(grep -v "^$top" records)" ]
	[[ $stderr == *"$top"* ]]
}

@test "a record that lies about the size: 3" {
	sed -n 3p records | awk -F '\t' -v OFS='\t' '{ $2++ } 1' >lie
	run -3 --separate-stderr cr-verify <lie
	[ -z "$output" ]
	[[ $stderr == *"$base"* ]]
}

@test "a blob that is not there: 4, and the others come" {
	rm -f "$(blob "$config")"
	run -4 --separate-stderr cr-verify <records
	[ "$output" = "$(grep -v "^$config" records)" ]
	[[ $stderr == *"$config"* ]]
}

@test "the status is that of the first failure" {
	rm -f "$(blob "$base")"
	damage "$(blob "$top")"
	run -4 cr-verify <records
	tac records >backwards
	run -3 cr-verify <backwards
}

@test "a line that is no record: 3, its number, and what stood before it has come" {
	{ sed -n 1p records; echo 'sha256:zz 1 2 3'; } >bad
	run -3 --separate-stderr cr-verify <bad
	[ "$output" = "$(sed -n 1p records)" ]
	[[ $stderr == *2* ]]
}

@test "a record is printed at once, not when the stream ends" {
	mkfifo in out
	cr-verify <in >out &
	exec 7>in 8<out
	sed -n 1p records >&7
	read -r -t 10 line <&8
	[ "$line" = "$(sed -n 1p records)" ]
	exec 7>&-
	wait
}

@test "digests as operands" {
	run -0 --separate-stderr cr-verify "$manifest" "$base"
	[ -z "$output" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr cr-verify -v "$manifest"
	[[ $stderr == *"$manifest: good" ]]
	damage "$(blob "$base")"
	run -3 --separate-stderr cr-verify "$manifest" "$base" "$top"
	[[ $stderr == *"$base"* ]]
	run -4 cr-verify "sha256:$(printf '0%.0s' {1..64})"
	for word in sha256:12 "${manifest#sha256:}" "sha256:../../oci-layout" ""; do
		run -2 cr-verify "$word"
	done
}

@test "-a: every blob, and every name's image" {
	run -0 --separate-stderr cr-verify -a
	[ -z "$output" ]
	[ -z "$stderr" ]
	damage "$(blob "$top")"
	run -3 --separate-stderr cr-verify -a
	[[ $stderr == *"$top"* ]]
}

@test "-a: a name without its layer: 4, and the name" {
	rm -f "$(blob "$top")"
	run -4 --separate-stderr cr-verify -a
	[[ $stderr == *example.org/a:1* ]]
	[[ $stderr == *"$top"* ]]
}

@test "-a passes over what is no blob, and says so" {
	echo >"$CR_STORE/images/blobs/sha256/notes.txt"
	run -0 --separate-stderr cr-verify -a
	[[ $stderr == *notes.txt* ]]
}

@test "-a of an empty store" {
	run -0 --separate-stderr cr-verify -a -s empty
	[ -z "$stderr" ]
}

@test "a symlink in a blob's place is no blob" {
	mv "$(blob "$base")" elsewhere
	ln -s "$PWD/elsewhere" "$(blob "$base")"
	run ! cr-verify "$base"
	run ! cr-verify -a
}

@test "-f: copies what was promised, and says 3 of anything else" {
	printf hello >file
	digest=sha256:$(sha256sum <file | cut -d ' ' -f 1)
	run -0 --separate-stderr cr-verify -f "$digest" <file
	[ "$output" = hello ]
	[ -z "$stderr" ]
	run -3 --separate-stderr cr-verify -f "$digest" <<<other
	[ "$output" = other ]
	[[ $stderr == "cr-verify: "*"$digest"* ]]
	run -3 cr-verify -f "$digest" </dev/null
	run -2 cr-verify -f sha256:12 <file
	run -2 cr-verify -f "$digest" -a <file
	run -2 cr-verify -a "$digest"
}

@test "-f is a binary pipe, of any length" {
	head -c 3000001 /dev/urandom >file
	cr-verify -f "sha256:$(sha256sum <file | cut -d ' ' -f 1)" <file >copy
	cmp file copy
}

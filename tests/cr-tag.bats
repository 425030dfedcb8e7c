# cr-tag: an image gets its name when all of it has arrived and is in the store; names are listed and removed.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir layer upper
	echo one >layer/file
	echo two >upper/file
	manifest=$(store_image example.org/a:1 layer upper)
	cr-inspect -r example.org/a:1 >records
	index=$CR_STORE/images/index.json
	cp "$index" before
}

names() {
	cr-tag | cut -f 1
}

@test "it prints the records, and the name leads to the image" {
	run -0 --separate-stderr cr-tag b <records
	[ "$output" = "$(cat records)" ]
	[ -z "$stderr" ]
	[ "$(cr-inspect -r b | sed -n 1p | cut -f 1)" = "$manifest" ]
}

@test "names are completed as references are" {
	cr-tag b <records >/dev/null
	cr-tag who/c:2 <records >/dev/null
	cr-tag localhost:5000/d <records >/dev/null
	names | sort >list
	printf '%s\n' docker.io/library/b:latest docker.io/who/c:2 example.org/a:1 localhost:5000/d:latest | diff - list
}

@test "the index has the annotations that skopeo and containerd look for" {
	cr-tag b:2 <records >/dev/null
	python3 - "$index" "$manifest" <<-'END'
		import json, sys
		for m in json.load(open(sys.argv[1]))["manifests"]:
		    a = m["annotations"]
		    if a["org.opencontainers.image.ref.name"] == "docker.io/library/b:2":
		        assert a["io.containerd.image.name"] == "docker.io/library/b:2", a
		        assert m["digest"] == sys.argv[2]
		        sys.exit(0)
		sys.exit("no such name")
	END
}

@test "what others wrote into the index stays" {
	python3 - "$index" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		d["annotations"] = {"org.example": "kept ü \u001f"}
		d["manifests"][0]["annotations"]["org.example.mine"] = "too"
		json.dump(d, open(sys.argv[1], "w"))
	END
	cr-tag b <records >/dev/null
	cr-tag -d b
	python3 - "$index" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		assert d["annotations"] == {"org.example": "kept ü \u001f"}, d
		assert [m["annotations"].get("org.example.mine") for m in d["manifests"]] == ["too"], d
	END
}

@test "alone it lists: name, digest, bytes, platform, time" {
	cr-tag b <records >/dev/null
	run -0 --separate-stderr sh -c 'cr-tag | grep "^docker.io/library/b:latest"'
	IFS=$'\t' read -r name digest bytes platform tagged <<<"$output"
	[ "$name" = docker.io/library/b:latest ]
	[ "$digest" = "$manifest" ]
	[ "$bytes" -eq "$(awk '{ n += $2 } END { print n }' records)" ]
	[[ $platform == linux/* ]]
	[[ $tagged =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
}

@test "an empty store has no names" {
	run -0 --separate-stderr cr-tag -s empty
	[ -z "$output" ]
	[ -z "$stderr" ]
}

@test "a name goes to the image that was tagged last, and is there once" {
	cr-tag b <records >/dev/null
	other=$(LAYOUT=$PWD/other make_image x upper)
	cp -f other/blobs/sha256/* "$CR_STORE/images/blobs/sha256/"
	cr-inspect -r "$other" | cr-tag b >/dev/null
	[ "$(names | grep -c '^docker.io/library/b:latest$')" -eq 1 ]
	[ "$(cr-cat b | sha256sum | cut -d ' ' -f 1)" = "${other#sha256:}" ]
}

@test "tagging again what has the name writes nothing; a name that stands twice is put right" {
	cr-tag b <records >/dev/null
	index=$CR_STORE/images/index.json
	before=$(stat -c '%i %y' "$index")
	cr-tag b <records >again
	cmp records again
	[ "$(stat -c '%i %y' "$index")" = "$before" ]
	python3 - "$index" <<-'END'
		import json, sys
		index = json.load(open(sys.argv[1]))
		index["manifests"].append(index["manifests"][-1])
		json.dump(index, open(sys.argv[1], "w"))
	END
	cr-tag b <records >/dev/null
	[ "$(names | grep -c '^docker.io/library/b:latest$')" -eq 1 ]
}

@test "-d removes a name and no blob" {
	cr-tag b <records >/dev/null
	run -0 --separate-stderr cr-tag -d b
	[ -z "$output$stderr" ]
	[ "$(names)" = example.org/a:1 ]
	run -0 cr-verify <records
	run -4 --separate-stderr cr-tag -d b
	[[ $stderr == "cr-tag: "*b* ]]
	run -2 cr-tag -d
}

@test "-d of several: the missing one does not keep the others" {
	cr-tag b <records >/dev/null
	cr-tag c <records >/dev/null
	run -4 --separate-stderr cr-tag -d b missing c
	[ "$(names)" = example.org/a:1 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "-d removes a name as another tool wrote it" {
	cp -r layer l
	store_image 'stable' l >/dev/null
	grep -q '"stable"' "$index"
	run -0 cr-tag -d stable
	! grep -q '"stable"' "$index" || false
}

# refused STATUS: the records on stdin get no name, whatever else
refused() {
	run "-$1" --separate-stderr cr-tag b
	[[ $stderr == "cr-tag: "* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
	cmp "$index" before
	[ -z "$(leftovers)" ]
}

@test "promise 3: names are whole: a stream in which anything is missing gets no name" {
	refused 4 </dev/null
	for line in 2 3 4; do
		sed "${line}d" records >part
		refused 3 <part
		[[ $stderr == *incomplete* ]]
	done
	sed -n 1p records >part
	refused 3 <part
	sed 1d records >part # without the manifest there is no image
	refused 4 <part
}

@test "promise 3: names are whole: records without their blobs get no name" {
	rm -f "$(blob "$(sed -n 4p records | cut -f 1)")"
	refused 4 <records
	rm -f "$(blob "$manifest")"
	refused 4 <records
}

@test "promise 3: names are whole: a blob of another size, a damaged manifest or config" {
	shorten "$(blob "$(sed -n 3p records | cut -f 1)")"
	refused 3 <records
	damage "$(blob "$(sed -n 2p records | cut -f 1)")"
	refused 3 <records
	damage "$(blob "$manifest")"
	refused 3 <records
}

@test "a record that is no part of the image is refused" {
	{ cat records; sed -n 3p records | sed 's/:[0-9a-f]\{8\}/:00000000/'; } >records.more
	refused 3 <records.more
}

@test "two images and one name are refused" {
	cat records records >two
	refused 2 <two
}

@test "a line that is no record is refused" {
	for line in 'hello' 'sha256:00 1 2 3' "$(printf '%s\t-5\tx/y\t-' "$manifest")" "$(head -c 9000 /dev/zero | tr '\0' x)"; do
		{ cat records; printf '%s\n' "$line"; } >records.more
		refused 3 <records.more
	done
}

@test "a name that is no reference is refused, and never run" {
	for name in 'a;touch ran' '$(touch ran)' '`touch ran`' 'a b' $'a\nb' ../a /a 'A' 'a:b:c' '' "$(printf 'a%.0s' {1..300})"; do
		run -2 --separate-stderr cr-tag -- "$name" <records
		[ -z "$output" ]
		[[ $stderr == "cr-tag: "* ]]
		cmp "$index" before
	done
	run -2 cr-tag -- -x <records
	run -2 cr-tag b c <records
	[ ! -e ran ]
}

@test "a damaged index is refused and left as it is" {
	for text in '' '{' '[]' '{"schemaVersion":2,"manifests":{}}'; do
		printf %s "$text" >"$index"
		run -3 --separate-stderr cr-tag b <records
		[[ $stderr == *index.json* ]]
		[ "$(cat "$index")" = "$text" ]
		run -3 cr-tag
	done
}

@test "promise 7: together is safe: names given at once are all there" {
	for i in {1..12}; do
		cr-tag "name$i" <records >/dev/null &
		pids[i]=$!
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(names | grep -c '/name[0-9]*:latest$')" -eq 12 ]
	for i in {1..12}; do
		cr-tag -d "name$i" &
		pids[i]=$!
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(names)" = example.org/a:1 ]
	[ -z "$(leftovers)" ]
}

@test "promise 3: names are whole: killed at any moment" {
	for i in {1..30}; do
		cr-tag "name$i" <records >/dev/null &
		pid=$!
		sleep "0.00$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$index"
		cr-verify -a
	done
	cr-tag last <records >/dev/null
	[ -z "$(leftovers)" ]
}

@test "standard output that is full: no name, and why" {
	[ -c /dev/full ] || skip "no /dev/full"
	run -1 --separate-stderr sh -c 'cr-tag b <records >/dev/full'
	[[ $stderr == "cr-tag: "*"No space left"* ]]
	cmp "$index" before
}

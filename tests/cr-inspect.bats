# cr-inspect: what the store knows of an image, as JSON or as records.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir layer upper
	echo one >layer/file
	echo two >upper/file
	manifest=$(store_image docker.io/library/a:1 -c '["sh", "-c", "echo \"x\""]' -E '["/bin/env"]' \
		-e PATH=/bin -e 'GREETING=a "b" ü' -l key=value -w /tmp -u nobody:nogroup layer upper)
}

# json EXPRESSION: of the document d in the file out
json() {
	python3 -c "import json, sys; d = json.load(open('out')); print($1)"
}

@test "the JSON holds name, digest, platform, sizes, configuration and layers" {
	cr-inspect a:1 >out
	[ "$(json 'd["name"]')" = docker.io/library/a:1 ]
	[ "$(json 'd["digest"]')" = "$manifest" ]
	[ "$(json 'd["mediaType"]')" = application/vnd.oci.image.manifest.v1+json ]
	[[ $(json 'd["platform"]') == linux/* ]]
	[ "$(json 'd["config"]["Cmd"]')" = "['sh', '-c', 'echo \"x\"']" ]
	[ "$(json 'd["config"]["Entrypoint"]')" = "['/bin/env']" ]
	[ "$(json 'd["config"]["Env"][1]')" = 'GREETING=a "b" ü' ]
	[ "$(json 'd["config"]["User"], d["config"]["WorkingDir"], d["config"]["Labels"]')" = "nobody:nogroup /tmp {'key': 'value'}" ]
	[ "$(json 'len(d["layers"])')" -eq 2 ]
	[ "$(json 'd["size"]')" -eq "$(cr-inspect -r a:1 | awk '{ n += $2 } END { print n }')" ]
}

@test "a layer's digest, diff_id and chain id are those of the specification" {
	cr-inspect a:1 >out
	for i in 0 1; do
		file=$(blob "$(json "d['layers'][$i]['digest']")")
		[ "$(json "d['layers'][$i]['size']")" -eq "$(wc -c <"$file")" ]
		diff_id[i]=sha256:$(gzip -dc "$file" | sha256sum | cut -d ' ' -f 1)
		[ "$(json "d['layers'][$i]['diffId']")" = "${diff_id[i]}" ]
	done
	[ "$(json 'd["layers"][0]["chainId"]')" = "${diff_id[0]}" ]
	[ "$(json 'd["layers"][1]["chainId"]')" = "sha256:$(printf '%s %s' "${diff_id[@]}" | sha256sum | cut -d ' ' -f 1)" ]
}

@test "it says which layers are there, and which are unpacked" {
	cr-inspect a:1 >out
	[ "$(json '[(l["present"], l["unpacked"]) for l in d["layers"]]')" = '[(True, False), (True, False)]' ]
	cr-inspect -r a:1 | cr-unpack >/dev/null
	rm -f "$(blob "$(json 'd["layers"][1]["digest"]')")"
	cr-inspect a:1 >out
	[ "$(json '[(l["present"], l["unpacked"]) for l in d["layers"]]')" = '[(True, True), (False, True)]' ]
}

@test "-r prints the image's records: manifest, config, layers" {
	run -0 --separate-stderr cr-inspect -r a:1
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 4 ]
	[ "${lines[0]%%$'\t'*}" = "$manifest" ]
	[[ ${lines[1]} == *$'\t'application/vnd.oci.image.config.v1+json$'\tdocker.io/library/a' ]]
	for line in "${lines[@]}"; do
		[ "$(tr -cd '\t' <<<"$line" | wc -c)" -eq 3 ]
		IFS=$'\t' read -r digest size _ <<<"$line"
		[ "$(wc -c <"$(blob "$digest")")" -eq "$size" ]
	done
}

@test "an image is found by its digest too, and by any form of its name" {
	for name in a:1 library/a:1 docker.io/library/a:1 index.docker.io/library/a:1 "$manifest"; do
		[ "$(cr-inspect -r "$name" | sed -n 1p | cut -f 1)" = "$manifest" ]
	done
}

@test "several images: a document each, and a missing one is 4" {
	run -4 --separate-stderr cr-inspect a:1 missing a:1
	[ "$(grep -c '^{' <<<"$output")" -eq 2 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "cr-inspect: "*missing* ]]
}

@test "of an index it takes this machine's platform, or that of -p" {
	other=$(LAYOUT=$CR_STORE/images make_image docker.io/library/other:1 -a s390x layer)
	{
		printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
		printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"platform":{"architecture":"s390x","os":"linux"}},' \
			"$other" "$(wc -c <"$(blob "$other")")"
		printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"platform":{"architecture":"%s","os":"linux"}}]}' \
			"$manifest" "$(wc -c <"$(blob "$manifest")")" "$(cr-inspect a:1 | sed -n 's/.*"platform": *"linux\/\([^"]*\)".*/\1/p')"
	} >index
	digest=sha256:$(sha256sum <index | cut -d ' ' -f 1)
	cp index "$(blob "$digest")"
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"docker.io/library/multi:1"}}]}' \
		"$digest" "$(wc -c <index)" >"$CR_STORE/images/index.json"
	[ "$(cr-inspect -r multi:1 | sed -n 1p | cut -f 1)" = "$manifest" ]
	[ "$(cr-inspect -r -p linux/s390x multi:1 | sed -n 1p | cut -f 1)" = "$other" ]
	run -4 --separate-stderr cr-inspect -p linux/mips multi:1
	[ -z "$output" ]
	[[ $stderr == *linux/mips* ]]
	run -2 cr-inspect -p nonsense multi:1
}

@test "what is damaged is not shown: 3" {
	damage "$(blob "$manifest")"
	run -3 --separate-stderr cr-inspect a:1
	[ -z "$output" ]
	[[ $stderr == *"$manifest"* ]]
	run -3 cr-inspect a:1 missing # of several failures the first one's status
	run -4 cr-inspect missing a:1
}

@test "control characters of an image stay escaped" {
	store_image docker.io/library/e:1 -c '["\u001b[31m"]' layer >/dev/null
	cr-inspect e:1 >out
	[ "$(json 'repr(d["config"]["Cmd"][0])')" = "'\\x1b[31m'" ]
	run ! grep -q $'\033' out
}

@test "--where prints the store's path, absolute and without symlinks" {
	ln -s "$CR_STORE" link
	run -0 --separate-stderr cr-inspect --where
	[ "$output" = "$(cd "$CR_STORE" && pwd -P)" ]
	run -0 cr-inspect -s link --where
	[ "$output" = "$(cd "$CR_STORE" && pwd -P)" ]
	run -2 cr-inspect --where a:1
}

@test "--where: -s, else CR_STORE, else data beside bin" {
	mkdir -p tree/bin
	install -m 755 "$BIN/cr-inspect" tree/bin/
	[ "$(tree/bin/cr-inspect -s one --where)" = "$PWD/one" ]
	[ "$(CR_STORE=two tree/bin/cr-inspect --where)" = "$PWD/two" ]
	mkdir tree/data
	[ "$(env -u CR_STORE tree/bin/cr-inspect --where)" = "$PWD/tree/data" ]
	run -2 cr-inspect -s '' --where
}

@test "--where of an ordinary user, without any of these: XDG_DATA_HOME, else HOME" {
	need_plain_user
	as_plain_user mkdir -p tree/bin
	install -m 755 "$BIN/cr-inspect" "$USER_DIR/tree/bin/"
	[ "$(as_plain_user env -u CR_STORE XDG_DATA_HOME="$USER_DIR/three" tree/bin/cr-inspect --where)" = "$USER_DIR/three/container" ]
	[ "$(as_plain_user env -u CR_STORE HOME="$USER_DIR/four" tree/bin/cr-inspect --where)" = "$USER_DIR/four/.local/share/container" ]
	run -2 as_plain_user env -u CR_STORE -u HOME tree/bin/cr-inspect --where
}

@test "standard output that is full: 1, and why" {
	[ -c /dev/full ] || skip "no /dev/full"
	for option in a:1 '-r a:1' --where; do
		run -1 --separate-stderr sh -c "cr-inspect $option >/dev/full"
		[[ $stderr == "cr-inspect: "*"No space left"* ]]
	done
}

@test "closed standard descriptors do no harm: nothing is written where it does not belong" {
	cr-verify -a
	sh -c 'cr-inspect a:1 <&- >&-' || :
	sh -c 'cr-inspect a:1 missing <&- 2>&-' >/dev/null || :
	sh -c 'cr-inspect a:1 missing <&- >&- 2>&-' || :
	sh -c 'cr-inspect -r a:1 | cr-unpack >&- 2>&-' || :
	cr-inspect a:1 >out
	cr-inspect -r a:1 | sh -c 'cr-tag again:1 >&- 2>&-' || :
	run -0 --separate-stderr cr-verify -a
	[ -z "$stderr" ]
	python3 -c 'import json; json.load(open("store/images/index.json"))'
}

@test "setuid and setgid are refused" {
	need_root
	need_user
	for mode in 4755 2755; do
		install -m "$mode" "$BIN/cr-inspect" "$USER_DIR/tmp/cr-inspect"
		[ "$(as_user stat -c %a "$USER_DIR/tmp/cr-inspect")" = "$mode" ]
		run -1 --separate-stderr as_user "$USER_DIR/tmp/cr-inspect" --version
		[ -z "$output" ]
		[[ $stderr == *"setuid or setgid"* ]]
	done
}

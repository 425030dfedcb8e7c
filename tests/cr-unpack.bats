# cr-unpack: the layers lie unpacked in the store, and their diff_ids match the config; with -C, one layer on a directory.
# What layers make of one another is judged in judges.bats, what hostile ones may not do in hostile.bats.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p lower/etc lower/usr/bin upper/etc
	echo one >lower/etc/file
	echo gone >lower/etc/gone
	echo tool >lower/usr/bin/tool
	chmod 755 lower/usr/bin/tool
	echo two >upper/etc/file
	touch upper/etc/.wh.gone
	store_image example.org/a:1 lower upper >/dev/null
	cr-inspect -r example.org/a:1 >records
}

# trees: the unpacked layers
trees() {
	find "$CR_STORE/layers/sha256" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort
}

# chain IMAGE N: the chain id of layer N, from 0
chain() {
	cr-inspect "$1" | sed -n 's/.*"chainId": *"sha256:\([0-9a-f]*\)".*/\1/p' | sed -n "$(($2 + 1))p"
}

@test "it prints the records, and each layer lies under its chain id" {
	run -0 --separate-stderr cr-unpack <records
	[ "$output" = "$(cat records)" ]
	[ -z "$stderr" ]
	trees >list
	printf '%s\n' "$(chain example.org/a:1 0)" "$(chain example.org/a:1 1)" | sort | diff - list
	[ -z "$(leftovers)" ]
}

@test "a tree holds its own layer, whiteouts as overlayfs has them" {
	need_namespaces
	cr-unpack <records >/dev/null
	base=$CR_STORE/layers/sha256/$(chain example.org/a:1 0)/fs
	top=$CR_STORE/layers/sha256/$(chain example.org/a:1 1)/fs
	[ "$(cat "$base/etc/file" "$base/etc/gone")" = $'one\ngone' ]
	[ -x "$base/usr/bin/tool" ]
	[ "$(cat "$top/etc/file")" = two ]
	[ ! -e "$top/usr" ]
	[ "$(stat -c '%F %t %T' "$top/etc/gone")" = 'character special file 0 0' ]
}

@test "a layer that several images share is unpacked once" {
	mkdir third
	echo 3 >third/three
	cr-unpack <records >/dev/null
	before=$(stat -c '%i %Z' "$CR_STORE/layers/sha256/$(chain example.org/a:1 0)/fs")
	store_image example.org/b:1 lower third >/dev/null
	cr-inspect -r example.org/b:1 | cr-unpack >/dev/null
	[ "$(trees | wc -l)" -eq 3 ]
	[ "$(stat -c '%i %Z' "$CR_STORE/layers/sha256/$(chain example.org/b:1 0)/fs")" = "$before" ]
}

@test "the same layer twice in one image" {
	store_image example.org/twice:1 lower lower upper upper >/dev/null
	cr-inspect -r example.org/twice:1 >twice
	run -0 --separate-stderr cr-unpack <twice
	[ "$output" = "$(cat twice)" ]
	[ "$(trees | wc -l)" -eq 4 ]
}

@test "a layer that takes long does not hold up those after it" {
	is_root || skip "only root can stop another worker"
	mkdir big small1 small2 small3
	head -c 400000000 /dev/zero >big/zeros
	for n in 1 2 3; do echo "$n" >"small$n/file"; done
	store_image example.org/long:1 big small1 small2 small3 >/dev/null
	cr-inspect -r example.org/long:1 >long
	cr-unpack -j 2 <long >/dev/null &
	pid=$!
	for _ in {1..1000}; do # its first child is the worker of the first layer
		worker=$(pgrep -o -P "$pid") && kill -STOP "$worker" && break
		sleep 0.01
	done
	last=$CR_STORE/tmp/layer-$(chain example.org/long:1 3)
	for _ in {1..1000}; do
		[ ! -s "$last/fs/file" ] || break
		sleep 0.01
	done
	[ -s "$last/fs/file" ] && came=yes || came=no
	published=$(trees)
	kill -CONT "$worker"
	wait "$pid"
	[ "$came" = yes ]
	[ -z "$published" ] # none can be there before the first one is
	[ "$(trees | wc -l)" -eq 4 ]
}

@test "several images in one stream" {
	store_image example.org/b:1 upper >/dev/null
	{ cat records; cr-inspect -r example.org/b:1; } >both
	run -0 --separate-stderr cr-unpack <both
	[ "$output" = "$(cat both)" ]
	[ "$(trees | wc -l)" -eq 3 ]
}

@test "records that come slowly, or layers in another order" {
	while read -r line; do
		sleep 0.2
		printf '%s\n' "$line"
	done <records | cr-unpack >out
	diff records out
	rm -rf "$CR_STORE/layers"
	{ sed -n 1p records; sed -n 4p records; sed -n 3p records; sed -n 2p records; } | cr-unpack >out
	diff records out
	[ "$(trees | wc -l)" -eq 2 ]
}

@test "an empty stream is an empty stream" {
	run -0 --separate-stderr cr-unpack </dev/null
	[ -z "$output$stderr" ]
}

@test "a layer that did not come is for the last filter to tell: those below it are unpacked and printed" {
	sed 4d records >part
	run -0 --separate-stderr cr-unpack <part
	[ "$output" = "$(cat part)" ]
	[ -z "$stderr" ]
	[ "$(trees)" = "$(chain example.org/a:1 0)" ]
	[ -z "$(leftovers)" ]
}

@test "one image that fails does not keep the next" {
	damage "$(blob "$(sed -n 4p records | cut -f 1)")"
	store_image example.org/c:1 lower >/dev/null
	cr-inspect -r example.org/c:1 >third
	cat records third >both
	run -3 --separate-stderr cr-unpack <both
	[[ $output == *"$(cat third)" ]]
	[[ $output != *"$(sed -n 4p records | cut -f 1)"* ]]
	[ "$(trees)" = "$(chain example.org/c:1 0)" ]
}

@test "promise 2: verify, then parse: a damaged layer is refused by its digest, and nothing of it is there" {
	layer=$(sed -n 3p records | cut -f 1)
	damage "$(blob "$layer")" # no gzip any more: whoever parsed it would say so, and of no digest
	run -3 --separate-stderr cr-unpack <records
	[[ $stderr == *"$layer"*"the digest of its bytes is sha256:"* ]]
	[ -z "$(trees)" ]
	[ -z "$(leftovers)" ]
}

@test "promise 2: verify, then parse: what lies behind the end of the archive counts too" {
	layer=$(sed -n 4p records | cut -f 1)
	chmod u+w "$(blob "$layer")"
	printf X | dd of="$(blob "$layer")" bs=1 seek="$(($(wc -c <"$(blob "$layer")") - 1))" conv=notrunc status=none
	run -3 --separate-stderr cr-unpack <records
	[[ $stderr == *"$layer"*"the digest of its bytes is sha256:"* ]]
	[ "$output" = "$(sed 4d records)" ]
}

# An image whose config promises the diff_ids of another
@test "a diff_id that is another: 3, and nothing under the chain id" {
	python3 - "$CR_STORE/images" <<-'END' >lie
		import hashlib, json, os, sys
		blobs = sys.argv[1] + "/blobs/sha256/"
		def put(doc):
		    text = json.dumps(doc).encode()
		    name = hashlib.sha256(text).hexdigest()
		    open(blobs + name, "wb").write(text)
		    return "sha256:" + name, len(text)
		d = json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]
		m = json.load(open(blobs + d["digest"][7:]))
		c = json.load(open(blobs + m["config"]["digest"][7:]))
		c["rootfs"]["diff_ids"][1] = "sha256:" + "0" * 64
		m["config"]["digest"], m["config"]["size"] = put(c)
		digest, size = put(m)
		print(digest)
	END
	cr-inspect -r "$(cat lie)" >records
	run -3 --separate-stderr cr-unpack <records
	[ "$output" = "$(sed 4d records)" ]
	[[ $stderr == *diff* ]]
	[ "$(trees | wc -l)" -eq 1 ]
	[ -z "$(leftovers)" ]
}

@test "a layer that is cut short: 3" {
	gzip -dc "$(blob "$(sed -n 3p records | cut -f 1)")" | head -c 1000 >short.tar
	store_image example.org/short:1 short.tar >/dev/null
	cr-inspect -r example.org/short:1 >short
	run -3 --separate-stderr cr-unpack <short
	[ -z "$(trees)" ]
	[ -z "$(leftovers)" ]
}

@test "limits: --max-entries and --max-bytes" {
	run -3 --separate-stderr cr-unpack --max-entries 2 <records
	[ -z "$(trees)" ]
	head -c 2000000 /dev/zero >lower/zeros
	store_image example.org/z:1 lower >/dev/null
	cr-inspect -r example.org/z:1 >zeros
	run -3 --separate-stderr cr-unpack --max-bytes 1000000 <zeros
	[ -z "$(trees)" ]
	[ -z "$(leftovers)" ]
	run -0 cr-unpack --max-bytes 4000000 <zeros
	for word in 0 -1 x 1x '' 99999999999999999999; do
		run -2 cr-unpack --max-bytes "$word" <zeros
	done
	run -2 cr-unpack operand <records
}

@test "limits: of all layers of an image together, those that are there already among them" {
	mkdir a b c
	head -c 600000 /dev/zero >a/zeros
	head -c 600000 /dev/zero >b/more
	store_image example.org/two:1 a b >/dev/null
	store_image example.org/three:1 a b lower >/dev/null
	cr-inspect -r example.org/two:1 >two
	run -3 --separate-stderr cr-unpack --max-bytes 1000000 <two
	[[ "$stderr" == *'the image has more than 1000000 bytes of files'* ]]
	[ "$(trees | wc -l)" -eq 1 ]
	[ -z "$(leftovers)" ]
	run -3 cr-unpack --max-bytes 1000000 <two
	run -3 --separate-stderr cr-unpack --max-entries 3 <two
	[[ "$stderr" == *'the image has more than 3 entries'* ]]
	run -0 cr-unpack --max-bytes 1200000 --max-entries 4 <two
	cr-inspect -r example.org/three:1 >three
	run -3 --separate-stderr cr-unpack --max-entries 4 <three
	[ "$(trees | wc -l)" -eq 2 ]
}

@test "limits: --max-window" {
	command -v zstd >/dev/null || skip "zstd is not installed"
	mkdir tree
	head -c 20000000 /dev/urandom >tree/file
	tar -cf tree.tar -C tree .
	zstd -q --long=24 tree.tar -o tree.zst
	run -3 --separate-stderr cr-unpack -C out <tree.zst
	[[ "$stderr" == *'window of more than 8 MiB'* ]]
	run -0 --separate-stderr cr-unpack --max-window 16777216 -C out <tree.zst
	cmp tree/file out/file
	run -3 cr-unpack --max-window 1048576 -C out <tree.zst
}

@test "limits: --min-free" {
	touch layer-file
	tar -cf layer.tar layer-file
	run -1 --separate-stderr cr-unpack --min-free 100 -C out <layer.tar
	[[ "$stderr" == *'less than 100 % of the filesystem are free'* ]]
	run -0 cr-unpack --min-free 0 -C out <layer.tar
	for word in -1 101 x 1x ''; do
		run -2 cr-unpack --min-free "$word" -C out <layer.tar
	done
}

@test "promise 9: bounded: memory does not grow with the layer" {
	[ -x /usr/bin/time ] || skip "no /usr/bin/time"
	mkdir big
	head -c 200000000 /dev/zero >big/zeros
	for i in {1..3000}; do
		echo "$i" >"big/a-file-with-a-rather-long-name-that-takes-room-in-any-list-of-names-$i"
	done
	store_image example.org/big:1 big >/dev/null
	rm -rf big
	cr-inspect -r example.org/big:1 >big
	/usr/bin/time -f %M -o peak cr-unpack <big >/dev/null
	[ "$(tail -n 1 peak)" -lt 32768 ]
}

@test "promise 6: killed means clean: what remains is garbage in tmp/, and the next run finishes and clears it" {
	mkdir many
	for i in {1..2000}; do
		echo "$i" >"many/$i"
	done
	store_image example.org/many:1 lower many upper >/dev/null
	cr-inspect -r example.org/many:1 >many.records
	for i in {1..12}; do
		cr-unpack <many.records >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		for tree in $(trees); do # what is published is whole
			[ -d "$CR_STORE/layers/sha256/$tree/fs" ]
			[ "$tree" != "$(chain example.org/many:1 1)" ] || [ "$(find "$CR_STORE/layers/sha256/$tree/fs" -type f | wc -l)" -eq 2000 ]
		done
		[ $((i % 4)) -ne 0 ] || rm -rf "$CR_STORE/layers"
	done
	run -0 cr-unpack <many.records
	[ "$output" = "$(cat many.records)" ]
	until_true sh -c '! pgrep -x cr-unpack -P 1 >/dev/null' # killed ones' workers
	run -0 cr-unpack <many.records
	[ -z "$(leftovers)" ]
}

@test "promise 7: together is safe: one layer, one directory, however many unpack it" {
	for i in {1..8}; do
		cr-unpack <records >"out$i" &
		pids[i]=$!
	done
	for i in {1..8}; do
		wait "${pids[i]}"
		diff records "out$i"
	done
	[ "$(trees | wc -l)" -eq 2 ]
	[ -z "$(leftovers)" ]
}

@test "an ordinary user: with subordinate ids, and with one id" {
	need_namespaces
	need_root
	need_user
	need_plain_user
	chown -R 0:0 lower
	chown 33:44 lower/etc/file
	store_image example.org/owners:1 lower >/dev/null
	for who in crtest crplain; do
		prepare_user "$who"
		cp -r "$CR_STORE/images" "$USER_DIR/store/"
		chown -R "$who:" "$USER_DIR/store"
		as "$who" sh -c 'cr-inspect -r example.org/owners:1 | cr-unpack' >/dev/null
		tree=$USER_DIR/store/layers/sha256/$(chain example.org/owners:1 0)/fs
		[ "$(stat -c %U "$tree/etc/gone")" = "$who" ]
		if [ "$who" = crtest ]; then
			first=$(sed -n 's/^crtest:\([0-9]*\):.*/\1/p' /etc/subuid)
			[ "$(stat -c %u "$tree/etc/file")" -eq $((first + 33 - 1)) ]
		else
			[ "$(stat -c %U "$tree/etc/file")" = crplain ]
		fi
	done
}

# --- -C ---

@test "-C applies a layer to a directory: whiteouts remove" {
	tar -C lower -cf - . | cr-unpack -C tree
	tar -C upper -cf - . | gzip | cr-unpack -C tree
	[ "$(cat tree/etc/file)" = two ]
	[ ! -e tree/etc/gone ]
	[ ! -e tree/etc/.wh.gone ]
	[ -x tree/usr/bin/tool ]
}

@test "-C takes tar, gzip and zstd, and needs no store" {
	for how in cat gzip 'zstd -q'; do
		rm -rf tree
		# shellcheck disable=SC2086 # a command and its option
		tar -C lower --owner=0 --group=0 -cf - . | $how | env CR_STORE=/nonexistent/store cr-unpack -C tree
		diff -r lower tree
	done
}

@test "-C: what is no layer: 3; a directory that cannot be: 1" {
	run -3 --separate-stderr cr-unpack -C tree <<<'this is no archive'
	[ -z "$output" ]
	[[ $stderr == "cr-unpack: "* ]]
	run -1 cr-unpack -C /dev/null/tree </dev/null
	[ "$(find tree -mindepth 1 | wc -l)" -eq 0 ]
}

@test "--devices is root's alone" {
	need_plain_user
	run -2 as_plain_user cr-unpack --devices -C tree </dev/null
}

# cr-mkrootfs: TARGET becomes an OCI runtime bundle of an image. What stands in the trees is judged in judges.bats.

load helper

setup() {
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p lower/etc lower/tmp upper/etc
	echo one >lower/etc/file
	echo gone >lower/etc/gone
	printf 'root:x:0:0::/root:/bin/sh\nuser:x:7:8::/home/user:/bin/sh\n' >lower/etc/passwd
	printf 'root:x:0:\nusers:x:8:\nextra:x:9:user\n' >lower/etc/group
	echo two >upper/etc/file
	touch upper/etc/.wh.gone
	store_image example.org/a:1 -c '["cmd", "arg"]' -e PATH=/bin -e VAR=image -w /work lower upper >/dev/null
	cr-inspect -r example.org/a:1 >records
	cr-unpack <records >/dev/null
}

# config EXPRESSION: of the config.json d of the bundle b
config() {
	python3 -c "import json; d = json.load(open('b/config.json')); print($1)"
}

@test "of the records on stdin, silently" {
	run -0 --separate-stderr cr-mkrootfs b <records
	[ -z "$output$stderr" ]
	[ -d b/rootfs ]
	[ "$(config 'd["process"]["args"]')" = "['cmd', 'arg']" ]
}

@test "of the image -i, by name and by digest" {
	run -0 --separate-stderr cr-mkrootfs -i example.org/a:1 b
	[ -z "$output$stderr" ]
	cr-mkrootfs -i "$(sed -n 1p records | cut -f 1)" c
	diff <(sed 's:/b/:/X/:g' b/config.json) <(sed 's:/c/:/X/:g' c/config.json)
}

@test "-m copy is a plain tree, and depends on the store no more" {
	cr-mkrootfs -m copy -i example.org/a:1 b
	[ "$(cat b/rootfs/etc/file)" = two ]
	[ ! -e b/rootfs/etc/gone ]
	[ ! -e b/rootfs/etc/.wh.gone ]
	run ! grep -rqF "$CR_STORE" b
	run -2 cr-mkrootfs -m other -i example.org/a:1 c
}

# The user himself, whose subordinate ids such directories belong to, could not even look into them.
@test "an image whose directories are not open to everybody, as an ordinary user" {
	need_root # to make it
	need_user
	chown -R 2:2 lower
	chmod 711 lower
	chmod 700 lower/etc
	store_image example.org/closed:1 lower >/dev/null
	cp -R "$CR_STORE/images" "$BATS_TEST_TMPDIR/crtest/store/"
	chown -R crtest: "$BATS_TEST_TMPDIR/crtest/store"
	as_user sh -c 'cr-inspect -r example.org/closed:1 | cr-unpack >/dev/null'
	for mode in copy overlay; do
		run -0 --separate-stderr as_user cr-mkrootfs -m "$mode" -i example.org/closed:1 -u user "$mode"
		[ -z "$output$stderr" ]
		grep -q '"uid": *7' "$BATS_TEST_TMPDIR/crtest/$mode/config.json"
	done
}

# same_upper OPTION...: of an image of lower/, made with the options
same_upper() {
	local as_root=$PWD/b/upper
	rm -rf b
	as_user sh -c '[ ! -e b ] || cr-mkrootfs -d b'
	store_image example.org/b:1 "$@" lower >/dev/null
	cp -R "$CR_STORE/images" "$USER_DIR/store/"
	chown -R crtest: "$USER_DIR/store/images"
	cr-inspect -r example.org/b:1 | cr-unpack >/dev/null
	as_user sh -c 'cr-inspect -r example.org/b:1 | cr-unpack >/dev/null'
	cr-mkrootfs -i example.org/b:1 b
	as_user cr-mkrootfs -i example.org/b:1 b
	"$BATS_TEST_DIRNAME/tree" -M "$as_root" >right
	cat right
	as_user unshare --user --map-root-user --map-auto ./tree -M b/upper | diff right -
}

# The user's own id is tried first, which does for most images: here is what others are needed for.
@test "an overlay's upper directory is as the layers are, as root and as an ordinary user" {
	need_namespaces
	need_root
	need_user
	prepare_user crtest
	install -m 755 "$BATS_TEST_DIRNAME/tree" "$USER_DIR/tree"
	mkdir -p lower/srv/a
	same_upper -w /etc
	same_upper -w /work -V /data
	chown 3:4 lower/srv/a
	chmod 2750 lower/srv/a
	same_upper -w /srv/a/work
	same_upper -V /srv/a/data
	grep -q ' 3:4 ' right
	chgrp 5 lower
	same_upper -w /etc
	chown 6:0 lower
	chmod 700 lower
	same_upper -w /etc
	chown 0:0 lower
	python3 -c 'import os, struct
os.setxattr("lower", "system.posix_acl_access",
	struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in ((1, 7, 2**32 - 1), (2, 5, 7), (4, 5, 2**32 - 1), (16, 5, 2**32 - 1), (32, 5, 2**32 - 1))))'
	same_upper -w /etc
	grep -q posix_acl right
}

@test "two bundles of one image share its layers and nothing else" {
	cr-mkrootfs -m copy -i example.org/a:1 b
	cr-mkrootfs -m copy -i example.org/a:1 c
	echo changed >b/rootfs/etc/file
	[ "$(cat c/rootfs/etc/file)" = two ]
	cr-mkrootfs -m copy -i example.org/a:1 d
	[ "$(cat d/rootfs/etc/file)" = two ]
}

@test "the process: the image's, but for what the options and CMD say" {
	cr-mkrootfs -i example.org/a:1 -e VAR=mine -e NEW=1 -e HOME -w /tmp -u user --hostname box --read-only -t b -- other 'two words' ''
	[ "$(config 'd["process"]["args"]')" = "['other', 'two words', '']" ]
	[ "$(config 'sorted(v for v in d["process"]["env"] if v.split("=")[0] in ("VAR", "NEW", "PATH"))')" = "['NEW=1', 'PATH=/bin', 'VAR=mine']" ]
	[ "$(config 'd["process"]["cwd"], d["hostname"], d["root"]["readonly"], d["process"]["terminal"]')" = '/tmp box True True' ]
	[ "$(config 'd["process"]["user"]["uid"], d["process"]["user"]["gid"], d["process"]["user"].get("additionalGids")')" = '7 8 [9]' ]
}

@test "a given entrypoint drops the image's command" {
	store_image example.org/e:1 -E '["entry"]' -c '["cmd"]' lower >/dev/null
	cr-inspect -r example.org/e:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/e:1 b
	[ "$(config 'd["process"]["args"]')" = "['entry', 'cmd']" ]
	rm -rf b
	cr-mkrootfs -i example.org/e:1 b -- word
	[ "$(config 'd["process"]["args"]')" = "['entry', 'word']" ]
	rm -rf b
	cr-mkrootfs -i example.org/e:1 --entrypoint mine b
	[ "$(config 'd["process"]["args"]')" = "['mine']" ]
}

@test "an image without a command is a bundle without one, unless it is given one" {
	store_image example.org/n:1 lower >/dev/null
	cr-inspect -r example.org/n:1 | cr-unpack >/dev/null
	cr-mkrootfs -i example.org/n:1 b
	[ "$(config 'd["process"].get("args", [])')" = "[]" ]
	rm -rf b
	cr-mkrootfs -i example.org/n:1 b -- word
	[ "$(config 'd["process"]["args"]')" = "['word']" ]
}

@test "users: digits are a number, an explicit group drops the others, an unknown name is 4" {
	for pair in user:8='7 8 None' 7='7 8 [9]' 4711='4711 0 None' 0:9='0 9 None' user:extra='7 9 None' 5:user=; do
		rm -rf b
		if [ "${pair#*=}" ]; then
			cr-mkrootfs -i example.org/a:1 -u "${pair%%=*}" b
			[ "$(config 'd["process"]["user"]["uid"], d["process"]["user"]["gid"], d["process"]["user"].get("additionalGids") or None')" = "${pair#*=}" ]
		else
			run -4 cr-mkrootfs -i example.org/a:1 -u "${pair%%=*}" b
			[ ! -e b ]
		fi
	done
	run -4 --separate-stderr cr-mkrootfs -i example.org/a:1 -u nobody b
	[[ $stderr == "cr-mkrootfs: "*nobody* ]]
	[ ! -e b ]
}

@test "a copy of a tree that is deeper than there are descriptors at first" {
	mkdir -p "deep/$(printf 'd/%.0s' {1..400})"
	store_image example.org/deep:1 deep >/dev/null
	cr-inspect -r example.org/deep:1 | cr-unpack >/dev/null
	(ulimit -Sn 256 && cr-mkrootfs -m copy -i example.org/deep:1 b)
	[ "$(find b/rootfs -type d | wc -l)" -eq 401 ]
}

@test "a target that holds something is refused and left alone; an empty directory is taken" {
	mkdir b
	echo mine >b/file
	run ! --separate-stderr cr-mkrootfs b <records
	[[ $stderr == "cr-mkrootfs: "*b* ]]
	[ "$(ls -A b)" = file ]
	rm b/file
	run -0 cr-mkrootfs b <records
	[ -f b/config.json ]
	run ! cr-mkrootfs b <records
	[ -f b/config.json ]
	echo >file
	run ! cr-mkrootfs file <records
	mkdir elsewhere
	ln -s elsewhere link
	run cr-mkrootfs link <records
	[ "$status" -eq 0 ] || [ -z "$(ls -A elsewhere)" ]
}

@test "a target whose parent is missing: a message and no bundle" {
	run ! --separate-stderr cr-mkrootfs no/where/b <records
	[[ $stderr == "cr-mkrootfs: "*no/where* ]]
	[ ! -e no ]
}

@test "an image of which anything is missing is refused: 3, an empty stream: 4, and there is no bundle" {
	for line in 2 3 4; do
		sed "${line}d" records >part
		run -3 --separate-stderr cr-mkrootfs b <part
		[[ $stderr == *incomplete* ]]
		[ ! -e b ]
	done
	run -4 cr-mkrootfs b </dev/null
	run -4 cr-mkrootfs -i missing b
	cat records records >two
	run -2 cr-mkrootfs b <two
	[ ! -e b ]
}

@test "a layer that is not unpacked: 4, and its name" {
	rm -rf "$CR_STORE"/layers/sha256/*
	run -4 --separate-stderr cr-mkrootfs b <records
	[[ $stderr == *sha256:* ]]
	[ ! -e b ]
}

@test "-d removes bundles, whoever owns what is in them, and nothing that is no bundle" {
	cr-mkrootfs -m copy -i example.org/a:1 b
	cr-mkrootfs -i example.org/a:1 c
	mkdir -m 000 b/rootfs/locked
	run -0 --separate-stderr cr-mkrootfs -d b c
	[ -z "$output$stderr" ]
	[ ! -e b ]
	[ ! -e c ]
	mkdir d
	echo mine >d/file
	run -2 --separate-stderr cr-mkrootfs -d d
	[ -f d/file ]
	[[ $stderr == "cr-mkrootfs: "*d* ]]
	run ! cr-mkrootfs -d missing
	run -2 cr-mkrootfs -d
}

# A user's own id does for some of it, and newuidmap gives him no more in a process that may gain no privileges.
@test "-d of what cannot be removed whole leaves a bundle, which can be removed another time" {
	need_namespaces
	need_root
	need_user
	prepare_user crtest
	mkdir lower/other
	touch lower/other/file
	chown -R 5:5 lower/other
	store_image example.org/b:1 lower >/dev/null
	cp -R "$CR_STORE/images" "$USER_DIR/store/"
	chown -R crtest: "$USER_DIR/store/images"
	as_user sh -c 'cr-inspect -r example.org/b:1 | cr-unpack | cr-mkrootfs -m copy b'
	run ! as_user setpriv --no-new-privs cr-mkrootfs -d b
	[ -e "$USER_DIR/b/rootfs/other/file" ]
	as_user cr-mkrootfs -d b
	[ ! -e "$USER_DIR/b" ]
}

@test "-d of an overlay that is in use is refused" {
	need_namespaces
	need_userns
	store_image example.org/b:1 "$(busybox_root)" >/dev/null
	cr-inspect -r example.org/b:1 | cr-unpack | cr-mkrootfs b -- sleep 100
	cr-exec --pid-file pid b 3>&- &
	until_true test -s pid
	run -2 cr-mkrootfs -d b
	[[ $output == *"b: it runs" ]]
	kill %1
	wait || true
	cr-mkrootfs -d b
}

@test "-d does not follow symlinks out of the bundle" {
	mkdir outside
	echo mine >outside/file
	cr-mkrootfs -m copy -i example.org/a:1 b
	ln -s "$PWD/outside" b/rootfs/link
	cr-mkrootfs -d b
	[ -f outside/file ]
}

@test "--record keeps what container wants to know, and needs -i" {
	cr-mkrootfs --record -i example.org/a:1 b -- echo 'a b'
	[ "$(cat b/image)" = example.org/a:1 ]
	[ "$(cat b/digest)" = "$(sed -n 1p records | cut -f 1)" ]
	[[ $(cat b/command) == echo*'a b'* ]]
	[ "$(wc -l <b/command)" -eq 1 ]
	run -2 cr-mkrootfs --record c <records
}

@test "paths with spaces, colons and commas, for store and target" {
	need_userns
	cp -af "$CR_STORE" 'a store: with, all\of it'
	mkdir 'dir: x,y'
	store_image example.org/bb:1 -c '["sh"]' "$(busybox_root)" upper >/dev/null
	cp -af "$CR_STORE"/images/. 'a store: with, all\of it/images'
	export CR_STORE='a store: with, all\of it'
	cr-inspect -r example.org/bb:1 | cr-unpack | cr-mkrootfs 'dir: x,y/b b'
	run -0 --separate-stderr cr-exec 'dir: x,y/b b' -- cat /etc/file
	[ "$output" = two ]
	cr-mkrootfs -m copy -i example.org/bb:1 'dir: x,y/c,c'
	run -0 cr-exec 'dir: x,y/c,c' -- cat /etc/file
	[ "$output" = two ]
	cr-mkrootfs -d 'dir: x,y/b b' 'dir: x,y/c,c'
}

@test "a store behind a symlink, and one of a relative path" {
	need_userns
	store_image example.org/bb:1 -c '["sh"]' "$(busybox_root)" upper >/dev/null
	ln -s "$CR_STORE" link
	cr-inspect -s link -r example.org/bb:1 | cr-unpack -s link | cr-mkrootfs -s link b
	(cd / && run -0 cr-exec "$OLDPWD/b" -- cat /etc/file && [ "$output" = two ])
	cr-inspect -s ./store -r example.org/bb:1 | cr-mkrootfs -s ../"${PWD##*/}"/store c
	(cd / && run -0 cr-exec "$OLDPWD/c" -- cat /etc/file && [ "$output" = two ])
}

@test "names that are no names are refused, and never run" {
	for name in 'a;touch ran' '$(touch ran)' 'a b' $'a\nb' -x ''; do
		run ! --separate-stderr cr-mkrootfs "--image=$name" b
		[ -z "$output" ]
		[[ $stderr == "cr-mkrootfs: "* ]]
	done
	cr-mkrootfs -i example.org/a:1 -- '$(touch ran);x' # a target is only a path
	[ -f '$(touch ran);x/config.json' ]
	[ ! -e ran ]
	[ ! -e b ]
}

@test "promise 6: killed means clean: a bundle is there whole or not at all" {
	mkdir many
	for i in {1..400}; do
		echo "$i" >"many/$i"
	done
	store_image example.org/many:1 -c '["sh"]' many >/dev/null
	cr-inspect -r example.org/many:1 | cr-unpack >/dev/null
	for i in {1..10}; do
		cr-mkrootfs -m copy -i example.org/many:1 b &
		pid=$!
		sleep "0.0$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		if [ -e b ]; then
			[ -f b/config.json ]
			[ "$(find b/rootfs -type f | wc -l)" -eq 400 ]
			cr-mkrootfs -d b
		fi
	done
	until_true sh -c '! pgrep -x cr-mkrootfs -P 1 >/dev/null'
	cr-mkrootfs -m copy -i example.org/many:1 b
	[ "$(find b/rootfs -type f | wc -l)" -eq 400 ]
	[ -z "$(leftovers)" ]
}

@test "crun and runc run the bundle as it is" {
	need_root
	store_image example.org/bb:1 -c '["/bin/echo", "hello"]' "$(busybox_root)" >/dev/null
	cr-inspect -r example.org/bb:1 | cr-unpack | cr-mkrootfs -m copy b
	ran=0
	for runtime in crun runc; do
		command -v "$runtime" >/dev/null || continue
		run "$runtime" --root "$PWD/state" run -b b "t$BASHPID"
		if [[ $output == *cgroup* ]]; then
			continue # not ours to mend
		fi
		[ "$output" = hello ]
		ran=1
	done
	[ "$ran" -eq 1 ] || skip "neither crun nor runc can run here"
}

# Owners that could not be set when a layer was unpacked, with a single id, and can be later: by root on the user's store, or by
# a user who was given subordinate ids. What is right is what root gets of the same image.

load helper

setup() {
	need_root
	need_plain_user
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	PLAIN=$(id -u crplain)
	two_layers
	store_image example.org/a:1 -z none one two >/dev/null
	cr-inspect -r example.org/a:1 >records
	cr-unpack <records >/dev/null
	cr-mkrootfs -i example.org/a:1 -m copy expected
	facts expected/rootfs >right
	grep -q '^file 4755 5:6 .* setuid' right # else nothing below is about anything
}

facts() {
	"$BATS_TEST_DIRNAME/tree" "${1-}"
}

# Root's, another's, and the user's own in each form; what a chown takes away; directories that the upper layer only implies,
# one of them hidden by it; whiteouts; links of two names.
two_layers() {
	mkdir -p one/dir/sub one/hidden/sub one/mine two/dir/sub two/hidden/sub
	echo 1 >one/root
	cp one/root one/setuid
	cp one/root one/setuid-root
	cp one/root one/capable
	cp one/root one/capable-root
	cp one/root one/mine/file
	cp one/root one/gone
	ln one/setuid one/linked
	ln -s setuid one/symlink
	echo 2 >two/dir/sub/file
	cp two/dir/sub/file two/hidden/sub/file
	cp two/dir/sub/file two/mine
	touch two/.wh.gone two/hidden/.wh..wh..opq
	chown -h 5:6 one/setuid one/symlink
	chown 7:8 one/capable one/dir one/hidden one/hidden/sub
	chown 9:10 one/dir/sub two/dir/sub/file
	chown "$PLAIN:$PLAIN" one/mine one/mine/file
	chmod 4755 one/setuid one/setuid-root
	chmod 2711 one/capable
	chmod 2770 one/dir
	setcap cap_net_raw+ep one/capable
	setcap cap_net_raw+ep one/capable-root
	tar --numeric-owner --format=posix --xattrs --xattrs-include='*' -C one -cf one.tar .
	# its directories are implied
	tar --numeric-owner --format=posix -C two -cf two.tar dir/sub/file hidden/.wh..wh..opq hidden/sub/file .wh.gone
	rm -r one two
	mv one.tar one
	mv two.tar two
}

# A third layer, with a link to a file of the first: it is unpacked on those below it.
three_layers() {
	mkdir link
	cp one one.tar
	tar -xf one.tar -C link ./setuid
	ln link/setuid link/another
	tar --numeric-owner --format=posix -C link -cf three setuid another
	python3 - three <<-'END'
		import sys
		data = open(sys.argv[1], 'rb').read()
		at = next(i for i in range(0, len(data), 512) if data[i:i + 8] == b'another\0')
		while data[at + 156:at + 157] != b'1':
		    at += 512
		open(sys.argv[1], 'wb').write(data[at:])
	END
	store_image example.org/a:1 -z none one two three >/dev/null
	cr-inspect -r example.org/a:1 >records
	cr-unpack <records >/dev/null
	rm -r expected
	cr-mkrootfs -i example.org/a:1 -m copy expected
	facts expected/rootfs >right
	grep -q '^file 4755 5:6 .* another' right
}

# unpacked_by USER-FUNCTION: the image in the user's own store, which is the one from now on
unpacked_by() {
	cp -R "$CR_STORE/images" "$USER_DIR/store/"
	chown -R "$(stat -c %U "$USER_DIR"):" "$USER_DIR/store"
	install -m 644 records "$USER_DIR/records"
	"$@" sh -c 'cr-unpack <records' >/dev/null
	export CR_STORE=$USER_DIR/store
	grep -q '^owner' "$CR_STORE"/layers/sha256/*/notes
}

# The overlay of a bundle, as any runtime would mount it.
overlay_facts() {
	local options
	options=$(python3 -c 'import json, sys
mounts = json.load(open(sys.argv[1] + "/config.json"))["mounts"]
print(",".join(next(m["options"] for m in mounts if m["type"] == "overlay")))' "$1")
	unshare -m sh -euc 'mount -t overlay overlay -o "$1" "$2/rootfs"; exec "$3" "$2/rootfs"' sh \
		"$options" "$1" "$BATS_TEST_DIRNAME/tree"
}

as_it_should_be() {
	run ! grep -E '^(owner|single)' "$CR_STORE"/layers/sha256/*/notes
	cr-mkrootfs -i example.org/a:1 -m copy copy
	facts copy/rootfs | diff right -
	cr-mkrootfs -i example.org/a:1 -m overlay overlay
	# a name of a lower file stays one of two when the other is covered
	diff <(sed 's/ same=linked//' right) <(overlay_facts overlay | sed 's/ same=linked//')
}

@test "a copy that root makes of a user's layers has the owners that the image says" {
	unpacked_by as_plain_user
	cr-mkrootfs -i example.org/a:1 -m copy copy
	facts copy/rootfs | diff right -
	[ "$(getcap copy/rootfs/capable | cut -d ' ' -f 2)" = cap_net_raw=ep ]
	grep -q '^owner' "$CR_STORE"/layers/sha256/*/notes # the store is as it was
}

@test "root's cr-unpack on a user's store gives the layers their owners, in copies and overlays" {
	unpacked_by as_plain_user
	cr-unpack <records >again
	diff records again
	[ -z "$(find "$CR_STORE/tmp" -mindepth 1 ! -name '*.lock')" ]
	as_it_should_be
	before=$(stat -c %i "$CR_STORE"/layers/sha256/*)
	cr-unpack <records >/dev/null
	[ "$(stat -c %i "$CR_STORE"/layers/sha256/*)" = "$before" ]
}

@test "... a link to a lower layer's file too" {
	three_layers
	unpacked_by as_plain_user
	cr-unpack <records >/dev/null
	as_it_should_be
}

@test "what root gives away is not what the user had hold of" {
	unpacked_by as_plain_user
	layer=$(dirname "$(find "$CR_STORE/layers" -name setuid-root)")
	as_plain_user ln "$layer/setuid-root" "$USER_DIR/held"
	cr-unpack <records >/dev/null
	[ "$(stat -c %u "$USER_DIR/held")" = "$PLAIN" ]
	run ! as_plain_user test -x "$layer/setuid-root"
	as_it_should_be
}

@test "killed at any rename, root's cr-unpack leaves each layer whole, and the next one ends the work" {
	command -v strace >/dev/null || skip "strace is not installed"
	strace -f -o /dev/null true 2>/dev/null || skip "tracing is not allowed here"
	unpacked_by as_plain_user
	for point in renameat2:1 unlinkat:3 renameat2:2 fsync:2 mkdirat:1; do
		strace -f -qq -o /dev/null -e "inject=${point%:*}:signal=KILL:when=${point#*:}" cr-unpack <records >/dev/null 2>&1 || :
		[ "$(find "$CR_STORE/layers/sha256" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
		rm -rf copy
		cr-mkrootfs -i example.org/a:1 -m copy copy
		facts copy/rootfs | diff right -
	done
	cr-unpack <records >/dev/null
	rm -r copy
	as_it_should_be
}

@test "killed at any time" {
	unpacked_by as_plain_user
	for ms in 005 010 015 020 025 030 040; do
		timeout -s KILL "0.$ms" cr-unpack <records >/dev/null 2>&1 || :
		rm -rf copy
		cr-mkrootfs -i example.org/a:1 -m copy copy
		facts copy/rootfs | diff right -
	done
	cr-unpack <records >/dev/null
	rm -r copy
	as_it_should_be
}

@test "a user who is given subordinate ids: copies at once, and the layers when they are unpacked again" {
	need_user
	with_single_id() {
		unshare -m sh -euc 'mount --bind /dev/null /etc/subuid; mount --bind /dev/null /etc/subgid; exec "$@"' sh \
			setpriv --reuid=crtest --regid=crtest --init-groups env PATH="$USER_BIN:$PATH" \
			CR_STORE="$USER_DIR/store" sh -c 'cd "$1"; shift; exec "$@"' sh "$USER_DIR" "$@"
	}
	prepare_user crtest
	unpacked_by with_single_id
	install -m 755 "$BATS_TEST_DIRNAME/tree" "$USER_DIR/tree"
	as_user cr-mkrootfs -i example.org/a:1 -m copy copy
	as_user unshare --user --map-root-user --map-auto ./tree copy/rootfs | diff right -
	as_user sh -c 'cr-unpack <records' >/dev/null
	run ! grep -E '^(owner|single)' "$CR_STORE"/layers/sha256/*/notes
	as_user cr-mkrootfs -d copy
	as_user cr-mkrootfs -i example.org/a:1 -m copy copy
	as_user unshare --user --map-root-user --map-auto ./tree copy/rootfs | diff right -
}

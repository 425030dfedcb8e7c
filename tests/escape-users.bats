# The User of an image's config, and the passwd and group that an image brings: U01 to U12, for three kinds of users, by an image and by -u. A
# number of at most 2^31-1 or a refusal, within a second and without much memory; never uid 0 unless asked for.

load helper
load escape/helper

readonly KB_MAX=16384 # that cr-mkrootfs and cr-exec may have resident; one that reads a passwd of a gigabyte has more

# uid that each has inside
declare -gA HIGHEST=([root]=2147483647 [crtest]=65536 [crplain]=0)

setup_file() {
	build_probe
}

setup() {
	need_probe
	[ -x /usr/bin/time ] || skip "time is not installed"
}

start() {
	mode "$1"
	make_root "$DIR/root"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'bob:x:1000:1001:Bob:/home/bob:/bin/sh' '99999999999:x:0:0::/root:/bin/sh' \
		'4294967296:x:0:0::/root:/bin/sh' '-1:x:0:0::/root:/bin/sh' '0x0:x:0:0::/root:/bin/sh' 'a/b:x:0:0::/root:/bin/sh' \
		>"$DIR/root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'bob:x:1001:' 'wheel:x:10:bob' '99999999999:x:0:' >"$DIR/root/etc/group"
	store_in_mode
	mkdir -p "$DIR/etc-layer/etc"
}

# has FILE: takes $DIR/etc-layer/etc/FILE into the root, and an image of it all as base
has() {
	rm -rf "$DIR/root/etc/$1"
	cp -a --sparse=always "$DIR/etc-layer/etc/$1" "$DIR/root/etc/$1"
	own "$DIR/root/etc" "$DIR/etc-layer"
	tar -C "$DIR/etc-layer" -S --format=posix --sort=name --numeric-owner --owner=0 --group=0 -cf "$DIR/layer.tar" etc
	rm -rf "$DIR/whole"
	cp -a --sparse=always "$DIR/root" "$DIR/whole"
	rm -f "$DIR/whole/etc/$1"
	make_store_image base "$DIR/whole" "$DIR/layer.tar" >/dev/null
	in_mode bash -c 'cr-inspect -r base | cr-unpack >/dev/null' # it is not the unpacking that is timed
}

# measured CMD...: runs it as who MODE says; sets $status, and fails where it took too long or too much. The second is one of a processor's: the
# machine may be busy.
measured() {
	local seconds kb
	in_mode /usr/bin/time -o "$DIR/used" -f '%U %S %M' timeout 10 "$@" >"$DIR/shown" 2>"$DIR/said" && status=0 || status=$?
	[ "$status" -ne 124 ] || { echo "$*: more than ten seconds"; return 1; }
	read -r seconds kb < <(tail -n 1 "$DIR/used" | awk '{ print ($1 + $2 >= 1), $3 }')
	[ "$seconds" -eq 0 ] || { echo "$*: more than a second"; return 1; }
	[ "$kb" -lt "$KB_MAX" ] || { echo "$*: $kb kB"; return 1; }
}

# by_image JSON: of a string; by the image's config
by_image() {
	image_of u "{\"User\": $1, \"Cmd\": [\"/bin/sh\", \"-c\", \"id -u\"]}"
	rm -rf "$DIR/u-bundle"
	measured cr-mkrootfs -i u -m overlay u-bundle
	[ "$status" -ne 0 ] || measured cr-exec u-bundle
}

by_option() {
	local spec
	printf -v spec %b "$1"
	measured cr-exec -u "$spec" "$DIR/root" -- /bin/sh -c 'id -u'
}

is_refused() {
	echo "status $status: $(cat "$DIR/shown" "$DIR/said")"
	[ "$status" -ne 0 ]
	[ "$status" -le 125 ]
	[ ! -s "$DIR/shown" ]
	[ -s "$DIR/said" ]
}

# refused SPEC...: as a C string has them
refused() {
	local spec
	for spec; do
		echo "$spec"
		by_image "\"$spec\""
		is_refused
		by_option "$spec"
		is_refused
	done
}

# is UID SPEC...: or refused, where there is no such uid for who MODE says
is() {
	local spec how
	for spec in "${@:2}"; do
		echo "$spec"
		for how in by_option by_image; do
			if [ "$how" = by_image ]; then by_image "\"$spec\""; else by_option "$spec"; fi
			if [ "$1" -gt "${HIGHEST[$MODE]}" ]; then
				is_refused
				grep -q 'does not exist in the container' "$DIR/said"
			else
				[ "$status" -eq 0 ] || { cat "$DIR/said"; return 1; }
				[ "$(cat "$DIR/shown")" = "$1" ]
			fi
		done
	done
}

# plain: the passwd and group of start
plain() {
	start "$1"
	cp "$DIR/root/etc/passwd" "$DIR/etc-layer/etc/"
	has passwd
}

numbers() {
	plain "$1"
	refused 4294967296 -1 2147483648 0x0 ' 0' +0 1e3
	is 2147483647 2147483647
	is 0 00
	is 1000 bob
}

@test "U01 to U04: numbers that are too large, negative, or written another way: as root" { numbers root; }
@test "U01 to U04: numbers, as an ordinary user" { numbers crtest; }
@test "U01 to U04: numbers, as a user without subordinate ids" { numbers crplain; }

# special FILE CMD...: passwd or group, made by CMD in its directory
special() {
	rm -f "$DIR/etc-layer/etc/$1"
	(cd "$DIR/etc-layer/etc" && "${@:2}")
	has "$1"
}

symlinks() {
	local file
	start "$1"
	for file in passwd group; do
		special "$file" ln -s /dev/zero "$file"
		refused bob:bob
		special "$file" ln -s /proc/self/environ "$file"
		refused bob:bob
		special "$file" ln -s "$file" "$file"
		refused bob:bob
		special "$file" touch "$file"
	done
}

@test "U05: passwd or group is a symlink to a device: as root" { symlinks root; }
@test "U05: symlinks, as an ordinary user" { symlinks crtest; }
@test "U05: symlinks, as a user without subordinate ids" { symlinks crplain; }

fifos() {
	start "$1"
	special passwd mkfifo passwd
	refused bob 0
	rm -f "$DIR/etc-layer/etc/passwd"
	start_again
	special group mkfifo group
	refused bob:bob
}

# start_again: the root and the layer as start has them
start_again() {
	rm -rf "${DIR:?}/root" "${DIR:?}/etc-layer"
	start "$MODE"
}

@test "U06: passwd or group is a FIFO: as root" { fifos root; }
@test "U06: a FIFO, as an ordinary user" { fifos crtest; }
@test "U06: a FIFO, as a user without subordinate ids" { fifos crplain; }

# What the host's passwd says is not the image's: a user of it is unknown.
outside() {
	local target
	start "$1"
	for target in ../../../../../../../../etc/passwd /../../etc/passwd-; do
		special passwd ln -s "$target" passwd
		refused daemon
	done
	[ "$MODE" = root ] || return 0
	echo 'secret:x:7:7::/:/bin/sh' >"$DIR/host-passwd"
	special passwd ln -s "../../../../../../../../../../..$DIR/host-passwd" passwd
	refused secret
}

@test "U07: passwd is a symlink out of the image: as root" { outside root; }
@test "U07: out of the image, as an ordinary user" { outside crtest; }
@test "U07: out of the image, as a user without subordinate ids" { outside crplain; }

large() {
	start "$1"
	special passwd truncate -s 1G passwd
	refused bob
	start_again
	special group truncate -s 1G group
	refused bob:bob
}

@test "U08: passwd or group of a gigabyte, all of it a hole: as root" { large root; }
@test "U08: a gigabyte, as an ordinary user" { large crtest; }
@test "U08: a gigabyte, as a user without subordinate ids" { large crplain; }

names() {
	plain "$1"
	refused 99999999999 bob:99999999999 99999999999:99999999999
}

@test "U09: a number that is too large is no name, though passwd has it for root (CVE-2026-46680): as root" { names root; }
@test "U09: a number is no name, as an ordinary user" { names crtest; }
@test "U09: a number is no name, as a user without subordinate ids" { names crplain; }

# lines TEXT: for the passwd
lines() {
	printf '%b' "$1" >"$DIR/lines"
	special passwd cp "$DIR/lines" passwd
}

broken() {
	start "$1"
	{ head -c 1040000 /dev/zero | tr '\0' a; printf '\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\n'; } >"$DIR/long"
	special passwd cp "$DIR/long" passwd
	is 1000 bob
	lines 'bob\0:x:0:0::/:/bin/sh\nbob:x:0:0\0::/:/bin/sh\n'
	refused bob
	lines 'bob:x:0\nbob\nbob:x\nbob:::::::\nbob:x::0::/:/bin/sh\n'
	refused bob
	lines 'bob:x:4294967296:0::/:/bin/sh\nbob:x:-1:0::/:/bin/sh\nbob:x: 0:0::/:/bin/sh\nbob:x:0x0:0::/:/bin/sh\nbob:x:+0:0::/:/bin/sh\n'
	refused bob
	lines '\nbob:x:1000:1001:Bob:/home/bob:/bin/sh'
	is 1000 bob
	lines ':x:0:0::/:/bin/sh\n'
	refused ' ' bob
}

@test "U10: lines of a megabyte, NULs, missing fields, ids that are too large: as root" { broken root; }
@test "U10: lines, as an ordinary user" { broken crtest; }
@test "U10: lines, as a user without subordinate ids" { broken crplain; }

forms() {
	plain "$1"
	refused bob:bob:extra : bob: :bob 0:0:0 bob:nosuch
}

@test "U11: forms that are none: as root" { forms root; }
@test "U11: forms, as an ordinary user" { forms crtest; }
@test "U11: forms, as a user without subordinate ids" { forms crplain; }

characters() {
	plain "$1"
	refused a/b ../root 'bob\nroot' 'root\n'
}

@test "U12: names with a slash or a newline: as root" { characters root; }
@test "U12: names, as an ordinary user" { characters crtest; }
@test "U12: names, as a user without subordinate ids" { characters crplain; }

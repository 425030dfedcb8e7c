#!/usr/bin/env bats
# cr-login: credentials checked, kept and forgotten, in files and by helpers; and what of it the fetching programs find.

load helper

export BATS_TEST_TIMEOUT=60 # seconds: what hangs at a helper or a terminal has failed

setup_file() {
	# test:secret, as htpasswd -B makes it
	echo 'test:$2y$05$WzTZC6Nyxfv4HJXbTdRjSeUcbngu3eZ0FoXwd6ErLBg13VTT8q.ru' >"$BATS_FILE_TMPDIR/htpasswd"
	start_registry "$BATS_FILE_TMPDIR/htpasswd"
	CURL_OPTIONS='--user test:secret' push_image tools/x:latest "$(busybox_root)"
}

teardown_file() {
	stop_registry
}

setup() {
	setup_store
	FILE=$XDG_CONFIG_HOME/containers/auth.json
	HELPERS=$BATS_TEST_TMPDIR/helpers
	mkdir "$HELPERS"
	export PATH="$HELPERS:$PATH" HELPERS
}

# keep PASSWORD OPERAND...: without asking the registry
keep() {
	local password=$1
	shift
	printf '%s\n' "$password" | cr-login --no-check -u me --password-stdin "$@"
}

# A fresh file with that text.
file() {
	mkdir -p "${1%/*}"
	printf '%s\n' "$2" >"$1"
}

# entry FILE KEY: the user and the password, "{}" for an empty entry, "" for none
entry() {
	python3 - "$@" <<'END'
import base64, json, sys
entry = json.load(open(sys.argv[1])).get("auths", {}).get(sys.argv[2])
print("" if entry is None else base64.b64decode(entry["auth"]).decode() if list(entry) == ["auth"] else entry)
END
}

# fails STATUS WORDS: what `run --separate-stderr` ran printed nothing, and said WORDS
fails() {
	[ "$status" -eq "$1" ] && [ -z "$output" ] && [[ $stderr == *"$2"* ]] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# In a test, "!" alone would let a command succeed unseen.
not() {
	if "$@"; then
		echo "it does: $*" >&2
		return 1
	fi
}

silent() {
	[ "$status" -eq 0 ] && [ -z "$output" ] && [ -z "$stderr" ] && return
	printf 'status %s, stdout %s, stderr %s\n' "$status" "$output" "$stderr" >&2
	return 1
}

# helper NAME: a program of that name whose text is on stdin
helper() {
	{
		printf '#!/bin/sh\n'
		cat
	} >"$HELPERS/docker-credential-$1"
	chmod +x "$HELPERS/docker-credential-$1"
}

# A helper that keeps secrets as files, and a list of what it was asked.
good_helper() {
	mkdir -p "$HELPERS/$1.d"
	helper "$1" <<'END'
dir=${0%/*}/${0##*credential-}.d
input=$(cat)
printf '%s %s\n' "$1" "$(printf %s "$input" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')" >>"${0%/*}/asked"
case $1 in
store)
	server=$(printf %s "$input" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/' | tr / _)
	printf '%s\n' "$input" >"$dir/$server"
	;;
get)
	server=$(printf %s "$input" | tr / _)
	[ -f "$dir/$server" ] || { echo 'credentials not found in native keychain'; exit 1; }
	cat "$dir/$server"
	;;
erase) rm -f "$dir/$(printf %s "$input" | tr / _)" ;;
esac
END
}

# The registry gives an image to who has the password.
finds() {
	run --separate-stderr cr-fetch-manifest "$REGISTRY/tools/x"
	[ "$status" -eq 0 ]
}

terminal() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	python3 "$BATS_TEST_DIRNAME/terminal.py" "$@"
}

# --- a registry that wants a password ---

@test "a password that the registry takes is kept, without a word, and serves from then on" {
	need_registry
	run --separate-stderr cr-fetch-manifest "$REGISTRY/tools/x"
	[ "$status" -eq 5 ]
	run --separate-stderr cr-login -u test --password-stdin "$REGISTRY" <<<secret
	silent
	[ "$(entry "$FILE" "$REGISTRY")" = test:secret ]
	finds
}

@test "a password that the registry refuses is not kept" {
	need_registry
	run --separate-stderr cr-login -u test --password-stdin "$REGISTRY" <<<wrong
	fails 5 "$REGISTRY"
	[ ! -e "$XDG_CONFIG_HOME/containers" ]
	[[ $stderr != *wrong* ]]
}

@test "a registry that cannot be reached: nothing is kept, unless without asking it" {
	run --separate-stderr cr-login --retries 0 -u me --password-stdin 127.0.0.1:1 <<<secret
	fails 1 127.0.0.1:1
	[ ! -e "$FILE" ]
	run --separate-stderr keep secret 127.0.0.1:1
	silent
	[ "$(entry "$FILE" 127.0.0.1:1)" = me:secret ]
}

@test "-v says which file" {
	run --separate-stderr keep secret -v q.io
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$stderr" = "cr-login: q.io: kept as $FILE says" ]
	run --separate-stderr cr-login -v -d q.io
	[ "$stderr" = "cr-login: q.io: removed as $FILE says" ]
}

@test "container login and logout" {
	need_registry
	run --separate-stderr container login -u test --password-stdin "$REGISTRY" <<<secret
	silent
	finds
	run --separate-stderr container logout "$REGISTRY"
	silent
	[ -z "$(entry "$FILE" "$REGISTRY")" ]
	run --separate-stderr container logout "$REGISTRY"
	fails 4 "$REGISTRY: not logged in"
}

# --- what is given ---

@test "the password is all of stdin but for one newline, LF or CRLF, at its end" {
	local given wanted
	for given in 'a b \n' 'a b \r\n' 'a b '; do
		printf "$given" | cr-login --no-check -u me --password-stdin q.io
		[ "$(entry "$FILE" q.io)" = 'me:a b ' ]
	done
	printf 'two\nlines\n\n' | cr-login --no-check -u me --password-stdin q.io
	wanted=$(printf 'me:two\nlines\n.')
	[ "$(entry "$FILE" q.io; echo .)" = "${wanted%.}"$'\n.' ]
	printf 'kept\r' | cr-login --no-check -u me --password-stdin q.io
	[ "$(entry "$FILE" q.io)" = $'me:kept\r' ]
}

@test "no password, one with a NUL, one without an end: refused" {
	for given in '' '\n' '\r\n' 'a\0b' 'a\n\0' ; do
		run --separate-stderr bash -c "printf '$given' | cr-login --no-check -u me --password-stdin q.io"
		fails 2 'standard input: '
	done
	run --separate-stderr bash -c 'timeout 20 cr-login --no-check -u me --password-stdin q.io </dev/zero'
	fails 2 'standard input: '
	run --separate-stderr bash -c 'yes | timeout 20 cr-login --no-check -u me --password-stdin q.io'
	fails 2 'more than 32768 bytes'
	[ ! -e "$FILE" ]
	head -c 32768 /dev/zero | tr '\0' x | cr-login --no-check -u me --password-stdin q.io
	[ "$(entry "$FILE" q.io | wc -c)" -eq 32772 ]
	run --separate-stderr bash -c 'head -c 32769 /dev/zero | tr "\0" x | cr-login --no-check -u me --password-stdin q.io'
	fails 2 'more than 32768 bytes'
}

@test "a password on the command line is refused, and the message does not repeat it" {
	for option in -phidden --password=hidden '-p hidden' '--password hidden'; do
		# shellcheck disable=SC2086 # two words
		run --separate-stderr cr-login -u me $option q.io
		fails 2 --password-stdin
		[[ $stderr != *hidden* ]]
	done
}

@test "a user's name with a colon, or none, is refused" {
	run --separate-stderr cr-login --no-check -u me:too --password-stdin q.io <<<secret
	fails 2 "':'"
	run --separate-stderr cr-login --no-check -u '' --password-stdin q.io <<<secret
	fails 2 'the user name is empty'
	[ ! -e "$FILE" ]
}

@test "docker.io by all its names is one entry, called as docker calls it" {
	local name
	keep 0
	[ "$(entry "$FILE" https://index.docker.io/v1/)" = me:0 ]
	for name in docker.io index.docker.io https://index.docker.io/v1/ registry-1.docker.io; do
		file "$FILE" '{"auths":{"docker.io":{"auth":"eDp5"},"q.io":{},"index.docker.io":{}}}'
		keep "$name" "$name"
		[ "$(entry "$FILE" https://index.docker.io/v1/)" = "me:$name" ]
		[ "$(grep -c docker.io "$FILE")" -eq 1 ]
	done
}

@test "an entry is for a registry, or for a part of it" {
	keep 1 q.io
	keep 2 q.io/a/b
	keep 3 localhost:5000
	keep 4 '[::1]:5000'
	keep 5 docker.io/me
	for pair in q.io=1 q.io/a/b=2 localhost:5000=3 '[::1]:5000=4' docker.io/me=5; do
		[ "$(entry "$FILE" "${pair%=*}")" = "me:${pair#*=}" ]
	done
	cr-login -d q.io
	[ -z "$(entry "$FILE" q.io)" ]
	[ "$(entry "$FILE" q.io/a/b)" = me:2 ]
}

@test "what is no registry is refused" {
	for name in busybox me/busybox q.io/x:1 q.io//x '' q.io/X "q.io/x@sha256:$(printf '0%.0s' {1..64})" 'q.io x' ftp://q.io; do
		run --separate-stderr keep secret "$name"
		fails 2 cr-login:
		run --separate-stderr cr-login -d "$name"
		fails 2 cr-login:
	done
	[ ! -e "$FILE" ]
}

# --- the terminal ---

@test "the terminal is asked for what is missing, and the password does not show" {
	run -0 --separate-stderr terminal 'expect=User name: ' echo 'send=me\n' 'expect=Password: ' echo 'send=hidden-word\n' -- \
		cr-login --no-check q.io
	[ "${lines[0]}" = 'echo on' ]
	[ "${lines[1]}" = 'echo off' ]
	[ "${lines[2]}" = 'status 0' ]
	[ "${lines[3]}" = 'echo on' ]
	[[ $output == *'User name: me'* ]]
	[[ $output != *hidden* ]]
	[ "$(entry "$FILE" q.io)" = me:hidden-word ]
}

@test "a signal at the prompt ends the program, and the terminal is as it was" {
	local signal number
	run -0 --separate-stderr terminal 'expect=Password: ' echo 'send=hid\x03' -- cr-login --no-check -u me q.io
	[ "${lines[*]:0:3}" = 'echo off signal 2 echo on' ]
	for signal in TERM=15 HUP=1 QUIT=3; do
		number=${signal#*=}
		run -0 --separate-stderr terminal 'expect=Password: ' echo "signal=${signal%=*}" -- cr-login --no-check -u me q.io
		[ "${lines[*]:0:3}" = "echo off signal $number echo on" ]
	done
	[ ! -e "$FILE" ]
}

@test "stopped at the prompt, the terminal is as it was; after that the password is asked for again" {
	run -0 --separate-stderr terminal 'expect=Password: ' 'send=hid\x1a' stopped echo continue 'expect=Password: ' echo \
		'send=word\n' -- cr-login --no-check -u me q.io
	[ "${lines[*]:0:4}" = 'echo on echo off status 0 echo on' ]
	[ "$(entry "$FILE" q.io)" = me:word ]
}

@test "no answer, or an empty one, is a usage error" {
	for answer in '\x04' '\n'; do
		run -0 --separate-stderr terminal 'expect=Password: ' "send=$answer" -- cr-login --no-check -u me q.io
		[ "${lines[*]:0:2}" = 'status 2 echo on' ]
		[[ $output == *'answer came from the terminal'* ]]
	done
	run -0 --separate-stderr terminal 'expect=User name: ' 'send=a:b\n' -- cr-login --no-check q.io
	[[ $output == *"cannot hold a ':'"* ]]
	[ ! -e "$FILE" ]
}

@test "without a terminal it says what to do" {
	run --separate-stderr setsid -w cr-login --no-check -u me q.io
	fails 2 '--password-stdin'
	run --separate-stderr setsid -w cr-login --no-check --password-stdin q.io <<<secret
	fails 2 '--user'
}

# --- the file ---

@test "the file is for the user alone, whatever the umask, and so are the directories made for it" {
	local mask
	for mask in 000 077; do
		rm -rf "$XDG_CONFIG_HOME"
		(umask "$mask" && keep secret q.io)
		[ "$(stat -c %a "$XDG_CONFIG_HOME" "$XDG_CONFIG_HOME/containers" "$FILE" | tr '\n' ' ')" = '700 700 600 ' ]
	done
	rm -rf "$XDG_CONFIG_HOME"
	file "$FILE" '{}'
	chmod 666 "$FILE"
	keep secret q.io
	[ "$(stat -c %a "$FILE")" = 600 ]
}

@test "all else in the file stays" {
	file "$FILE" '{"b":[1,2.50,{"x":null}],"auths":{"a.io":{"auth":"eDp5","email":"\u00e9"},"q.io":{"auth":"eDp5"},"z.io":{}},"credHelpers":{"h.io":"x"},"HttpHeaders":{}}'
	keep secret q.io
	keep secret n.io
	cr-login -d a.io
	python3 - "$FILE" <<'END'
import json, sys
text = open(sys.argv[1]).read()
doc = json.loads(text)
assert list(doc) == ["b", "auths", "credHelpers", "HttpHeaders"], list(doc)
assert "2.50" in text
assert doc["b"] == [1, 2.5, {"x": None}] and doc["credHelpers"] == {"h.io": "x"} and doc["HttpHeaders"] == {}
assert list(doc["auths"]) == ["q.io", "z.io", "n.io"] and doc["auths"]["z.io"] == {}, doc["auths"]
END
}

@test "an empty file, one without auths, one with none: an entry is made" {
	for text in '' '{}' '{"auths":null}' '{"auths":{}}' '{"auths":{"q.io":null}}'; do
		file "$FILE" ''
		printf %s "$text" >"$FILE"
		keep secret q.io
		[ "$(entry "$FILE" q.io)" = me:secret ]
	done
}

@test "a file that is damaged stays as it is" {
	for text in '{"auths":' '[]' '"x"' '{"auths":[]}' '{"auths":{},"auths":{}}' 'nonsense'; do
		file "$FILE" "$text"
		run --separate-stderr keep secret q.io
		fails 3 "$FILE"
		[ "$(cat "$FILE")" = "$text" ]
	done
	[ "$(ls -A "${FILE%/*}")" = auth.json ]
}

@test "twenty logins at once: none is lost" {
	local i pids=()
	for i in {1..20}; do
		keep "$i" "q$i.io" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	for i in {1..20}; do
		[ "$(entry "$FILE" "q$i.io")" = "me:$i" ]
	done
	[ "$(ls -A "${FILE%/*}")" = auth.json ]
}

@test "a symlink is followed, also one that leads to nothing yet" {
	local dotfiles=$BATS_TEST_TMPDIR/dotfiles
	mkdir -p "${FILE%/*}" "$dotfiles"
	ln -s ../../dotfiles/link "$FILE"
	ln -s deep/auth.json "$dotfiles/link"
	keep 1 q.io
	keep 2 r.io
	[ -L "$FILE" ]
	[ -L "$dotfiles/link" ]
	[ "$(entry "$dotfiles/deep/auth.json" q.io)" = me:1 ]
	[ "$(entry "$dotfiles/deep/auth.json" r.io)" = me:2 ]
	cr-login -d q.io
	[ -L "$FILE" ]
	[ -z "$(entry "$FILE" q.io)" ]
	rm "$FILE"
	ln -s auth.json "$FILE"
	run --separate-stderr keep secret q.io
	fails 1 "$FILE"
}

@test "what a killed login has left is replaced, and a symlink there is not followed" {
	mkdir -p "${FILE%/*}"
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln -s "$BATS_TEST_TMPDIR/precious" "${FILE%/*}/.auth.json.new"
	keep secret q.io
	[ "$(cat "$BATS_TEST_TMPDIR/precious")" = precious ]
	[ "$(ls -A "${FILE%/*}")" = auth.json ]
}

@test "what is no file is not replaced" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/fifo
	mkfifo "$REGISTRY_AUTH_FILE"
	run --separate-stderr timeout 20 cr-login --no-check -u me --password-stdin q.io <<<secret
	fails 1 'not a regular file'
	[ -p "$REGISTRY_AUTH_FILE" ]
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR
	run --separate-stderr keep secret q.io
	[ "$status" -eq 1 ]
}

@test "an ordinary user's file or directory that is read-only stays" {
	need_plain_user
	local dir
	as_plain_user sh -c 'printf "secret\n" | cr-login --no-check -u me --password-stdin q.io'
	dir=$USER_DIR/config/containers
	cp "$dir/auth.json" "$BATS_TEST_TMPDIR/before"
	as_plain_user chmod 400 config/containers/auth.json
	run --separate-stderr as_plain_user sh -c 'printf "other\n" | cr-login --no-check -u me --password-stdin q.io'
	fails 1 'Permission denied'
	run --separate-stderr as_plain_user cr-login -d q.io
	fails 1 'Permission denied'
	as_plain_user chmod 600 config/containers/auth.json
	as_plain_user chmod 500 config/containers
	run --separate-stderr as_plain_user sh -c 'printf "other\n" | cr-login --no-check -u me --password-stdin q.io'
	fails 1 'Permission denied'
	as_plain_user chmod 700 config/containers
	cmp "$dir/auth.json" "$BATS_TEST_TMPDIR/before"
	as_plain_user sh -c 'printf "other\n" | cr-login --no-check -u me --password-stdin q.io'
	not cmp -s "$dir/auth.json" "$BATS_TEST_TMPDIR/before"
}

@test "root that writes a user's file leaves it the user's" {
	need_root
	need_plain_user
	file "$FILE" '{}'
	chown crplain: "$FILE"
	keep secret q.io
	[ "$(stat -c '%U %a' "$FILE")" = 'crplain 600' ]
}

@test "on a full disk the file stays as it was" {
	need_root
	unshare --mount true 2>/dev/null || skip "mount namespaces are not allowed here"
	run --separate-stderr unshare --mount sh -euc '
		mkdir -p "$XDG_CONFIG_HOME/containers"
		mount -t tmpfs -o size=64k none "$XDG_CONFIG_HOME/containers"
		cd "$XDG_CONFIG_HOME/containers"
		echo "{\"auths\":{\"q.io\":{\"auth\":\"eDp5\"}}}" >auth.json
		cp auth.json "$1"
		head -c 1M /dev/zero >full 2>/dev/null || :
		code=0
		echo secret | cr-login --no-check -u me --password-stdin q.io || code=$?
		cmp auth.json "$1" >&2
		echo left: * .[!.]* >&2
		exit "$code"' sh "$BATS_TEST_TMPDIR/before"
	fails 1 'No space left on device'
	[[ $stderr == *'left: auth.json full .[!.]*' ]]
}

# --- which file ---

@test "the file that has an entry already is written to" {
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
	local files=("$XDG_RUNTIME_DIR/containers/auth.json" "$FILE" "$DOCKER_CONFIG/config.json" "$HOME/.docker/config.json")
	local i j
	for i in "${!files[@]}"; do
		for j in "${!files[@]}"; do
			file "${files[j]}" '{}'
			((j < i)) || file "${files[j]}" '{"auths":{"q.io":{"auth":"eDp5"}}}'
		done
		keep secret q.io
		for j in "${!files[@]}"; do
			case $((j == i ? 0 : j < i ? -1 : 1)) in
			0) [ "$(entry "${files[j]}" q.io)" = me:secret ] ;;
			-1) [ "$(cat "${files[j]}")" = '{}' ] ;;
			1) [ "$(entry "${files[j]}" q.io)" = x:y ] ;;
			esac
		done
	done
}

@test "REGISTRY_AUTH_FILE is written to, whatever the others have" {
	file "$HOME/.docker/config.json" '{"auths":{"q.io":{"auth":"eDp5"}}}'
	REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/own.json keep secret q.io
	[ "$(entry "$BATS_TEST_TMPDIR/own.json" q.io)" = me:secret ]
	[ "$(entry "$HOME/.docker/config.json" q.io)" = x:y ]
}

@test "else docker's, where a helper keeps its secrets; else auth.json" {
	good_helper good
	keep 1 q.io
	[ "$(entry "$FILE" q.io)" = me:1 ]
	rm "$FILE"
	file "$HOME/.docker/config.json" '{"credHelpers":{"other.io":"good"}}'
	keep 2 q.io
	[ "$(entry "$FILE" q.io)" = me:2 ]
	rm "$FILE"
	file "$HOME/.docker/config.json" '{"credHelpers":{"q.io":"good"}}'
	keep 3 q.io
	[ ! -e "$FILE" ]
	[ "$(entry "$HOME/.docker/config.json" q.io)" = '{}' ]
	file "$HOME/.docker/config.json" '{"credsStore":"good"}'
	keep 4 q.io
	[ ! -e "$FILE" ]
	grep -q '"Secret":"4"' "$HELPERS/good.d/q.io"
	file "$HOME/.docker/config.json" '{"credsStore":"good","credHelpers":{"q.io":""}}'
	keep 5 q.io
	[ "$(entry "$FILE" q.io)" = me:5 ]
	rm "$FILE"
	file "$HOME/.docker/config.json" '{"credsStore":"good"}'
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/own.json
	keep 6 q.io
	[ "$(entry "$REGISTRY_AUTH_FILE" q.io)" = me:6 ]
	[ ! -e "$FILE" ]
}

@test "a name in the working directory is a file, too" {
	cd "$BATS_TEST_TMPDIR"
	export REGISTRY_AUTH_FILE=own.json
	keep secret q.io
	[ "$(entry own.json q.io)" = me:secret ]
}

# --- helpers ---

@test "a helper keeps the secret: none is in the file, and it is found again" {
	need_registry
	good_helper good
	file "$FILE" '{"credsStore":"good"}'
	run --separate-stderr cr-login -u test --password-stdin "$REGISTRY" <<<secret
	silent
	[ "$(entry "$FILE" "$REGISTRY")" = '{}' ]
	not grep -qE "secret|$(printf test:secret | base64)" "$FILE"
	[ "$(cat "$HELPERS/good.d/$REGISTRY")" = "{\"ServerURL\":\"$REGISTRY\",\"Username\":\"test\",\"Secret\":\"secret\"}" ]
	finds
	run --separate-stderr cr-login -d "$REGISTRY"
	silent
	[ ! -e "$HELPERS/good.d/$REGISTRY" ]
	[ -z "$(entry "$FILE" "$REGISTRY")" ]
	run --separate-stderr cr-fetch-manifest "$REGISTRY/tools/x"
	[ "$status" -eq 5 ]
}

@test "docker.io is called by a helper as docker calls it" {
	good_helper good
	file "$FILE" '{"credHelpers":{"https://index.docker.io/v1/":"good"}}'
	keep secret
	cr-login -d
	[ "$(cat "$HELPERS/asked")" = "store https://index.docker.io/v1/
get https://index.docker.io/v1/
erase https://index.docker.io/v1/" ]
}

@test "no secret is on a command line or in the environment, ours or a helper's" {
	helper spy <<'END'
cat >/dev/null
for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
	cat "$file" 2>/dev/null | tr '\0' '\n'
done >"$HELPERS/seen"
END
	[ -r /proc/self/cmdline ] || skip "no /proc"
	file "$FILE" '{"credsStore":"spy"}'
	printf 'marked-%s-%s\n' very secret >"$BATS_TEST_TMPDIR/password"
	cr-login --no-check -u me --password-stdin q.io <"$BATS_TEST_TMPDIR/password"
	grep -q docker-credential-spy "$HELPERS/seen"
	grep -qx cr-login "$HELPERS/seen"
	not grep -q "$(cat "$BATS_TEST_TMPDIR/password")" "$HELPERS/seen"
	not grep -q "$(printf 'me:%s' "$(cat "$BATS_TEST_TMPDIR/password")" | base64)" "$HELPERS/seen"
}

@test "no descriptor of ours but the standard ones is a helper's" {
	helper open <<'END'
cat >/dev/null
printf '%s ' /proc/$$/fd/* >"$HELPERS/$1"
END
	[ -d /proc/self/fd ] || skip "no /proc"
	file "$FILE" '{"credsStore":"open"}'
	keep secret q.io
	printf x | docker-credential-open alone | cat
	[ "$(sed 's,/proc/[0-9]*/,,g' "$HELPERS/store")" = "$(sed 's,/proc/[0-9]*/,,g' "$HELPERS/alone")" ]
}

@test "a helper that knows nothing is passed over, for the next file" {
	need_registry
	helper none <<'END'
cat >/dev/null
echo 'credentials not found in native keychain'
exit 1
END
	file "$FILE" "{\"credHelpers\":{\"$REGISTRY\":\"none\"}}"
	file "$HOME/.docker/config.json" "{\"auths\":{\"$REGISTRY\":{\"auth\":\"$(printf test:secret | base64)\"}}}"
	finds
	helper none <<'END'
cat >/dev/null
echo '{"ServerURL":"","Username":"","Secret":""}'
END
	finds
}

@test "a helper of the registry's own comes before entries, one for all after them" {
	need_registry
	good_helper good
	good_helper bad
	printf '{"ServerURL":"x","Username":"test","Secret":"secret"}' >"$HELPERS/good.d/$REGISTRY"
	printf '{"ServerURL":"x","Username":"test","Secret":"wrong"}' >"$HELPERS/bad.d/$REGISTRY"
	file "$FILE" "{\"auths\":{\"$REGISTRY\":{\"auth\":\"eDp5\"}},\"credHelpers\":{\"$REGISTRY\":\"good\"},\"credsStore\":\"bad\"}"
	finds
	file "$FILE" "{\"auths\":{\"$REGISTRY\":{\"auth\":\"$(printf test:secret | base64)\"}},\"credsStore\":\"bad\"}"
	finds
	file "$FILE" "{\"auths\":{\"$REGISTRY/tools\":{},\"$REGISTRY\":{\"auth\":\"$(printf test:secret | base64)\"}},\"credsStore\":\"bad\"}"
	finds
	file "$FILE" "{\"auths\":{\"$REGISTRY\":{}},\"credsStore\":\"good\"}"
	finds
}

@test "a helper that fails is named, with its words, which cannot hurt a terminal" {
	helper broken <<'END'
cat >/dev/null
echo 'to stderr' >&2
printf 'it is \033[31mlocked\nfor now'
exit 3
END
	file "$FILE" '{"credsStore":"broken"}'
	run --separate-stderr keep secret q.io
	fails 1 "$FILE: docker-credential-broken store: exit status 3: it is  [31mlocked for now"
	[[ $stderr == 'to stderr'* ]]
	[ "$(cat "$FILE")" = '{"credsStore":"broken"}' ]
	run --separate-stderr cr-login -d q.io
	fails 1 'docker-credential-broken get: exit status 3: it is'
	helper broken <<'END'
yes word | head -c 1000
exit 1
END
	run --separate-stderr keep secret q.io
	fails 1 'word word'
	[ "${#stderr}" -lt 500 ]
	helper broken <<'END'
cat
exit 1
END
	run --separate-stderr keep secret-word q.io
	fails 1 'exit status 1'
	[[ $stderr != *secret-word* ]]
	helper broken <<<'kill -KILL $$'
	run --separate-stderr keep secret q.io
	fails 1 'killed by signal 9'
	rm "$HELPERS/docker-credential-broken"
	run --separate-stderr keep secret q.io
	fails 1 'docker-credential-broken store: the helper cannot be run'
}

@test "a helper's failure ends a pull, too" {
	need_registry
	helper broken <<<'echo out of order; exit 1'
	file "$FILE" '{"credsStore":"broken"}'
	run --separate-stderr cr-fetch-manifest "$REGISTRY/tools/x"
	fails 1 'docker-credential-broken get: exit status 1: out of order'
}

@test "a helper that says nothing of use" {
	helper babble <<<'cat "$HELPERS/babble"'
	file "$FILE" '{"credsStore":"babble"}'
	for text in '' garbage '[]' '{}' '{"Username":"x"}' '{"Username":"x","Secret":7}' '{"Username":"x","Secret":"a\u0000b"}' '{"Username":"x","Secret":"y"'; do
		printf '%s' "$text" >"$HELPERS/babble"
		run --separate-stderr cr-login -d q.io
		fails 3 'docker-credential-babble get: '
	done
}

@test "a helper that goes on for ever is killed" {
	helper endless <<'END'
echo $$ >"$HELPERS/pid"
trap '' PIPE
while :; do echo word; done
END
	file "$FILE" '{"credsStore":"endless"}'
	run --separate-stderr timeout 20 cr-login -d q.io
	not kill -KILL "$(cat "$HELPERS/pid")"
	fails 3 'docker-credential-endless get: it says more than 65536 bytes'
}

@test "a helper that does not read what it is told, or leaves somebody behind" {
	helper deaf <<<'exec <&-; echo "{\"Username\":\"test\",\"Secret\":\"secret\"}"'
	file "$FILE" '{"credsStore":"deaf"}'
	head -c 32768 /dev/zero | tr '\0' '"' >"$BATS_TEST_TMPDIR/long" # 64 KiB when escaped: more than a pipe may hold
	run --separate-stderr timeout 20 cr-login --no-check -u me --password-stdin q.io <"$BATS_TEST_TMPDIR/long"
	silent
	helper deaf <<<'sleep 0.5; exit 0'
	run --separate-stderr timeout 20 cr-login --no-check -u me --password-stdin q.io <"$BATS_TEST_TMPDIR/long"
	silent
	helper deaf <<'END'
sleep 60 &
echo $! >"$HELPERS/pid"
cat >/dev/null
END
	run --separate-stderr timeout 20 cr-login --no-check -u me --password-stdin q.io <<<secret
	kill "$(cat "$HELPERS/pid")"
	silent
}

@test "a long secret reaches a helper whole" {
	good_helper good
	file "$FILE" '{"credsStore":"good"}'
	head -c 32768 /dev/zero | tr '\0' '"' >"$BATS_TEST_TMPDIR/long"
	cr-login --no-check -u me --password-stdin q.io <"$BATS_TEST_TMPDIR/long"
	python3 - "$HELPERS/good.d/q.io" <<'END'
import json, sys
assert json.load(open(sys.argv[1]))["Secret"] == '"' * 32768
END
}

@test "a helper's name is a word, never a path" {
	helper ok <<<'touch "$HELPERS/ran"'
	mkdir -p "$HELPERS/docker-credential-x"
	printf '#!/bin/sh\ntouch "$HELPERS/ran"\n' >"$HELPERS/docker-credential-x/y"
	chmod +x "$HELPERS/docker-credential-x/y"
	cd "$HELPERS"
	for name in x/y ../x -x .x 'a b' 'a;b' "$(printf 'x%.0s' {1..101})" 'é'; do
		file "$FILE" "{\"credsStore\":\"$name\"}"
		run --separate-stderr keep secret q.io
		fails 3 "is no name of a credential helper"
		file "$FILE" "{\"credHelpers\":{\"q.io\":\"$name\"}}"
		run --separate-stderr keep secret q.io
		fails 3 "is no name of a credential helper"
	done
	file "$FILE" '{"credsStore":7}'
	run --separate-stderr keep secret q.io
	fails 3 "$FILE"
	[ ! -e "$HELPERS/ran" ]
}

@test "a helper cannot keep what is not UTF-8, nor for a part of a registry" {
	good_helper good
	file "$FILE" '{"credsStore":"good"}'
	run --separate-stderr keep $'\xff' q.io
	fails 3 'UTF-8'
	run --separate-stderr keep secret q.io/project
	fails 2 'docker-credential-good'
	[ ! -e "$HELPERS/asked" ]
	[ "$(cat "$FILE")" = '{"credsStore":"good"}' ]
}

# --- logging out ---

@test "logout takes it out of every file and helper, and of nothing else" {
	good_helper good
	good_helper other
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/own.json
	file "$REGISTRY_AUTH_FILE" '{"auths":{"q.io":{"auth":"eDp5"},"r.io":{"auth":"eDp5"}}}'
	file "$FILE" '{"auths":{"https://q.io":{"auth":"eDp5"}},"credHelpers":{"q.io":"other"}}'
	file "$HOME/.docker/config.json" '{"auths":{"q.io":{},"q.io/a":{"auth":"eDp5"}},"credsStore":"good"}'
	touch "$HELPERS/unrelated"
	for helper in good other; do
		printf '{"Username":"x","Secret":"y"}' >"$HELPERS/$helper.d/q.io"
		printf '{"Username":"x","Secret":"y"}' >"$HELPERS/$helper.d/r.io"
	done
	run --separate-stderr cr-login --logout q.io
	silent
	for f in "$REGISTRY_AUTH_FILE" "$FILE" "$HOME/.docker/config.json"; do
		[ -z "$(entry "$f" q.io)$(entry "$f" https://q.io)" ]
	done
	[ "$(ls "$HELPERS"/*.d/)" = "$(printf '%s:\nr.io\n\n%s:\nr.io' "$HELPERS/good.d/" "$HELPERS/other.d/")" ]
	[ "$(entry "$REGISTRY_AUTH_FILE" r.io)" = x:y ]
	[ "$(entry "$HOME/.docker/config.json" q.io/a)" = x:y ]
	run --separate-stderr cr-login --logout q.io
	fails 4 'q.io: not logged in'
}

@test "logout of somebody who is not logged in touches no file" {
	file "$FILE" '{ "auths" : { } }'
	run --separate-stderr cr-login -d
	fails 4 'docker.io: not logged in'
	[ "$(cat "$FILE")" = '{ "auths" : { } }' ]
	[ ! -e "$HOME/.docker" ]
}

@test "logout goes on after a file that fails, and fails" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/own.json
	file "$REGISTRY_AUTH_FILE" nonsense
	file "$FILE" '{"auths":{"q.io":{"auth":"eDp5"}}}'
	run --separate-stderr cr-login -d q.io
	fails 3 "$REGISTRY_AUTH_FILE"
	[ -z "$(entry "$FILE" q.io)" ]
	[ "$(cat "$REGISTRY_AUTH_FILE")" = nonsense ]
}

@test "logout takes no user" {
	for option in -ume --password-stdin --no-check; do
		run --separate-stderr cr-login -d "$option" q.io
		fails 2 --logout
	done
}

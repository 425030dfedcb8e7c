# README.md: the commands of its tours work as they are shown. docker.io is the registry on loopback.

load helper

setup_file() {
	start_registry
	push_busybox
}

teardown_file() {
	stop_registry
}

setup() {
	need_userns
	setup_store
	mirror_docker_io
}

# tour NAME: its commands, a line each; fails if there are none
tour() {
	awk -v head="<!-- tour: $1 -->" '
		$0 == head { on = 1; next }
		on && /^    / { print substr($0, 5); n++; next }
		on && n { exit }
		END { exit !n }' "$ROOT/README.md"
}

# words_of COMMAND: what its output has to hold, an extended regular expression; nothing where nothing is printed
words_of() {
	case $1 in
	*'tail -n 1 progress'*) echo '^\{"digest":"sha256:[0-9a-f]{64}","state":"(there|done)","bytes":[0-9]+,"total":[0-9]+\}$' ;;
	'container pull '*) echo '^busybox:latest: sha256:[0-9a-f]{64}$' ;;
	'container list') echo '^busybox:latest .*linux/' ;;
	*'Hello Container!'*) echo '^Hello Container!$' ;;
	'container inspect '*) echo '"digest": *"sha256:[0-9a-f]{64}"' ;;
	*'ls -la /'*) echo '^d.* (etc|bin)$' ;;
	*'GREETING=hello'*) echo '^hello from /tmp as nobody$' ;;
	'container run -d '*) echo '^[0-9a-f]{12}$' ;;
	'container ps') echo 'busybox .* running .*web$' ;;
	'container exec web ps') echo 'sleep 1000$' ;;
	'container wait job '*) echo '^0$' ;;
	'container logs job') echo '^done$' ;;
	'container stop '* | 'container rm '*) ;;
	'container ps -a') echo 'busybox:latest .*exited \(0\)' ;;
	*'echo hello') echo '^hello$' ;;
	*'cut -f1,2'*) echo '^sha256:[0-9a-f]{64}[[:space:]][0-9]+$' ;;
	*'grep -o '*) echo '"mediaType":"application/vnd.oci.image.manifest.v1\+json"' ;;
	'skopeo '*) echo '"Digest": "sha256:' ;;
	'cr-cat '*' | cr-unpack -C '* | 'cr-fetch-manifest '*' | cr-mkrootfs '* | *'>/dev/null'* | 'cr-mkrootfs '* | 'rm '*) ;;
	*) echo 'a command of the README that readme.bats does not know' ;;
	esac
}

# check COMMAND WRAPPER...: one command, as it is shown
check() {
	local command=$1 words
	words=$(words_of "$command")
	echo "\$ $command"
	run --separate-stderr "${@:2}" sh -c "$command"
	printf '%s\n' "$output" "$stderr" "status $status"
	[ "$status" -eq 0 ] && [ -z "$stderr" ] || return
	if [ "$words" ]; then
		grep -qE "$words" <<<"$output"
	else
		[ -z "$output" ]
	fi
}

# take_tour NAME WRAPPER...: each command by itself, in the directory where it is taken. Commands that match $impossible
# have to be refused.
take_tour() {
	local command taken=0
	tour "$1" >"$BATS_TEST_TMPDIR/commands" || return
	while IFS= read -r command <&4; do
		[[ $command != skopeo* ]] || command -v skopeo >/dev/null || continue
		if [[ ${impossible-} && $command == *"$impossible"* ]]; then
			run --separate-stderr "${@:2}" sh -c "$command"
			[ "$status" -eq 125 ] && [ -n "$stderr" ] || return
		else
			check "$command" "${@:2}" || return
		fi
		taken=$((taken + 1))
	done 4<"$BATS_TEST_TMPDIR/commands"
	[ "$taken" -ge 2 ]
}

@test "the tours: root" {
	need_root
	mkdir "$BATS_TEST_TMPDIR/empty"
	cd "$BATS_TEST_TMPDIR/empty"
	for name in life wrapper pipe more fetch unpack; do
		take_tour "$name" env
	done
	[ -z "$(ls -A)" ] # the last tour removes what they made
}

@test "the tours: an ordinary user" {
	need_user
	for name in life wrapper pipe more fetch unpack; do
		take_tour "$name" as_user
	done
}

@test "the tours: an ordinary user with one id" {
	need_plain_user
	impossible='-u nobody' # uid 0 is all there is inside
	for name in life wrapper pipe fetch unpack; do
		take_tour "$name" as_plain_user
	done
}

@test "each tour stands by itself, from an empty store" {
	for name in wrapper pipe life; do
		mkdir "$BATS_TEST_TMPDIR/$name"
		cd "$BATS_TEST_TMPDIR/$name"
		CR_STORE=$BATS_TEST_TMPDIR/$name.store take_tour "$name" env
	done
}

@test "what the README names is there" {
	cd "$ROOT"
	for target in demo check install help fuzz mutants bench-unpack; do
		grep -q "make $target" README.md
		grep -q "^$target:" Makefile
	done
	for part in bin lib share tests tests/unit tests/hostile tests/readme.bats; do
		grep -q "\`$part/\?\`" README.md
		[ -e "$part" ]
	done
	for program in $(grep -oE '\bcr-[a-z]+(-[a-z]+)?\b' README.md | sort -u); do
		[ -x "$BIN/$program" ]
	done
}

@test "a tour's command that fails or says something else is seen" {
	run ! check 'container run busybox:latest /bin/echo "Hello Nobody!" # Hello Container!' env
	run ! check 'true; container run busybox:latest /bin/echo "Hello Container!"; false' env
	run ! check 'true' env
	run -0 check 'container run busybox:latest /bin/echo "Hello Container!"' env
}

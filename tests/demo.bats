# make demo and make install; share/registry, mkimage and pushimage, on which many tests stand.

load helper

setup() {
	setup_store
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

need_demo() {
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	need_userns
}

registries_of() {
	pgrep -f "serve $TMPDIR/" || :
}

@test "the demo pulls, runs and shows, and leaves nothing behind" {
	need_demo
	run -0 --separate-stderr demo
	[[ $output == *'$ container pull busybox:latest'* ]]
	[[ $output == *'$ container run busybox:latest /bin/echo "Hello Container!"'$'\n''Hello Container!'* ]]
	[[ $output == *'"name": "docker.io/library/busybox:latest"'* ]]
	[[ $output == *' bin'$'\n'* ]]
	[[ $output == *'exited (0)'* ]]
	[ -z "$stderr" ]
	[ -z "$(ls -A "$TMPDIR")" ]
	[ -z "$(registries_of)" ]
}

@test "the demo works for an ordinary user, and leaves nothing behind" {
	need_demo
	need_user
	is_root || skip "the test before is this one"
	run -0 as_user "${USER_BIN%/*}/share/demo"
	[[ $output == *'Hello Container!'* ]]
	[ -z "$(ls -A "$USER_DIR/tmp")" ]
}

@test "the demo without subordinate ids" {
	need_demo
	need_plain_user
	is_root || skip "the first test is this one"
	run -0 as_plain_user "${USER_BIN%/*}/share/demo"
	[[ $output == *'Hello Container!'* ]]
	[ -z "$(ls -A "$USER_DIR/tmp")" ]
}

@test "a demo that is interrupted leaves nothing behind" {
	need_demo
	demo >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	for _ in {1..100}; do
		[ -z "$(registries_of)" ] || break
		sleep 0.1
	done
	[ -n "$(registries_of)" ]
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 143 ]
	[ -z "$(ls -A "$TMPDIR")" ]
	[ -z "$(registries_of)" ]
}

@test "a demo whose image cannot be had fails" {
	run demo 127.0.0.1:1/no/such
	[ "$status" -ne 0 ]
	[[ $output != *'container list'* ]]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "make install puts things in their places" {
	[ -w "$BIN" ] || skip "the tree is not ours to build in"
	run -0 env -u MAKEFLAGS make -s -C "$ROOT" install OUT="$BIN" BUILD="$ROOT/build/check" CFLAGS='-O2 -g -Werror' \
		DESTDIR="$BATS_TEST_TMPDIR/dest" PREFIX=/usr
	cd "$BATS_TEST_TMPDIR/dest/usr"
	for program in container cr-fetch-manifest cr-exec; do
		[ -x "bin/$program" ]
		[ -f "share/man/man1/$program.1" ]
		[ -f "share/bash-completion/completions/$program" ]
	done
	[ -f share/zsh/site-functions/_container ]
	[ -f share/fish/vendor_completions.d/container.fish ]
	run -0 "$BATS_TEST_TMPDIR/dest/usr/bin/cr-inspect" --where
	[ "$output" = "$CR_STORE" ]
}

@test "mkimage makes the same image of the same files, and skopeo reads it" {
	command -v skopeo >/dev/null || skip "skopeo is not installed"
	root=$(busybox_root)
	for how in gzip zstd none; do
		one=$(mkimage -z "$how" -c '["sh"]' -e 'QUOTE="\' -l a=b -w /tmp -u app "$BATS_TEST_TMPDIR/one" "n:$how" "$root")
		two=$(mkimage -z "$how" -c '["sh"]' -e 'QUOTE="\' -l a=b -w /tmp -u app "$BATS_TEST_TMPDIR/two" "n:$how" "$root")
		[ "$one" = "$two" ]
	done
	for how in gzip zstd none; do
		run -0 skopeo inspect --config --format '{{.Config.Env}} {{.Config.WorkingDir}} {{.Config.User}}' \
			"oci:$BATS_TEST_TMPDIR/one:n:$how"
		[ "$output" = '[QUOTE="\] /tmp app' ]
		run -0 skopeo copy -q "oci:$BATS_TEST_TMPDIR/one:n:$how" "dir:$BATS_TEST_TMPDIR/copy"
	done
}

@test "a registry with a password file asks for one" {
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	# test:secret, as htpasswd -B makes it
	echo 'test:$2y$05$WzTZC6Nyxfv4HJXbTdRjSeUcbngu3eZ0FoXwd6ErLBg13VTT8q.ru' >"$TMPDIR/htpasswd"
	address=$(registry start "$TMPDIR/registry" "$TMPDIR/htpasswd" 3>&-)
	without=$(curl -q -s -o /dev/null -w '%{http_code}' "http://$address/v2/")
	with=$(curl -q -s -o /dev/null -w '%{http_code}' -u test:secret "http://$address/v2/")
	registry stop "$TMPDIR/registry"
	[ "$without $with" = '401 200' ]
	[ -z "$(registries_of)" ]
}

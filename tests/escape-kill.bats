# Containers that are killed, stopped, started all at once, and started while the ground moves under them.
#
# $KILLS is how often cr-exec is killed in each test, $RACES how many exchanges have to happen while a container starts; `make torture` has more
# than a check.

load helper
load escape/helper

setup_file() {
	build_probe
	cc -D_GNU_SOURCE -O2 -o "$BATS_FILE_TMPDIR/swap" "$BATS_TEST_DIRNAME/hostile/swap.c"
	cc -O2 -o "$BATS_FILE_TMPDIR/later" "$BATS_TEST_DIRNAME/escape/later.c"
}

setup() {
	need_probe
	MARK=cr-kill-$BASHPID-$RANDOM
}

teardown() {
	local pid
	[ -z "${MARK-}" ] || for pid in $(marked "$MARK"); do kill -9 "$pid" 2>/dev/null || true; done
}

start() {
	mode "$1"
	make_root "$DIR/root"
	cp "$BATS_FILE_TMPDIR/swap" "$BATS_FILE_TMPDIR/later" "$DIR/"
	own "$DIR/swap" "$DIR/later"
}

# run_marked [OPTION]... -- CMD...: in a container of $DIR/root, all of it with the mark; to be put into the background
run_marked() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	in_mode env "MARK=$MARK" cr-exec -e "MARK=$MARK" "${options[@]}" "$DIR/root" "$@"
}

# --- killed ---

# Where nothing was set up yet, in the middle of it, and when all runs; in a loop of the other user, which is not started each time.
kills() {
	local mounts
	start "$1"
	mounts=$(wc -l </proc/self/mountinfo)
	# shellcheck disable=SC2016
	in_mode bash -uc '
		. "$1"
		for ((n = 0; n < $2; n++)); do
			env "MARK=$3" "$4/later" kill 40000 cr-exec -e "MARK=$3" "$4/root" -- \
				/bin/sh -c "echo >/up; sleep 100 & (sleep 100 &) ; sleep 100"
			[ $? -eq 137 ] || exit
			gone "$3" || exit
		done' - "$BATS_TEST_DIRNAME/escape/helper.bash" "${KILLS:-200}" "$MARK" "$DIR" </dev/null 3>&-
	[ -e "$DIR/root/up" ] # some had begun
	[ "$(wc -l </proc/self/mountinfo)" -eq "$mounts" ]
	[ -z "$(find /proc/[0-9]*/root -maxdepth 0 -lname "$DIR/root*" 2>/dev/null)" ]
}

@test "kill -9 of cr-exec at any moment: within a second no process and no mount is left: as root" { kills root; }
@test "kill -9 of cr-exec, as an ordinary user" { kills crtest; }
@test "kill -9 of cr-exec, as a user without subordinate ids" { kills crplain; }

# killed_containers: `container run -d`; its supervisor is killed, and nothing says that it runs
killed_containers() {
	local n id
	start "$1"
	store_in_mode
	make_store_image base "$DIR/root" >/dev/null
	for n in {1..10}; do
		id=$(in_mode env "MARK=$MARK" container run -d -e "MARK=$MARK" base sleep 100 3>&-)
		[ "$(in_mode cr-ps -a "$id" | cut -f 2)" = running ]
		kill -9 "$(parent "$(in_mode cr-ps "$id" | cut -f 4)")"
		gone "$MARK"
		[ "$(in_mode cr-ps -a "$id" | cut -f 2)" = died ]
		in_mode timeout 10 container rm "$id"
	done
	[ -z "$(in_mode cr-ps -a)" ]
}

@test "kill -9 of a container's supervisor: no process, no lock, and it can be removed: as root" { killed_containers root; }
@test "kill -9 of a supervisor, as an ordinary user" { killed_containers crtest; }

# The wrapper is cr-exec by then.
@test "kill -9 of container run: no process is left" {
	local n pid
	start root
	store_in_mode
	make_store_image base "$DIR/root" >/dev/null
	in_mode container run --rm base true
	for n in {1..20}; do
		env "MARK=$MARK" "$DIR/later" kill 60000 container run -e "MARK=$MARK" base sh -c 'sleep 100 & sleep 100' >/dev/null 2>&1 </dev/null 3>&- &
		wait $! || true
		gone "$MARK"
	done
	run -0 cr-ps
	[ -z "$output" ]
}

# kill_inner INIT|COMMAND: from outside; the status is a killed command's
kill_inner() {
	local status=0 target
	rm -f "$DIR/pid"
	run_marked --pid-file "$DIR/pid" -- /bin/sh -c 'sleep 100 & sleep 100' >/dev/null 2>&1 </dev/null 3>&- &
	until_true test -s "$DIR/pid"
	target=$(cat "$DIR/pid")
	[ "$1" = COMMAND ] || target=$(parent "$target")
	kill -9 "$target"
	wait $! || status=$?
	[ "$status" -eq 137 ]
	gone "$MARK"
}

inner() {
	start "$1"
	kill_inner COMMAND
	kill_inner INIT
}

@test "kill -9 of process 1, and of the command, from outside: status 137, and nothing is left: as root" { inner root; }
@test "kill -9 of process 1, as an ordinary user" { inner crtest; }
@test "kill -9 of process 1, as a user without subordinate ids" { inner crplain; }

# --- stopped ---

# Where it is stopped is not for it to know: all that it does still comes out right.
stops() {
	local n status
	start "$1"
	for n in {1..40}; do
		status=0
		in_mode "$DIR/later" stop 15000 cr-exec "$DIR/root" -- /bin/sh -c "sleep 0.01; exit $n" </dev/null 3>&- || status=$?
		[ "$status" -eq "$n" ]
	done
	for n in {1..20}; do
		run_marked -- /bin/sh -c "sleep 0.05; exit $n" </dev/null 3>&- &
		for pid in $(marked "$MARK"); do # those inside, too
			kill -STOP "$pid" 2>/dev/null || true
			sleep 0.01
			kill -CONT "$pid" 2>/dev/null || true
		done
		status=0
		wait $! || status=$?
		[ "$status" -eq "$n" ]
	done
	gone "$MARK"
}

@test "C13: stopped and continued at any moment, it still ends as the command does: as root" { stops root; }
@test "C13: ... as an ordinary user" { stops crtest; }

# --- many ---

hundred() {
	local n pids=() status
	start "$1"
	for ((n = 0; n < 100; n++)); do
		run_marked -- /bin/sh -c "exit $n" </dev/null 3>&- &
		pids+=($!)
	done
	for ((n = 0; n < 100; n++)); do
		status=0
		wait "${pids[n]}" || status=$?
		[ "$status" -eq "$n" ]
	done
	gone "$MARK"
	# Nobody who was not waited for: neither those that we started nor a child of theirs.
	[ -z "$(ps -eo pid=,ppid= | awk -v ours="${pids[*]}" 'BEGIN { n = split(ours, list); for (k = 1; k <= n; k++) own[list[k]] = 1 }
		$1 in own || $2 in own')" ]
}

@test "C15: a hundred at once: each ends as its command does, and none stays as a zombie: as root" { hundred root; }
@test "C15: ... as an ordinary user" { hundred crtest; }
@test "C15: ... as a user without subordinate ids" { hundred crplain; }

# --- moving ground ---

# race PATH: it and a symlink to the canary change places while containers start
race() {
	local rounds=0 well=0 runs=0 how
	rm -rf "${DIR:?}/root"
	make_root "$DIR/root"
	mkdir -p "$DIR"/root/{dev,proc,sys,etc}
	echo inside >"$DIR/root/etc/resolv.conf"
	ln -s "../../../../../../../../../..$DIR/outside" "$DIR/root/link"
	[ "$1" != etc/resolv.conf ] || ln -sfn "../../../../../../../../../..$DIR/outside/keep" "$DIR/root/link"
	own "$DIR/root/link" "$DIR"/root/{dev,proc,sys,etc}
	while [ "$rounds" -lt "${RACES:-3000}" ]; do
		in_mode timeout 20 "$DIR/swap" "$DIR/count" "$DIR/root/$1" "$DIR/root/link" cr-exec "$DIR/root" -- /bin/sh -c \
			'for f in /etc/resolv.conf /etc/hosts /dev/shm/x /proc/x /etc/keep; do echo x >$f; cat $f; done 2>/dev/null; exit 0' \
			>"$DIR/shown" 2>/dev/null && how=0 || how=$?
		[ "$how" -eq 0 ] || [ "$how" -eq 125 ]
		run -1 grep keep "$DIR/shown"
		well=$((well + (how == 0))) runs=$((runs + 1)) rounds=$((rounds + $(cat "$DIR/count")))
	done
	echo "$1: $rounds rounds in $runs runs, of which $well went well"
	[ "$("$BATS_TEST_DIRNAME/tree" "$DIR/outside")" = "$BEFORE" ]
}

races() {
	local path
	start "$1"
	mkdir "$DIR/outside"
	echo keep >"$DIR/outside/keep"
	cp "$DIR/outside/keep" "$DIR/outside/resolv.conf"
	own "$DIR/outside"
	BEFORE=$("$BATS_TEST_DIRNAME/tree" "$DIR/outside")
	for path in dev proc sys etc etc/resolv.conf; do
		race "$path"
	done
}

@test "C10: mount points change places with symlinks while containers start: nothing outside: as root" { races root; }
@test "C10: ... as an ordinary user" { races crtest; }
@test "C10: ... as a user without subordinate ids" { races crplain; }

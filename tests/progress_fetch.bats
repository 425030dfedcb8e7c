# What cr-fetch-blob shows of the arrival of blobs: bars where stderr is a terminal, and JSON lines where asked for.

load helper
load pane

setup_file() {
	command -v python3 >/dev/null || return 0
	"$ROOT/tests/progress/slowserver.py" "$BATS_FILE_TMPDIR" >/dev/null 2>&1 3>&- &
	export SLOW_PID=$!
	until_true [ -f "$BATS_FILE_TMPDIR/records" ]
}

teardown_file() {
	[ -z "${SLOW_PID-}" ] || kill "$SLOW_PID"
}

setup() {
	[ "${SLOW_PID-}" ] || skip "python3 is not installed"
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR/records" .
	# shellcheck disable=SC2034 # one each
	read -r D1 D2 D3 <<<"$(cut -f 1 records | tr '\n' ' ')"
	readonly BLOB='[0-9a-f]{12} .*' SUM='/3 blobs .*'
}

teardown() {
	close_pane
}

# lines DIGEST: its states and bytes, from the file `lines`
lines() {
	sed -nE "s/^\{\"digest\":\"$1\",\"state\":\"([a-z]+)\",\"bytes\":([0-9]+),\"total\":1000000\}\$/\1 \2/p" lines
}

# check_arrival DIGEST LEAST: waiting, running from LEAST bytes on and in several steps, done
check_arrival() {
	lines "$1" | awk -v least="$2" '
		{ sub(/ /, "\t") }
		NR == 1 { good = $1 == "waiting" && $2 == 0; next }
		NR == 2 && least == 0 { good = good && $1 == "running" && $2 == 0 } # said before a byte has come
		$1 == "running" { running++; good = good && !done && $2 >= least && $2 >= last; last = $2; next }
		$1 == "done" { good = good && !done++ && $2 == 1000000; next }
		{ good = 0 }
		END { exit !(good && done && running >= 3 && running <= 25) }' || { cat lines; return 1; }
}

@test "bars on a terminal, and then nothing" {
	open_pane 80 24
	enter 'cr-fetch-blob <records >out; echo status $?'
	draws '\$ cr-fetch-blob.*' '' "$BLOB" "$BLOB" "$BLOB" "0${SUM}[0-9.]+ [kM]B / 3.0 MB.*"
	until_true shows "^0$SUM [0-9.]+ [kM]B / 3.0 MB  .*/s +[12]s"
	draws '\$ cr-fetch-blob.*' 'status 0' '\$'
	cmp <(sort records) <(sort out)
}

@test "one job: a bar at a time" {
	open_pane 80 24
	enter 'cr-fetch-blob -j 1 <records >out; echo status $?'
	draws '\$ cr-fetch-blob.*' '' "${D1:7:12} .*" "0$SUM"
	draws '\$ cr-fetch-blob.*' '' "${D2:7:12} .*" "1$SUM"
	draws '\$ cr-fetch-blob.*' '' "${D3:7:12} .*" "2$SUM"
	draws '\$ cr-fetch-blob.*' 'status 0' '\$'
}

@test "a narrow terminal has the line for all" {
	open_pane 17 24
	enter 'cr-fetch-blob <records >out; clear'
	until_true shows '^0/3 blobs$'
	shows_no "${D1:7:12}"
	draws '\$'
}

@test "no bars with -q, nor when stderr is a file or a pipe" {
	open_pane 80 24
	pane pipe-pane 'cat >raw'
	enter 'cr-fetch-blob -q <records >out; echo status $?'
	until_true shows '^status 0'
	[ -z "$(grep blobs raw)" ]
	rm -rf "$CR_STORE"
	mkdir "$CR_STORE"
	enter 'clear; cr-fetch-blob <records 2>file >out; echo now $?'
	until_true shows '^now 0'
	[ ! -s file ]
	rm -rf "$CR_STORE"
	mkdir "$CR_STORE"
	enter 'clear; cr-fetch-blob <records 2>&1 >out | cat >file; echo then'
	until_true shows '^then'
	[ ! -s file ]
	cmp <(sort records) <(sort out)
}

@test "TERM=dumb, or none: one line, without an escape sequence" {
	for term in TERM=dumb TERM= -uTERM; do
		open_pane 80 24
		rm -rf "$CR_STORE"
		mkdir "$CR_STORE"
		pane pipe-pane 'cat >raw'
		enter "env $term cr-fetch-blob <records >out; echo status \$?"
		until_true shows "^0$SUM [0-9.]+ [kM]B / 3.0 MB"
		shows_no "${D1:7:12}"
		draws '\$ env.*' 'status 0' '\$'
		until_true grep -q '^status 0' <(tr '\r' '\n' <raw)
		tr '\r' '\n' <raw | grep /3 >drawn
		[ "$(wc -l <drawn)" -gt 3 ]
		[ -z "$(grep $'\033' drawn)" ]
		close_pane
	done
}

@test "interrupted, it leaves a clean screen" {
	open_pane 80 24
	enter 'cr-fetch-blob <records >out'
	until_true shows "^0$SUM"
	pane send-keys C-c
	draws '\$ cr-fetch-blob.*' '(\^C)?' '\$'
}

@test "stopped, it leaves a clean screen; going on, it draws again" {
	open_pane 80 24
	enter 'cr-fetch-blob <records >out; echo status $?'
	until_true shows "^0$SUM"
	pane send-keys C-z
	draws '\$ cr-fetch-blob.*' '(\^Z)?' '\[1\]\+ +Stopped +cr-fetch-blob.*' 'status 148' '\$'
	enter fg
	until_true shows "^[0-3]$SUM"
	draws ... '\$ fg' 'cr-fetch-blob.*' '\$'
	cmp <(sort records) <(sort out)
}

@test "a message longer than a line stands whole above the bars" {
	printf 'sha256:%064d\t5\tapplication/octet-stream\t%s\n' 0 "$(cut -f 4 records | head -n 1)" >bad
	{ head -n 1 records; cat bad; tail -n 2 records; } >four
	open_pane 80 24
	enter 'cr-fetch-blob -j 1 <four >out; echo status $?'
	draws '\$ cr-fetch-blob.*' 'cr-fetch-blob: 127.*sha256:0+' '0+: not found' '' "${D2:7:12} .*" '1/4, 1 failed .*'
	draws '\$ cr-fetch-blob.*' 'cr-fetch-blob: 127.*sha256:0+' '0+: not found' 'status 4' '\$'
}

@test "--progress-fd: an object a line, from waiting to done" {
	run -0 --separate-stderr cr-fetch-blob --progress-fd 3 <records 3>lines
	[ "$(sort <<<"$output")" = "$(sort records)" ]
	[ -z "$stderr" ]
	for digest in "$D1" "$D2" "$D3"; do
		check_arrival "$digest" 0
	done
	[ "$(cut -d '"' -f 4 lines | sort -u | wc -l)" -eq 3 ]
	python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <lines
}

@test "--progress-fd: what is in the store needed no transfer" {
	cr-fetch-blob <records >out
	run -0 cr-fetch-blob --progress-fd 4 <records 4>lines
	[ "$(lines "$D1")" = $'waiting 0\nthere 1000000' ]
	[ "$(wc -l <lines)" -eq 6 ]
}

@test "--progress-fd: a pull that goes on begins where the last one was" {
	cr-fetch-blob -j 1 --progress-fd 3 <records >out 3>lines &
	until_true grep -qE '"bytes":[3-9][0-9]{5},' lines
	kill -KILL $!
	wait $! || true
	run -0 cr-fetch-blob --progress-fd 3 <records 3>lines
	check_arrival "$D1" 300000
}

@test "--progress-fd: a blob that fails says so" {
	printf 'sha256:%064d\t5\tapplication/octet-stream\t%s\n' 0 "$(cut -f 4 records | head -n 1)" >bad
	run -4 cr-fetch-blob --progress-fd 3 <bad 3>lines
	[[ $(tail -n 1 lines) == '{"digest":"sha256:0'*'","state":"failed","bytes":0,"total":5}' ]]
}

@test "--progress-fd: neither a reader that goes nor a full disk ends the pull" {
	run -0 --separate-stderr bash -c 'cr-fetch-blob --progress-fd 3 <records 3> >(head -n 1 >first)'
	[ "$(sort <<<"$output")" = "$(sort records)" ]
	[ -z "$stderr" ]
	[ -c /dev/full ] || return 0
	rm -rf "$CR_STORE"
	mkdir "$CR_STORE"
	run -0 --separate-stderr cr-fetch-blob --progress-fd 3 <records 3>/dev/full
	[ "$(sort <<<"$output")" = "$(sort records)" ]
	[ "$stderr" = 'cr-fetch-blob: --progress-fd 3: No space left on device' ]
}

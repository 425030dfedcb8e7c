# The bars of lib/progress on a real terminal: tmux has it, tests/progress/show.c draws on it, at the words that `tell` hands on.

load helper
load pane

setup_file() {
	BUILD=${CR_TEST_BUILD:-$ROOT/build/check}
	cc -D_GNU_SOURCE -I"$ROOT/lib" -o "$BATS_FILE_TMPDIR/show" "$ROOT/tests/progress/show.c" "$BUILD/libcr.a"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkfifo words
	exec 9<>words
}

teardown() {
	exec 9>&-
	close_pane
}

tell() {
	printf '%s\n' "$@" >&9
}

readonly A=010101010101 B=020202020202
readonly BAR='\[[ =>]+\]'
readonly COMMAND='\$ show -t <words'

# start_show: two blobs of a megabyte
start_show() {
	enter 'show -t <words'
	tell 'add 1 1000000' 'run 1 0' 'add 2 1000000' 'run 2 0'
	draws "$COMMAND" '' "$A  $BAR +0 B / 1.0 MB.*" "$B  $BAR +0 B / 1.0 MB.*" "0/2 blobs     $BAR +0 B / 2.0 MB.*"
}

@test "a bar a blob, and one for all; nothing is left of them" {
	open_pane 80 24
	start_show
	tell 'run 1 500000'
	draws "$COMMAND" '' "$A  \[=+> *\] +500.0 kB / 1.0 MB +[0-9.]+ [kM]?B/s +[0-9ms]+" "$B  \[ *\] .*" \
		"0/2 blobs     \[=+> *\] +500.0 kB / 2.0 MB +[0-9.]+ [kM]?B/s +[0-9ms]+"
	tell 'done 1'
	draws "$COMMAND" '' "$B .*" '1/2 blobs +\[=+> *\] +1.0 MB / 2.0 MB.*'
	tell 'done 2' end
	draws "$COMMAND" '\$'
}

@test "what is over at once shows nothing" {
	open_pane 80 24
	pane pipe-pane "cat >$BATS_TEST_TMPDIR/raw"
	enter 'show -t <words'
	tell 'fast 1000' end
	draws "$COMMAND" '\$'
	! grep -q blobs raw
}

@test "the terminal is resized" {
	open_pane 80 24
	enter 'clear; seq 30; show -t <words'
	tell 'add 1 1000000' 'run 1 0' 'add 2 1000000' 'run 2 0'
	draws ... 29 30 '' "$A  $BAR +0 B / 1.0 MB.*" "$B  $BAR +0 B / 1.0 MB.*" "0/2 blobs     $BAR +0 B / 2.0 MB.*"
	pane resize-window -x 30 -y 24
	tell 'run 1 250000'
	draws ... 29 30 '' "$A   25%" "$B    0%" '0/2 blobs      12%'
	pane resize-window -x 120 -y 24
	tell 'run 1 500000'
	draws ... 29 30 '' "$A  $BAR +500.0 kB / 1.0 MB .*" "$B  $BAR .*" "0/2 blobs     $BAR +500.0 kB / 2.0 MB .*"
	pane resize-window -x 60 -y 4
	tell 'run 1 750000'
	draws 30 '' "$A  $BAR +750.0 kB / 1.0 MB.*" "0/2 blobs     $BAR +750.0 kB / 2.0 MB.*"
	pane resize-window -x 60 -y 24
	tell 'done 1'
	draws ... '' "$B .*" '1/2 blobs .*1.0 MB / 2.0 MB.*'
	tell 'done 2' end
	draws ... '\$'
	shows_no 'blobs|MB'
}

@test "a narrow terminal" {
	open_pane 20 24
	enter 'show -t <words'
	tell 'add 1 1000000' 'run 1 500000'
	draws "$COMMAND" '' "$A   50%" '0/1 blob       50%'
	pane resize-window -x 12 -y 24
	tell 'run 1 600000'
	until_true shows '^0/1 blob$'
	until_true shows_no "$A"
	pane resize-window -x 6 -y 24
	tell 'run 1 700000'
	until_true shows '^70%$'
	pane resize-window -x 2 -y 24
	tell 'run 1 800000'
	until_true shows_no %
	pane resize-window -x 40 -y 24
	tell 'run 1 900000'
	until_true shows "$A +900.0 kB / 1.0 MB"
	tell 'done 1' end
	until_true shows '^\$$'
	until_true shows_no 'blob|MB|%'
}

@test "a terminal that is narrower than it says cuts the lines" {
	open_pane 40 24
	enter 'stty cols 80; clear; show -t <words'
	tell 'add 1 1000000' 'run 1 0' 'add 2 1000000' 'run 2 0'
	draws '' "$A  \\[ +\\].*" "$B  \\[ +\\].*" '0/2 blobs     \[ +\].*'
	tell 'run 1 500000'
	draws '' "$A  \\[=+>.*" "$B  \\[.*" '0/2 blobs     \[=+>.*'
	[ "$(screen | grep -c .)" -eq 3 ]
	tell end
	draws '\$'
}

@test "a terminal of one line, and of two" {
	open_pane 80 2
	enter 'show -t <words'
	tell 'add 1 1000000' 'run 1 500000'
	draws "$COMMAND" '0/1 blob .*500.0 kB / 1.0 MB.*'
	tell end
	draws "$COMMAND" '\$'
	pane resize-window -x 80 -y 1
	enter 'show -t <words; echo status $?'
	tell 'add 1 1000000' 'run 1 500000' 'wait 1'
	sleep 0.5
	until_true shows_no blob
	tell end
	draws '\$'
}

@test "more blobs than lines" {
	open_pane 80 8
	enter 'show -t <words'
	for n in {1..20}; do
		tell "add $n 1000" "run $n 0"
	done
	draws "$COMMAND" '' "$A .*" "$B .*" '030303030303 .*' '040404040404 .*' '050505050505 .*' '0/20 blobs .*'
	for n in {1..17}; do
		tell "done $n"
	done
	draws "$COMMAND" '' '121212121212 .*' '131313131313 .*' '141414141414 .*' '17/20 blobs .* 17.0 kB / 20.0 kB.*'
	tell end
	draws "$COMMAND" '\$'
}

@test "at the bottom of the screen, and a message of the program's own" {
	open_pane 80 8
	enter 'clear; seq 20; show -t <words'
	tell 'add 1 1000000' 'run 1 500000'
	draws 16 17 18 19 20 '' "$A .*" '0/1 blob .*'
	tell 'say one message' 'run 1 600000'
	draws 17 18 19 20 'show: one message' '' "$A .* 600.0 kB .*" '0/1 blob .*'
	tell 'say another'
	draws 18 19 20 'show: one message' 'show: another' '' "$A .*" '0/1 blob .*'
	tell 'done 1' end
	draws 18 19 20 'show: one message' 'show: another' '\$'
}

@test "what another process prints stands whole, above the bars" {
	local tty
	open_pane 80 24
	start_show
	tty=$(pane display-message -p '#{pane_tty}')
	echo 'other: a message' >"$tty"
	tell 'run 1 500000'
	draws "$COMMAND" 'other: a message' '' "$A .* 500.0 kB .*" "$B .*" '0/2 blobs .*'
	echo 'other: one more' >"$tty"
	tell 'run 1 600000'
	draws "$COMMAND" 'other: a message' 'other: one more' '' "$A .* 600.0 kB .*" "$B .*" '0/2 blobs .*'
	tell end
	draws "$COMMAND" 'other: a message' 'other: one more' '\$'
}

@test "a dumb terminal has one line and no escape sequence" {
	open_pane 40 24
	pane pipe-pane "cat >$BATS_TEST_TMPDIR/raw"
	enter 'show -t -d <words'
	tell 'add 1 1000000' 'run 1 500000' 'add 2 2000000' 'run 2 0'
	draws '\$ show -t -d <words' '0/2 blobs .* 500.0 kB / 3.0 MB'
	tell 'say a message' 'done 1'
	draws '\$ show -t -d <words' 'show: a message' '1/2 blobs +1.0 MB / 3.0 MB'
	pane resize-window -x 12 -y 24
	tell 'run 2 500000'
	until_true shows '^1/2 blobs'
	tell 'done 2'
	until_true shows '^2/2 blobs'
	tell end
	until_true shows '^\$'
	shows_no blobs
	sed -n '/blobs/,$p' raw | tr '\r' '\n' | grep blobs >lines
	[ -s lines ]
	! grep -q $'\033' lines
}

@test "in the background nothing is drawn, and nothing stops; in the foreground it is" {
	open_pane 80 24
	enter 'stty tostop; show -t <words & sleep 0.2; clear'
	tell 'add 1 1000000' 'run 1 500000'
	sleep 0.5
	tell 'run 1 600000'
	draws '\$'
	enter 'clear; jobs'
	draws '\[1\]\+  Running +show -t < words &' '\$'
	enter 'clear; fg'
	draws 'show -t < words' '' "$A .* 600.0 kB .*" '0/1 blob .*'
	tell 'done 1' end
	draws 'show -t < words' '\$'
}

@test "a terminal that goes away ends the bars, not the transfer" {
	open_pane 80 24
	enter '(trap "" HUP; exec show -t -j 7 <words 7>lines)'
	tell 'add 1 1000000' 'run 1 500000'
	until_true shows "$A .* 500.0 kB"
	pane kill-server
	for n in 6 7 8; do
		tell "run 1 ${n}00000"
		sleep 0.2
	done
	tell 'done 1' end
	until_true grep -q '"state":"done","bytes":1000000' lines
	[ "$(grep -c running lines)" -eq 4 ]
}

# Terminals and what comes over them: raw mode and its end, sizes, job control; descriptors that are passed on as they are; process 1 and the
# signals that stop. terminal.py plays the user.

load helper
load escape/helper

setup() {
	need_userns
	command -v python3 >/dev/null || skip "python3 is not installed"
	DIR=$BATS_TEST_TMPDIR
	root=$DIR/root
	cp -a "$(busybox_root)" "$root"
	mkdir -p "$root/tmp"
	chmod 1777 "$root/tmp"
}

teardown() {
	[ -z "${PID-}" ] || kill -9 "$PID" 2>/dev/null || true
}

# play STEP... -- CMD...: sets $output
play() {
	run timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

# shows_line TEXT: a whole line of what play printed
shows_line() {
	grep -qxF -- "$1" <<<"$output"
}

# --- raw mode ---

# restored STATUS-LINE STEP... -- CMD...: raw in between, and not at the end
restored() {
	local want=$1
	shift
	play "$@"
	shows_line "$want"
	[ "$(grep -E '^echo (on|off)$' <<<"$output" | tail -n 1)" = 'echo on' ]
}

# in_raw STEP...: then. The command is no shell, which would take SIGQUIT for itself until it executes another.
in_raw() {
	echo up >"$root/up"
	restored "$1" expect=up echo "${@:2}" -- cr-exec -t "$root" -- /bin/tail -f /up
	shows_line 'echo off'
}

@test "-t: the terminal is raw, and is as it was: the command ends, or was none" {
	restored 'status 0' -- cr-exec -t "$root" -- /bin/true
	restored 'status 7' -- cr-exec -t "$root" -- /bin/sh -c 'stty raw -echo; exit 7'
	restored 'status 126' -- cr-exec -t "$root" -- /tmp
	restored 'status 127' -- cr-exec -t "$root" -- /nosuch
	restored 'status 125' -- cr-exec -t -w relative "$root" -- /bin/true
	restored 'status 125' -- cr-exec -t -u nobody-of-the-kind "$root" -- /bin/true
	restored 'status 125' -- cr-exec -t "$root/nosuch" -- /bin/true
}

@test "-t: ... cr-exec is told to end" {
	in_raw 'status 143' signal=TERM
	in_raw 'status 129' signal=HUP
	in_raw 'status 131' signal=QUIT
	in_raw 'status 130' signal=INT
	in_raw 'status 138' signal=USR1
}

@test "-t: ... the command is killed, or process 1 is" {
	local who
	for who in command init; do
		rm -f "$DIR/pid"
		(
			until_true test -s "$DIR/pid"
			sleep 0.3
			victim=$(cat "$DIR/pid")
			[ "$who" = command ] || victim=$(parent "$victim")
			kill -9 "$victim"
		) 3>&- &
		restored 'status 137' expect=up -- cr-exec -t --pid-file "$DIR/pid" "$root" -- /bin/sh -c 'echo up; while :; do sleep 1; done'
		wait
	done
}

# There is nobody left to do it: the shell at the terminal does, as after any program that was killed so.
@test "-t: kill -9 of cr-exec leaves the terminal raw" {
	play expect=up signal=KILL -- cr-exec -t "$root" -- /bin/sh -c 'echo up; while :; do sleep 1; done'
	shows_line 'signal 9'
	shows_line 'echo off'
}

# --- sizes ---

@test "-t: the size of the window, at the start and when it changes" {
	play size=33,77 send='go\n' expect='33 77' size=44,88 expect='44 88' -- /bin/sh -c \
		"read -r line; exec cr-exec -t '$root' -- /bin/sh -c 'trap \"stty size; exit 5\" WINCH; stty size; while :; do sleep 0.1; done'"
	shows_line 'status 5'
}

@test "without -t, a change of the window's size is told the command" {
	play expect=up size=44,88 expect='44 88' -- \
		cr-exec "$root" -- /bin/sh -c 'trap "stty size; exit 5" WINCH; echo up; while :; do sleep 0.1; done'
	shows_line 'status 5'
}

# The same terminal is asked both times.
@test "-t: ... also where standard input is none" {
	play size=33,77 send='go\n' expect='33 77' size=44,88 expect='44 88' -- /bin/sh -c \
		"read -r line; exec cr-exec -t '$root' -- /bin/sh -c 'trap \"stty size; exit 5\" WINCH; stty size; while :; do sleep 0.1; done' </dev/null"
	shows_line 'status 5'
}

# --- job control ---

@test "-t: ^C and ^Z are the container's" {
	play expect=up send='\x03' -- cr-exec -t "$root" -- /bin/sh -c 'echo up; while :; do sleep 1; done'
	shows_line 'status 130'
	play expect=up send='\x1a' expect=got -- cr-exec -t "$root" -- /bin/sh -c 'trap "echo got; exit 6" TSTP; echo up; while :; do sleep 0.1; done'
	shows_line 'status 6'
}

@test "without -t, ^C ends the command" {
	play expect=up send='\x03' -- cr-exec "$root" -- /bin/sh -c 'echo up; while :; do sleep 1; done'
	shows_line 'status 130'
}

@test "-t: a stopped cr-exec leaves the terminal as it was, and takes it again" {
	play expect=up echo signal=TSTP stopped echo continue send='go\n' expect=told -- \
		cr-exec -t "$root" -- /bin/sh -c 'echo up; read -r line; echo told $line; exit 4'
	[ "$(grep -E '^echo' <<<"$output" | xargs)" = 'echo off echo on echo on' ]
	shows_line 'status 4'
}

@test "without -t, ^Z stops cr-exec and the command, and both go on" {
	play expect=up send='\x1a' stopped continue send='go\n' expect=told -- \
		cr-exec "$root" -- /bin/sh -c 'echo up; read -r line; echo told $line; exit 4'
	shows_line 'status 4'
}

# state PID: its letter
state() {
	sed 's/.*) \(.\) .*/\1/' "/proc/$1/stat"
}

is_state() {
	[[ $2 == *$(state "$1")* ]]
}

# Those of the command's process group: what has a session of its own in there is a job of its own.
@test "SIGTSTP stops the command and its children, SIGCONT lets them go on" {
	local command child
	cr-exec --pid-file "$DIR/pid" "$root" -- /bin/sh -c 'sleep 60 & echo up >/up; wait' </dev/null 3>&- &
	PID=$!
	until_true test -s "$root/up"
	command=$(cat "$DIR/pid")
	child=$(pgrep -P "$command")
	kill -TSTP "$PID"
	until_true is_state "$command" T
	until_true is_state "$child" T
	until_true is_state "$PID" T
	kill -CONT "$PID"
	until_true is_state "$command" SR
	until_true is_state "$child" SR
	kill -TERM "$PID"
	wait "$PID" || status=$?
	[ "$status" -eq 143 ]
}

# As every program that changes the terminal: the shell says that it is stopped, and why is found out by fg.
@test "-t: in the background it stops, and the terminal stays as it is" {
	play expect=state send='fg\n' expect='\nup' echo send='go\n' expect=done -- /bin/bash --norc --noprofile -c \
		"set -m; cr-exec -t '$root' -- /bin/sh -c 'echo up; read -r line; echo done' & sleep 1; echo state \$(ps -o stat= -p \$!); read -r line; fg"
	[[ $output == *"state T"* ]]
	shows_line 'echo off'
	shows_line 'status 0'
}

# --- -t where there is no terminal ---

@test "-t: standard input is a pipe, a file, /dev/null, closed" {
	echo text >"$DIR/file"
	run -5 bash -c 'printf "text\n" | cr-exec -t "$0" -- /bin/sh -c "cat; exit 5"' "$root"
	[[ $output == *text*text* ]]
	run -5 timeout 20 cr-exec -t "$root" -- /bin/sh -c 'cat; exit 5' <"$DIR/file"
	[[ $output == *text*text* ]]
	run -5 timeout 20 cr-exec -t "$root" -- /bin/sh -c 'cat; exit 5' </dev/null
	# By a shell of its own: where 0 is closed, bash gives a substitution's command the pipe that it writes to for its input.
	run -5 timeout 20 bash -c 'exec cr-exec -t "$0" -- /bin/sh -c "tty; exit 5" <&-' "$root"
	[[ $output == */dev/pts/0* ]]
}

@test "-t: standard output is a pipe, or closed, or ends" {
	run bash -c 'cr-exec -t "$0" -- /bin/sh -c "tty; exit 5" </dev/null | cat; exit ${PIPESTATUS[0]}' "$root"
	[ "$status" -eq 5 ]
	[[ $output == */dev/pts/0* ]]
	run -5 timeout 20 bash -c 'exec cr-exec -t "$0" -- /bin/sh -c "echo x; exit 5" >&-' "$root"
	# Whoever reads is gone: the command ends as it would at a terminal that hung up, or by itself; nothing waits for ever.
	run timeout 20 bash -c 'cr-exec -t "$0" -- /bin/sh -c "seq 1 100000; exit 5" </dev/null | head -n 1; exit ${PIPESTATUS[0]}' "$root"
	[ "$status" -ne 124 ]
}

@test "-t: more output than any buffer holds, to one who reads slowly, is whole" {
	run -0 bash -c 'set -o pipefail; cr-exec -t "$0" -- seq 1 300000 </dev/null | { sleep 2; cat; } | tr -d "\r" | sha256sum' "$root"
	[ "$output" = "$(seq 1 300000 | sha256sum)" ]
	run -0 bash -c 'set -o pipefail; cr-exec -t "$0" -- seq 1 3000 </dev/null | while IFS= read -r line; do echo "$line"; done | tail -n 1' "$root"
	[ "${output%$'\r'}" = 3000 ]
}

# as_user's cr-exec gets a pipe of root's, which it cannot open again.
@test "-t: ... and where the pipe is another user's" {
	need_user
	cp -a "$root" "$USER_DIR/root"
	! is_root || chown -Rh crtest: "$USER_DIR/root"
	run -0 --separate-stderr as_user cr-exec -t "$USER_DIR/root" -- seq 1 20000 </dev/null
	[ "${output//$'\r'/}" = "$(seq 1 20000)" ]
}

@test "-t: standard output that does not block, a pipe or a socket, loses nothing" {
	for kind in pipe socket; do
		run -0 timeout 60 python3 "$BATS_TEST_DIRNAME/nonblocking.py" "$kind" cr-exec -t "$root" -- seq 1 100000
		[ "$(tr -d '\r' <<<"$output" | sha256sum)" = "$(seq 1 100000 | sha256sum)" ]
	done
}

@test "-t: who reads goes away: the terminal hangs up, and the status is the command's" {
	run timeout 20 bash -c 'cr-exec -t "$0" -- yes </dev/null | head -n 1; exit ${PIPESTATUS[0]}' "$root"
	[ "$status" -eq 129 ]
	run timeout 20 bash -c 'cr-exec -t "$0" -- /bin/sh -c "trap \"exit 6\" HUP; while :; do echo x; sleep 0.1; done" </dev/null |
		head -n 1; exit ${PIPESTATUS[0]}' "$root"
	[ "$status" -eq 6 ]
}

@test "-t: ... and from then on ^C at our terminal is ours again" {
	play expect=up keys echo send='\x03' -- /bin/bash -c \
		"cr-exec -t '$root' -- /bin/sh -c 'trap : HUP; trap \"exit 6\" INT; echo up; while :; do echo x 2>/tmp/said; sleep 0.1; done' |
			head -n 1; exit \${PIPESTATUS[0]}"
	shows_line 'status 6'
}

@test "-t: a command that lets go of the terminal goes on, and may take it again" {
	local ticks
	run -0 timeout 20 cr-exec -t "$root" -- /bin/sh -c 'exec sleep 2 </dev/null >/dev/null 2>&1' </dev/null
	run -5 timeout 20 cr-exec -t "$root" -- /bin/sh -c \
		'exec 0<&- 1>&- 2>&-; sleep 1; echo later >/dev/console && exec >/dev/tty && echo yet && exit 5' </dev/null
	[[ $output == *later*yet* ]]
	# Meanwhile nothing is done.
	cr-exec -t --pid-file "$DIR/pid" "$root" -- /bin/sh -c 'exec sleep 60 </dev/null >/dev/null 2>&1' </dev/null >/dev/null 3>&- &
	PID=$!
	until_true test -s "$DIR/pid"
	sleep 2
	ticks=$(sed 's/.*) //' "/proc/$PID/stat" | awk '{ print $12 + $13 }')
	kill -TERM "$PID"
	wait "$PID" || status=$?
	[ "$status" -eq 143 ]
	[ "$ticks" -lt $(($(getconf CLK_TCK) / 2)) ]
}

# One who joined a container may leave somebody behind, who has the terminal yet.
@test "-t: the end of the command is the end, also where others write for ever" {
	setup_containers
	container run -d --name s busybox sleep 300
	run -5 timeout 30 container exec -t s sh -c 'trap "" HUP; yes & sleep 1; exit 5' </dev/null
	container rm -f s
}

# --- -t, and nobody reads ---

# full_pipe NAME: a named pipe that takes nothing; descriptor 9 keeps it
full_pipe() {
	mkfifo "$1"
	exec 9<>"$1"
	python3 -c '
import os, sys
pipe = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(pipe, b"." * 4096)
except BlockingIOError:
    pass' "$1"
}

# start_stalled NAME CMD...: in a container, by $PID, whose output goes to the full pipe
start_stalled() {
	container run -t --name "$1" busybox "${@:2}" </dev/null >"$DIR/pipe" 2>"$DIR/stderr" 3>&- 9<&- &
	PID=$!
	until_true is_running "$1"
}

is_running() {
	[ "$(cr-ps "$1" 2>/dev/null | cut -f 2)" = running ]
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}

@test "-t: while nobody reads, stop ends the container, and its supervisor" {
	setup_containers
	full_pipe "$DIR/pipe"
	start_stalled s yes
	timeout 30 container stop -t 1 s
	[ "$(timeout 20 container wait s)" = 143 ]
	until_true has_ended "$PID"
	wait "$PID" || status=$?
	[ "$status" -eq 143 ]
}

@test "-t: ... the end is recorded at once, and the rest of the output is there for who reads later" {
	setup_containers
	full_pipe "$DIR/pipe"
	start_stalled s sh -c 'seq 1 500; sleep 0.5; echo last; exit 5'
	[ "$(timeout 30 container wait s)" = 5 ]
	timeout 20 container rm s
	kill -0 "$PID"
	exec 8<"$DIR/pipe" 9<&-
	[[ $(timeout 20 tr -d '.\r' <&8) == "$(seq 1 500)"$'\nlast' ]]
	wait "$PID" || status=$?
	[ "$status" -eq 5 ]
}

@test "-t: ... rm -f removes what runs; a signal ends who would still deliver" {
	setup_containers
	full_pipe "$DIR/pipe"
	start_stalled s yes
	timeout 30 container rm -f s
	[ ! -e "$CR_STORE/containers/s" ]
	kill -0 "$PID"
	kill -INT "$PID"
	until_true has_ended "$PID"
	wait "$PID" || status=$?
	[ "$status" -eq 137 ]
}

@test "-t: ... a terminal, also one that is another user's: what comes later is whole, and a signal ends it" {
	need_root
	need_user
	cp -a "$root" "$USER_DIR/root"
	chown -Rh crtest: "$USER_DIR/root"
	local as_crtest=(setpriv --reuid=crtest --regid=crtest --init-groups "$USER_BIN/cr-exec" -t "$USER_DIR/root" --)
	play expect=up stall look expect=last -- "${as_crtest[@]}" /bin/sh -c 'echo up; seq 1 5000; echo last; exit 5'
	shows_line 'status 5'
	[ "$(tr -d '\r.' <<<"$output" | sed -n '/^up$/,/^last$/{//!p}; /^shown: up$/,/^last$/{/up$/d; /^last$/d; p}')" = "$(seq 1 5000)" ]
	restored 'status 143' expect=up stall signal=TERM -- "${as_crtest[@]}" /bin/sh -c 'echo up; exec yes'
}

@test "-t: ... a terminal: signals, and ^C after the end" {
	restored 'status 143' expect=up stall signal=TERM -- cr-exec -t "$root" -- /bin/sh -c 'echo up; exec yes'
	restored 'status 129' expect=up stall signal=HUP -- cr-exec -t "$root" -- /bin/sh -c 'echo up; exec yes'
	restored 'status 130' expect=up stall send='\x03' keys send='\x03' -- cr-exec -t "$root" -- /bin/sh -c 'echo up; exec yes'
	restored 'status 5' expect=up stall send='go\n' keys send='\x03' -- \
		cr-exec -t "$root" -- /bin/sh -c 'echo up; read -r line; echo left; exit 5'
}

@test "-t: ... a terminal: ^Z after the end, fg, and the rest is shown" {
	restored 'status 5' expect=up stall send='go\n' keys send='\x1a' stopped echo continue look expect=left -- \
		cr-exec -t "$root" -- /bin/sh -c 'echo up; read -r line; echo left; exit 5'
}

@test "-t: ... what is typed arrives" {
	play expect=up stall send='go\n' keys look expect=go -- cr-exec -t "$root" -- /bin/sh -c 'echo up; read -r line; echo "$line" >/said; exit 5'
	[ "$(cat "$root/said")" = go ]
	shows_line 'status 5'
}

@test "-t: more input than any buffer holds is whole" {
	run -0 bash -c 'seq 1 50000 | cr-exec -t "$0" -- /bin/sh -c "stty -echo; cat | sha256sum"' "$root"
	[[ $output == *"$(seq 1 50000 | sha256sum | cut -c -64)"* ]]
}

# --- without a terminal ---

# Not a byte passes through us: the command has the very pipes.
@test "standard descriptors are the command's own" {
	mkfifo "$DIR/in" "$DIR/out"
	exec 8<>"$DIR/in" 9<>"$DIR/out"
	cr-exec "$root" -- /bin/sh -c 'seen=$(stat -L -c %d:%i /proc/$$/fd/0 /proc/$$/fd/1); echo "$seen" >&2' \
		<&8 >&9 2>"$DIR/seen" 8<&- 9<&-
	exec 8<&- 9<&-
	[ "$(cat "$DIR/seen")" = "$(stat -c %d:%i "$DIR/in" "$DIR/out")" ]
}

# As docker has it; and never a file that happened to be opened next.
@test "closed standard descriptors are /dev/null inside" {
	local fd
	for fd in 0 1 2; do
		rm -f "$root/said"
		run bash -c "cr-exec '$root' -- /bin/sh -c 'readlink /proc/self/fd/$fd >/said' $fd>&-"
		[ "$status" -eq 0 ]
		[ "$(cat "$root/said")" = "$([ "$fd" -eq 1 ] && echo /said || echo /dev/null)" ]
	done
	cr-exec "$root" -- /bin/sh -c '[ -c /dev/fd/0 ] && [ -c /dev/fd/1 ] && [ -c /dev/fd/2 ] && echo yes >/said' <&- >&- 2>&-
	[ "$(cat "$root/said")" = yes ]
}

@test "a reader that goes away ends the command by SIGPIPE" {
	run timeout 20 bash -c 'cr-exec "$0" -- yes | head -n 1; exit ${PIPESTATUS[0]}' "$root"
	[ "$status" -eq 141 ]
}

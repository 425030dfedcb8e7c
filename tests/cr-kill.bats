# cr-kill: signals to commands, and to nobody else; --stop.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f
}

# start NAME: a container that says what signals it gets
start() {
	container run -d --name "$1" busybox sh -c '
		for signal in HUP INT QUIT TERM USR1 USR2 WINCH RTMIN+2; do trap "echo $signal" "$signal" 2>/dev/null; done
		echo ready; while :; do sleep 0.05; done' >/dev/null
	until_true says "$1" ready
}

says() {
	cr-logs "$1" | grep -qx "$2"
}

@test "a signal by name, with SIG, in small letters, by number" {
	start it
	for pair in USR1:USR1 SIGUSR2:USR2 hup:HUP 3:QUIT INT:INT TERM:TERM WINCH:WINCH; do
		run -0 --separate-stderr cr-kill -s "${pair%:*}" it
		[ -z "$output$stderr" ]
		until_true says it "${pair#*:}"
	done
}

@test "by default KILL: 137, and nothing is left of it" {
	start it
	pid=$(cr-ps it | cut -f 4)
	inside=$(readlink "/proc/$pid/ns/pid")
	cr-kill it
	[ "$(cr-wait it)" = 137 ]
	[ ! -d "/proc/$pid" ]
	[ "${CR_TEST_VARIANT-}" = posix ] || until_true sh -c "! readlink /proc/[0-9]*/ns/pid | grep -qF '$inside'"
}

@test "what was killed can be removed at once" {
	for round in {1..20}; do
		container run -d --name "it$round" busybox sleep 100 >/dev/null
		container kill "it$round"
		container rm "it$round"
	done
}

@test "STOP and CONT: the command stands still, and goes on" {
	container run -d --name it busybox sh -c 'while :; do echo tick; sleep 0.05; done'
	cr-kill -s STOP it
	sleep 0.3
	before=$(cr-logs it | wc -l)
	sleep 0.3
	[ "$(cr-logs it | wc -l)" -eq "$before" ]
	[ "$(cr-ps it | cut -f 2)" = running ]
	cr-kill -s CONT it
	until_true sh -c "[ \$(cr-logs it | wc -l) -gt $before ]"
}

@test "one that stands still is stopped, killed and removed like any other" {
	start it
	cr-kill -s STOP it
	run -0 timeout 20 cr-kill --stop -t 0 it
	[ "$(cr-ps it | cut -f 2,3)" = $'exited\t137' ]
	start other
	cr-kill -s STOP other
	run -0 timeout 20 cr-rm -f other
	run -4 cr-ps other
}

@test "what would end the supervisor and not the command is refused" {
	start it
	for signal in SEGV ABRT PIPE CHLD 32 33; do # the last two are the C library's own
		run -2 --separate-stderr cr-kill -s "$signal" it
		[[ $stderr == *"not passed on"* ]]
	done
	[ "$(cr-ps it | cut -f 2)" = running ]
	run -2 cr-kill -s NONSENSE it
	run -2 cr-kill -s 0 it
	run -2 cr-kill
}

@test "of one that does not run: 4" {
	container run --name it busybox true
	run -4 --separate-stderr cr-kill it
	[ "$stderr" = "cr-kill: $(cr-ps it | cut -f 1): it is not running" ]
	run -4 cr-kill missing
}

@test "--stop: TERM, and the end is waited for" {
	container run -d --name it busybox sh -c 'trap "sleep 0.5; exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	until_true says it ready
	run -0 --separate-stderr cr-kill --stop it
	[ -z "$output$stderr" ]
	[ "$(cr-ps it | cut -f 2,3)" = $'exited\t9' ]
	cr-kill --stop it # one that has ended is left alone
	run -4 cr-kill --stop missing
}

@test "--stop: what does not end is killed, after as many seconds" {
	start a
	start b
	SECONDS=0
	cr-kill --stop -t 1 a b
	[ "$SECONDS" -lt 6 ]
	[ "$(cr-ps a b | cut -f 2,3)" = $'exited\t137\nexited\t137' ]
	says a TERM
	says b TERM
	start c
	cr-kill --stop -t 0 c
	[ "$(cr-wait c)" = 137 ]
	run -2 cr-kill --stop -t x c
	run -2 cr-kill -t 1 c
}

@test "--stop: the image's StopSignal" {
	store_image quits -S SIGQUIT -c '["sh", "-c", "trap \"exit 33\" QUIT; trap \"exit 44\" TERM; echo ready; while :; do sleep 0.05; done"]' \
		"$(busybox_root)" >/dev/null
	cr-inspect -r quits | cr-unpack >/dev/null
	container run -d --name it quits
	until_true says it ready
	cr-kill --stop it
	[ "$(cr-wait it)" = 33 ]
	# One that is unknown here is none.
	container run -d --name other quits
	echo SIGNONSENSE >"$(cr-ps --path other)/stop-signal"
	until_true says other ready
	cr-kill --stop other
	[ "$(cr-wait other)" = 44 ]
}

@test "with --init=no the command is process 1, and gets what it handles" {
	container run -d --init=no --name it busybox sh -c 'trap "exit 8" TERM; echo ready; while :; do sleep 0.05; done'
	until_true says it ready
	cr-kill --stop it
	[ "$(cr-wait it)" = 8 ]
	container run -d --init=no --name other busybox sh -c 'while :; do sleep 0.05; done'
	cr-kill other
	[ "$(cr-wait other)" = 137 ]
}

@test "--stop: TERM where the image's StopSignal is one that is not passed on" {
	start it
	for signal in SIGSEGV SIGPIPE SIGCHLD 32; do
		echo "$signal" >"$(cr-ps --path it)/stop-signal"
		run -0 --separate-stderr cr-kill --stop -t 0 it
		[ "$(cr-ps it | cut -f 2)" = exited ]
		[ -z "$output$stderr" ]
		cr-rm it
		start it
	done
}

# cr-logs: what a container has written, now and as it comes.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f
}

@test "stdout to stdout, stderr to stderr" {
	container run -d --name it busybox sh -c 'echo out; echo err >&2'
	container wait it
	run -0 --separate-stderr cr-logs it
	[ "$output" = out ]
	[ "$stderr" = err ]
}

@test "-n: the last lines; -t: with their times" {
	container run -d --name it busybox sh -c 'for n in 1 2 3 4 5; do echo "line $n"; done'
	container wait it
	[ "$(cr-logs -n 2 it)" = $'line 4\nline 5' ]
	[ "$(cr-logs --tail=0 it)" = '' ]
	[ "$(cr-logs -n 100 it | wc -l)" -eq 5 ]
	[[ $(cr-logs -t -n 1 it) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z\ line\ 5$ ]]
	run -2 cr-logs -n x it
}

@test "-f: as it comes, to the end of the container" {
	container run -d --name it busybox sh -c 'echo first; trap "echo last; exit" TERM; while :; do sleep 0.05; done'
	cr-logs -f it >out 3>&- &
	until_true grep -q first out
	run ! grep -q last out
	cr-kill -s TERM it
	timeout 20 tail --pid=$! -f /dev/null
	[ "$(cat out)" = $'first\nlast' ]
	timeout 20 cr-logs -f it >again
	cmp out again
}

@test "-f of one that is removed at its end: all of it" {
	container run -d --rm --name it busybox sh -c 'for n in $(seq 300); do echo $n; done; sleep 0.5; for n in $(seq 300); do echo $n; done'
	timeout 20 cr-logs -f it >out
	[ "$(wc -l <out)" -eq 600 ]
}

@test "-f of one whose supervisor is killed ends too" {
	need_namespaces
	container run -d --name it busybox sh -c 'echo here; sleep 300'
	cr-logs -f it >out 3>&- &
	until_true grep -q here out
	kill -9 "$(cr-ps -j it | sed -n 's/.*"supervisor": \([0-9]*\).*/\1/p')"
	timeout 20 tail --pid=$! -f /dev/null
}

@test "who reads the beginning alone hears of no error" {
	container run -d --name it busybox sh -c 'seq 100000'
	container wait it
	run -0 --separate-stderr sh -c 'cr-logs it | head -n 1'
	[ "$output" = 1 ]
	[ -z "$stderr" ]
	run -1 --separate-stderr sh -c 'cr-logs it >/dev/full'
	[[ $stderr == *"No space left"* ]]
}

@test "what is no log: 3; none: 4" {
	container run --name it busybox true
	run -4 --separate-stderr cr-logs it
	[[ $stderr == *"no log"* ]]
	echo nonsense >"$(cr-ps --path it)/log"
	run -3 cr-logs it
	run -4 cr-logs missing
	run -2 cr-logs
	run -2 cr-logs it it
}

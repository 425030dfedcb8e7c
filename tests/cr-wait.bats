# cr-wait: the exit statuses of containers that end.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f
}

@test "one that has ended: at once; its status" {
	container run --name it busybox sh -c 'exit 12' || :
	run -0 --separate-stderr cr-wait it
	[ "$output" = 12 ]
	[ -z "$stderr" ]
}

@test "one that runs: as soon as it ends, for all who wait" {
	container run -d --name it busybox sh -c 'trap "exit 21" TERM; while :; do sleep 0.05; done'
	for n in 1 2 3; do
		cr-wait it >"out.$n" 3>&- &
	done
	sleep 0.3
	[ -z "$(cat out.*)" ]
	cr-kill -s TERM it
	wait
	[ "$(cat out.*)" = $'21\n21\n21' ]
}

@test "several, in the order of the operands; those that are not there: 4" {
	container run --name a busybox sh -c 'exit 1' || :
	container run -d --name b busybox sh -c 'sleep 0.5; exit 2'
	run -0 cr-wait b a
	[ "$output" = $'2\n1' ]
	run -4 --separate-stderr cr-wait a missing b
	[ "$output" = $'1\n2' ]
	[[ $stderr == *missing* ]]
	run -2 cr-wait
}

@test "one that is removed at its end" {
	container run -d --rm --name it busybox sh -c 'sleep 0.5; exit 6'
	run -0 cr-wait it
	[ "$output" = 6 ]
}

@test "one whose supervisor is killed: 1, and no status" {
	need_namespaces
	container run -d --name it busybox sleep 300
	cr-wait it >out 2>err 3>&- &
	kill -9 "$(cr-ps -j it | sed -n 's/.*"supervisor": \([0-9]*\).*/\1/p')"
	code=0
	wait $! || code=$?
	[ "$code" -eq 1 ]
	[ ! -s out ]
	grep -q died err
}

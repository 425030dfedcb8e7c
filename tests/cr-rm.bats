# cr-rm: containers are removed, and nothing else.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f
}

@test "what has ended, and what was never started" {
	container run --name a busybox sh -c 'mkdir -m 0 /locked; touch /file'
	cr-mkrootfs --container --name b -i busybox
	run -0 --separate-stderr cr-rm a b
	[ -z "$output$stderr" ]
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "what runs is refused, and goes on; with -f it is killed" {
	container run -d --name it busybox sleep 300
	run -1 --separate-stderr cr-rm it
	[[ $stderr == *"it is running"* ]]
	[ "$(cr-ps it | cut -f 2)" = running ]
	run -0 --separate-stderr cr-rm -f it
	[ -z "$output$stderr" ]
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "one that fails does not keep the others" {
	container run --name a busybox true
	container run -d --name b busybox sleep 300
	container run --name c busybox true
	run -1 cr-rm a b c
	[ "$(cr-ps -a | cut -f 8)" = b ]
	run -4 cr-rm missing
	run -2 cr-rm
}

@test "many at once, of the same: all succeed" {
	for round in 1 2 3 4 5; do
		container run --name it busybox true
		id=$(cr-ps it | cut -f 1)
		for n in {1..8}; do
			{ code=0; cr-rm "$id" 2>"err.$n" 3>&- || code=$?; [ "$code" -eq 0 ] || [ "$code" -eq 4 ] || echo "$round $code" >>failed; } &
		done
		wait
		[ ! -e failed ]
		[ -z "$(ls -A store/containers)" ]
	done
	[ -z "$(leftovers)" ]
}

@test "a removal that was killed: the rest is found by the next container" {
	dir=$(cr-mkrootfs --container -i busybox)
	mv "$dir" "store/tmp/bundle.${dir##*/}" # as it lies there then
	cr-mkrootfs --container -i busybox
	[ -z "$(leftovers)" ]
}

@test "a symlink in the place of a container leads nowhere" {
	mkdir -p victim store/containers
	echo '{}' >victim/config.json
	ln -s "$PWD/victim" store/containers/it
	run -4 cr-rm -f it
	[ -f victim/config.json ]
}

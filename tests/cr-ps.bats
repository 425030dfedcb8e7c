# cr-ps: a line for each container, and all of it as JSON.

load helper

setup() {
	setup_containers
}

teardown() {
	remove_containers -f
}

@test "eight fields, with TABs between them" {
	id=$(container run -d --name it busybox sleep 300)
	run -0 --separate-stderr cr-ps
	[ -z "$stderr" ]
	IFS=$'\t' read -r got_id state exit pid image command created name rest <<<"$output"
	[ "$got_id $state $exit $image $name" = "$id running - busybox it" ]
	[ "$command" = 'sleep 300' ]
	[ "${CR_TEST_VARIANT-}" = posix ] || [ "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")" = 1 ]
	[[ $created =~ ^20[0-9-]{8}T[0-9:]{8}Z$ ]]
	[ -z "$rest" ]
}

@test "those that run; -a: all; operands: those, whatever their state" {
	container run --name ended busybox true
	container run -d --name it busybox sleep 300
	cr-mkrootfs --container --name made -i busybox
	[ "$(cr-ps | cut -f 2,8)" = $'running\tit' ]
	[ "$(cr-ps -a | cut -f 2,3,8 | sort)" = $'created\t-\tmade\nexited\t0\tended\nrunning\t-\tit' ]
	[ "$(cr-ps ended made | cut -f 8)" = $'ended\nmade' ]
	run -4 --separate-stderr cr-ps ended missing it
	[ "${#lines[@]}" -eq 2 ]
	[ "$stderr" = 'cr-ps: missing: no such container' ]
}

@test "no character of a command is one that a terminal would obey" {
	container run busybox true "$(printf 'a\033[31mb\302\23331mc\342\200\256d\342\201\246e')"
	[ "$(cr-ps -a | cut -f 6)" = 'true a [31mb??31mc???d???e' ]
	run -0 container ps -a
	[[ $output == *'true a [31mb??31mc'* ]]
}

@test "by id, by the beginning of an id, and by name; a name goes before a beginning" {
	first=$(cr-mkrootfs --container -i busybox)
	first=${first##*/}
	[ "$(cr-ps "$first" | cut -f 1)" = "$first" ]
	[ "$(cr-ps "${first%??}" | cut -f 1)" = "$first" ]
	cr-mkrootfs --container --name "${first%??}" -i busybox
	[ "$(cr-ps "${first%??}" | cut -f 1)" != "$first" ]
	mv "store/containers/$first" store/containers/aaaaaaaaaaa1
	second=$(cr-mkrootfs --container -i busybox)
	mv "$second" store/containers/aaaaaaaaaaa2
	run -2 --separate-stderr cr-ps aaaa
	[[ $stderr == *"more than one"* ]]
	run -2 cr-ps ''
	for word in . .. ../containers /etc '*'; do
		run -4 cr-ps -- "$word"
	done
}

@test "no store, no containers: nothing, and no error" {
	run -0 --separate-stderr cr-ps -s "$PWD/elsewhere" -a
	[ -z "$output$stderr" ]
	run -4 cr-ps -s "$PWD/elsewhere" it
	[ ! -e elsewhere ]
	run -0 cr-ps -j -s "$PWD/elsewhere"
	[ "$output" = '[]' ]
}

@test "-j: the facts, the state, and how the process is run" {
	container run --name it -e 'TEXT=a "quoted" word' -w /work --hostname box busybox sh -c 'exit 3' || :
	cr-ps -j it >json
	python3 - <<-'END'
		import json
		[it] = json.load(open("json"))
		assert it["state"] == "exited" and it["exit"] == 3 and it["name"] == "it" and it["image"] == "busybox", it
		assert it["bundle"].endswith("/containers/" + it["id"]) and it["hostname"] == "box", it
		assert it["process"]["args"] == ["sh", "-c", "exit 3"] and it["process"]["cwd"] == "/work", it
		assert 'TEXT=a "quoted" word' in it["process"]["env"], it
		assert it["created"] <= it["started"] <= it["finished"] and "pid" not in it, it
	END
	container run -d --name other busybox sleep 300
	cr-ps -a -j >json
	python3 -c '
import json
all = {c["name"]: c for c in json.load(open("json"))}
assert set(all) == {"it", "other"} and all["other"]["pid"] > 1 and all["other"]["supervisor"] > 1, all'
	run -4 --separate-stderr cr-ps -j missing
	[ -z "$output" ]
}

@test "--path: where the bundle is" {
	dir=$(cr-mkrootfs --container --name it -i busybox)
	[ "$(cr-ps --path it)" = "$dir" ]
	run -2 cr-ps --path
}

@test "what a fact holds does not break the line, nor reach a terminal" {
	dir=$(cr-mkrootfs --container --name it -i busybox -- sh -c $'a\tb\nc\033[31m')
	printf 'x\ty\033\302\2332J\n' >"$dir/image"
	run -0 cr-ps it
	[ "${#lines[@]}" -eq 1 ]
	[ "$(tr -cd '\t' <<<"$output" | wc -c)" -eq 7 ]
	[[ $output != *$'\033'* && $output != *$'\302\233'* ]]
	[[ $output == *'x?y???2J'* ]]
}

@test "what is no container is passed over: files, and directories without a config.json" {
	mkdir -p store/containers/empty store/containers/.hidden
	echo '{}' >store/containers/.hidden/config.json
	touch store/containers/file
	run -0 --separate-stderr cr-ps -a
	[ -z "$output$stderr" ]
}

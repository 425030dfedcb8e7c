# container: the wrapper. The phrases people use are in pipeline.bats; here its options, records, signals and refusals.

load helper

setup_file() {
	start_registry
	push_busybox
	[ -n "${REGISTRY-}" ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/user/etc"
	printf 'root:x:0:0::/root:/bin/sh\nuser:x:7:8::/:/bin/sh\n' >"$BATS_FILE_TMPDIR/user/etc/passwd"
	push_image library/tool:1 -E '["/bin/echo", "entry"]' -c '["cmd"]' -e PATH=/bin -e VAR=image -u user -w /work \
		"$(busybox_root)" "$BATS_FILE_TMPDIR/user" >/dev/null
}

teardown_file() {
	stop_registry
}

setup() {
	need_userns
	setup_store
	mirror_docker_io
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	local file pid
	umount on o 2>/dev/null || :
	for file in store/containers/*/pid; do
		[ ! -f "$file" ] || { pid=$(cat "$file") && kill -9 "$pid"; } 2>/dev/null || :
	done
}

# start OPTION... IMAGE COMMAND...: in the background; $pid is the wrapper's, $id the container's, once it runs
start() {
	local before
	before=$(find store/containers -name started 2>/dev/null | wc -l)
	container run "$@" >out 2>err 3>&- &
	pid=$!
	until_true sh -c "[ \$(find store/containers -name started | wc -l) -gt $before ] && grep -qs ready out"
	id=$(container ps | awk 'NR > 1 { print $1; exit }')
}

readonly wait_script='trap "echo got INT; exit 41" INT; trap "echo got TERM; exit 42" TERM; echo ready; while :; do sleep 0.1; done'

fact() {
	cat "store/containers/$id/$1"
}

# --- pull ---

@test "pull: name and digest; -q: the digest alone; nothing else" {
	run -0 --separate-stderr container pull busybox
	[[ $output =~ ^busybox:\ sha256:[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	digest=${output#*: }
	run -0 --separate-stderr container pull -q busybox
	[ "$output" = "$digest" ]
	[ -z "$stderr" ]
	[ "$digest" = "sha256:$(cr-cat busybox | sha256sum | cut -d ' ' -f 1)" ]
}

@test "pull of what is not there: 4 and a clear message" {
	run -4 --separate-stderr container pull "$REGISTRY/missing:1"
	[ -z "$output" ]
	[[ ${stderr_lines[0]} == "cr-fetch-manifest: "*"missing:1"* ]]
	run -4 --separate-stderr container pull -q "$REGISTRY/missing:1"
	[ -z "$output" ]
	[ -z "$(cr-tag)" ]
}

@test "pull of several: one that fails does not keep the others, and is told by the status" {
	run -4 --separate-stderr container pull -q busybox "$REGISTRY/missing" alpine
	[ "${#lines[@]}" -eq 2 ]
	[ "$(cr-tag | wc -l)" -eq 2 ]
}

@test "--platform of what the image is not: 4 of pull, 125 of run, whether an index says so or the image alone" {
	for name in busybox "$REGISTRY/library/busybox"; do
		run -4 --separate-stderr container pull -q --platform linux/s390x "$name"
		[[ $stderr == *"no image for linux/s390x; it is for linux/"* ]]
	done
	container pull -q busybox
	run -125 --separate-stderr container run --rm --platform linux/s390x busybox true
	[[ $stderr == *"no image for linux/s390x; it is for linux/"* ]]
	run -4 cr-inspect -p linux/s390x busybox
	run -125 container run --rm --platform nonsense busybox true
	run -0 container pull -q --platform "$(container pull -q busybox >/dev/null && cr-inspect busybox | sed -n 's/.*"platform": *"\([^"]*\)".*/\1/p')" busybox
	run -2 container pull --platform nonsense busybox
	run -2 container pull --platform
	run -2 container pull
}

# --- list, inspect, rmi ---

@test "list: the names as they are typed, with digest, size, platform and time" {
	container pull -q busybox tool:1 "$REGISTRY/busybox" >/dev/null
	for command in list images; do
		run -0 --separate-stderr container "$command"
		[ -z "$stderr" ]
		[ "${#lines[@]}" -eq 4 ]
		[[ ${lines[0]} == IMAGE*DIGEST*SIZE* ]]
		grep -qE "^busybox:latest +[0-9a-f]{12} +[0-9.]+ [kM]?B +linux/[a-z0-9/]+ +20[0-9-]{8}T" <<<"$output"
		grep -qE "^tool:1 " <<<"$output"
		grep -qE "^$REGISTRY/busybox:latest " <<<"$output"
	done
}

@test "list of an empty store is its head" {
	run -0 --separate-stderr container list
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
}

@test "rmi removes the name" {
	container pull -q busybox >/dev/null
	run -0 --separate-stderr container rmi busybox
	[ -z "$(cr-tag)" ]
	run -4 --separate-stderr container rmi busybox
	[[ $stderr == *busybox* ]]
	run -4 container inspect busybox
}

# --- run ---

@test "run pulls what is not there, and says nothing of it on stdout" {
	run -0 --separate-stderr container run --rm busybox echo hello
	[ "$output" = hello ]
	[ -z "$stderr" ]
	[ "$(cr-tag | cut -f 1)" = docker.io/library/busybox:latest ]
}

@test "run of what cannot be had: 125 and a message; nothing is left of it" {
	run -125 --separate-stderr container run "$REGISTRY/missing" true
	[ -z "$output" ]
	[[ $stderr == *missing* ]]
	[ -z "$(ls store/containers)" ]
}

@test "run: the exit status is the command's; 126, 127, 128+N" {
	container pull -q busybox >/dev/null
	for pair in 'exit 0:0' 'exit 1:1' 'exit 2:2' 'exit 125:125' 'exit 255:255' 'kill -9 $$:137' 'kill -15 $$:143'; do
		run "-${pair##*:}" container run --rm busybox sh -c "${pair%:*}"
	done
	run -127 --separate-stderr container run --rm busybox no-such-program
	[[ $stderr == *no-such-program* ]]
	run -126 --separate-stderr container run --rm busybox /etc
	[[ $stderr == */etc* ]]
}

@test "run: what is not an option of run is 125, as 2 may be the command's" {
	run -125 container run
	run -125 --separate-stderr container run --no-such-option busybox
	[[ $stderr == *"--no-such-option"* ]]
	run -125 container run -e
	run -125 --separate-stderr container run -e A=b --platform
	[[ $stderr == *"--platform needs a value"* ]] # and does not take an option that was moved out of the way
	run -125 container run --name
	run -125 container run --userns other busybox true
	run -125 --separate-stderr container run -u nosuchuser busybox true
	[[ $stderr == *nosuchuser* ]]
	[ -z "$(ls store/containers 2>/dev/null)" ]
}

@test "run: the image's entrypoint, command, user, environment and directory" {
	run -0 container run --rm tool:1
	[ "$output" = 'entry cmd' ]
	run -0 container run --rm tool:1 'two  words' '' '*'
	[ "$output" = 'entry two  words  *' ]
	run -0 container run --rm --entrypoint sh tool:1 -c 'id -u; id -g; pwd; echo $VAR'
	[ "$output" = $'7\n8\n/work\nimage' ]
	run -0 container run --rm --entrypoint=/bin/pwd tool:1
	[ "$output" = /work ]
}

@test "run: -e, -w, -u, --hostname, in each of their forms" {
	GREETING='from  "here"' run -0 container run --rm -e VAR=x --env=OTHER='a b' -e GREETING -eSHORT=s --env LONG=l busybox \
		sh -c 'printf "%s|" "$VAR" "$OTHER" "$GREETING" "$SHORT" "$LONG"'
	[ "$output" = 'x|a b|from  "here"|s|l|' ]
	run -0 container run --rm -w /new/dir busybox pwd
	[ "$output" = /new/dir ]
	run -0 container run --rm --workdir=/tmp busybox pwd
	[ "$output" = /tmp ]
	run -0 container run --rm --hostname box busybox hostname
	[ "$output" = box ]
	run -0 container run --rm --hostname=box2 busybox sh -c 'echo $HOSTNAME'
	[ "$output" = box2 ]
	run -0 container run --rm -u user tool:1
	[ "$output" = 'entry cmd' ]
	run -0 container run --rm --user 5:6 --entrypoint id busybox
	[[ $output == *uid=5*gid=6* ]]
}

@test "run: the hostname is the container's id unless given" {
	run -0 container run busybox hostname
	[ "$output" = "$(ls store/containers)" ]
}

@test "run --read-only" {
	run ! container run --rm --read-only busybox touch /file
	run -0 container run --rm busybox touch /file
}

@test "run: --env-file, capabilities, security options and --init=no are passed on" {
	printf '# a comment\nONE=1\nTWO=two  words\n' >variables
	run -0 container run --rm --env-file variables busybox sh -c 'printf "%s|" "$ONE" "$TWO"'
	[ "$output" = '1|two  words|' ]
	run -0 container run --rm --cap-drop ALL --cap-add=CHOWN busybox grep CapEff /proc/self/status
	[ "$output" = $'CapEff:\t0000000000000001' ]
	run -0 container run --rm --security-opt no-new-privileges=false busybox grep NoNewPrivs /proc/self/status
	[ "$output" = $'NoNewPrivs:\t0' ]
	for option in --init=no '--init no'; do
		# shellcheck disable=SC2086 # two words
		run -0 container run --rm $option busybox sh -c 'echo $$'
		[ "$output" = 1 ]
	done
	run -125 container run --rm --init yes busybox true
	run -125 container run --rm --cap-add NONSENSE busybox true
	run -125 container run --rm --env-file missing busybox true
}

@test "run: --env-file of a pipe, which can be read but once, and an image that is yet to be pulled" {
	for form in '--env-file ' --env-file=; do
		rm -rf store
		# shellcheck disable=SC2016,SC2086 # $ONE is the container's; one word or two
		run -0 container run --rm $form<(echo ONE=piped) busybox sh -c 'echo $ONE'
		[ "${lines[-1]}" = piped ]
	done
}

# As inside of most containers. The upper directory of an overlay cannot lie on another one.
@test "run with a store that lies on an overlay: the bundle is a copy, and -m overlay says why it cannot be" {
	local how
	need_root
	mkdir o on
	mount -t tmpfs tmpfs o
	mkdir o/{lower,upper,work}
	mount -t overlay -o lowerdir=o/lower,upperdir=o/upper,workdir=o/work overlay on
	export CR_STORE=$PWD/on/store
	for how in '' --rm; do
		# shellcheck disable=SC2086 # a word or none
		run -0 container run $how busybox sh -c 'echo x >/new && cat /new'
		[ "${lines[-1]}" = x ]
	done
	cr-mkrootfs -m overlay -i busybox on/b
	run -125 cr-exec on/b
	[[ $output == *"on/b/upper: its filesystem cannot hold the upper directory of an overlay (make the bundle with -m copy)" ]]
	cr-mkrootfs -i busybox elsewhere
	[ -d elsewhere/upper ]
}

@test "run: options behind the image belong to the command" {
	run -0 container run --rm busybox echo --rm -e X --name y -- z
	[ "$output" = '--rm -e X --name y -- z' ]
	run -0 container run --rm -- busybox echo -n x
	[ "$output" = x ]
}

@test "run: standard input is passed on, to its end" {
	run -0 sh -c 'echo x | container run --rm busybox cat'
	[ "$output" = x ]
	run -0 sh -c 'echo x | container run --rm -i busybox cat'
	[ "$output" = x ]
	head -c 3000000 /dev/urandom >file
	container run --rm busybox cat <file >copy
	cmp file copy
	run -0 sh -c 'printf "1\n2\n3\n" | { container run --rm busybox head -c 2 >/dev/null; cat; } | wc -l'
}

@test "run: stdout and stderr are apart" {
	run -0 --separate-stderr container run --rm busybox sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$stderr" = err ]
}

@test "run -t: a terminal; without: none" {
	command -v script >/dev/null || skip "script is not installed"
	container pull -q busybox >/dev/null
	run -0 script -qec "container run --rm -t busybox sh -c 'tty; test -t 0 && test -t 1 && echo terminal'" /dev/null </dev/null
	[[ $output == *terminal* ]]
	[[ $output == */dev/* ]]
	run -5 script -qec "container run --rm -it busybox sh -c 'exit 5'" /dev/null </dev/null
	run -0 sh -c "container run --rm busybox sh -c 'test -t 0 || echo none' </dev/null"
	[ "$output" = none ]
}

@test "run -t: what is typed arrives, and Ctrl-C is the command's" {
	command -v script >/dev/null || skip "script is not installed"
	container pull -q busybox >/dev/null
	cat >type.py <<-'END'
		import os, pty, sys, time, select
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp("container", ["container", "run", "--rm", "-it", "busybox", "sh", "-c",
		        "trap 'echo got INT; exit 9' INT; echo ready; read x; echo read-$x; while :; do sleep 0.1; done"])
		seen, typed, end = b"", 0, time.time() + 20
		while time.time() < end:
		    r, _, _ = select.select([fd], [], [], 0.1)
		    if r:
		        try: data = os.read(fd, 4096)
		        except OSError: break
		        if not data: break
		        seen += data
		    if typed == 0 and b"ready" in seen: os.write(fd, b"word\r"); typed = 1
		    if typed == 1 and b"read-word" in seen: os.write(fd, b"\x03"); typed = 2
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		assert b"got INT" in seen, seen
		assert status == 9, status
	END
	timeout 30 python3 type.py
}

@test "run: changes of one container are not in another, nor in the image" {
	container run --name first busybox sh -c 'echo changed >/etc/new; rm /bin/ls'
	run -0 container run --rm busybox sh -c 'test ! -e /etc/new && ls /bin/ls'
	cr-verify -a
}

# --- the record ---

@test "the record: image, digest, command, status, created, started, finished, exit" {
	run -3 container run busybox sh -c 'exit 3'
	id=$(ls store/containers)
	[[ $id =~ ^[0-9a-f]{12}$ ]]
	[ "$(fact image)" = busybox ]
	[ "$(fact digest)" = "$(cr-inspect -r busybox | sed -n 1p | cut -f 1)" ]
	[ "$(fact command)" = 'sh -c exit 3' ]
	[ "$(fact status)" = exited ]
	[ "$(fact exit)" = 3 ]
	for name in created started finished; do
		[[ $(fact "$name") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
	done
	[ ! -e "store/containers/$id/pid" ]
	[ -d "store/containers/$id/rootfs" ]
}

@test "the record while it runs, ps and ps -a" {
	container run --name ended busybox true
	start --name it busybox sh -c "$wait_script"
	[ "$(fact status)" = running ]
	kill -0 "$(fact pid)"
	[ ! -e "store/containers/$id/exit" ]
	run -0 --separate-stderr container ps
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == "$id"*busybox*running*it ]]
	run -0 container ps -a
	[ "${#lines[@]}" -eq 3 ]
	grep -qE '^[0-9a-f]{12}  busybox .* exited \(0\) .*ended$' <<<"$output"
	kill "$pid"
	wait "$pid" || :
	run -0 container ps
	[ "${#lines[@]}" -eq 1 ]
}

@test "a container whose wrapper was killed is not shown as running for ever" {
	start busybox sh -c "$wait_script"
	inner=$(fact pid)
	kill -9 "$pid"
	wait "$pid" || :
	kill -9 "$inner" 2>/dev/null || :
	until_true sh -c "! kill -0 $inner 2>/dev/null"
	run -0 container ps
	[ "${#lines[@]}" -eq 1 ]
	run -0 container ps -a
	[[ $output == *died* ]]
	run -0 container rm "$id"
}

@test "--rm leaves nothing of the container, whatever its status" {
	container run --rm busybox true
	run -7 container run --rm busybox sh -c 'mkdir -m 0 /locked; exit 7'
	run -127 container run --rm busybox no-such-program
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "images and containers of an ordinary user" {
	need_user
	run -3 as_user container run --name it busybox sh -c 'touch /file; chown 33 /file; exit 3'
	run -0 as_user container ps -a
	[[ $output == *'exited (3)'*it ]]
	run -0 --separate-stderr as_user container rm it
	[ -z "$stderr" ]
	[ -z "$(ls -A "$USER_DIR/store/containers")" ]
}

# --- what a container that runs can be asked ---

@test "run -d, ps, exec, logs, stop, wait, rm" {
	run -0 container run -d --name it busybox sh -c 'trap "echo bye; exit 7" TERM; echo here; while :; do sleep 0.05; done'
	id=$output
	run -0 container ps
	[[ ${lines[1]} == "$id"*running*it ]]
	run -0 --separate-stderr container exec -e VAR=x -w /tmp it sh -c 'echo "$VAR $(pwd)"; echo err >&2'
	[ "$output" = 'x /tmp' ]
	[ "$stderr" = err ]
	run -5 container exec it sh -c 'exit 5'
	run -0 sh -c 'echo words | container exec -i it cat'
	[ "$output" = words ]
	until_true sh -c 'container logs it | grep -q here'
	run -0 --separate-stderr container stop it
	[ -z "$output$stderr" ]
	run -0 container wait it
	[ "$output" = 7 ]
	run -0 container logs -n 1 it
	[ "$output" = bye ]
	run -125 --separate-stderr container exec it true
	[ -n "$stderr" ]
	run -0 container rm it
	[ -z "$(ls -A store/containers)" ]
}

@test "exec, logs, stop, kill, wait of what is not there: 4, but 125 of exec; of nothing: usage" {
	for command in logs stop kill wait rm inspect; do
		run -4 --separate-stderr container "$command" missing
		[[ $stderr == *missing* ]]
		run -2 container "$command"
	done
	run -125 --separate-stderr container exec missing true
	[[ $stderr == *"missing: no such container"* ]]
	run -125 container exec missing
	run -125 container exec --no-such-option missing true
}

@test "inspect of containers and images" {
	container run --name it -e VAR=x busybox true
	run -0 --separate-stderr container inspect it
	[ -z "$stderr" ]
	python3 -c 'import json, sys; [it] = json.loads(sys.argv[1]); assert it["name"] == "it" and "VAR=x" in it["process"]["env"]' "$output"
	run -0 --separate-stderr container inspect busybox
	[[ $output == *'"mediaType"'* ]]
	run -4 --separate-stderr container inspect it missing busybox
	[[ $output == *'"bundle"'*'"mediaType"'* ]]
	[[ $stderr == *missing* ]]
}

@test "inspect of a container whose config.json cannot be read: says so, and prints nothing" {
	container run --name it busybox true
	echo '{' >"$(cr-ps --path it)/config.json"
	run -3 --separate-stderr container inspect it
	[ -z "$output" ]
	[[ $stderr == *"not JSON"* ]]
}

# --- signals ---

@test "TERM and INT to the wrapper reach the command, and the record is finished" {
	for pair in TERM:42 INT:41; do
		# in the background a shell's children ignore INT
		: >out
		python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("container", ["container", "run", "busybox", "sh", "-c", sys.argv[1]])' "$wait_script" >out 2>err 3>&- &
		pid=$!
		until_true grep -q ready out
		id=$(container ps | awk 'NR > 1 { print $1; exit }')
		kill "-${pair%:*}" "$pid"
		code=0
		wait "$pid" || code=$?
		[ "$code" -eq "${pair#*:}" ]
		grep -q "got ${pair%:*}" out
		[ "$(fact status)" = exited ]
		[ "$(fact exit)" = "${pair#*:}" ]
		[ -f "store/containers/$id/finished" ]
	done
}

@test "TERM with --rm: the container is removed" {
	start --rm busybox sh -c "$wait_script"
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 42 ]
	[ -z "$(ls -A store/containers)" ]
}

# --- rm ---

@test "rm by id, by the beginning of an id, and by name" {
	for i in 1 2 3; do
		container run --name "n$i" busybox true
	done
	run -0 --separate-stderr container rm n1
	[ -z "$output$stderr" ]
	id=$(container ps -a | awk '$NF == "n2" { print $1 }')
	run -0 container rm "$id"
	id=$(container ps -a | awk '$NF == "n3" { print $1 }')
	run -0 container rm "${id%?????}"
	[ -z "$(ls -A store/containers)" ]
}

@test "rm of a beginning that several have is refused; several operands" {
	container run --name a busybox true
	container run --name b busybox true
	mv "store/containers/$(container ps -a | awk '$NF == "a" { print $1 }')" store/containers/aaaaaaaaaaa1
	mv "store/containers/$(container ps -a | awk '$NF == "b" { print $1 }')" store/containers/aaaaaaaaaaa2
	run ! --separate-stderr container rm aaaa
	[[ $stderr == *aaaa* ]]
	[ "$(ls store/containers | wc -l)" -eq 2 ]
	run -4 --separate-stderr container rm a missing b
	[[ $stderr == *missing* ]]
	[ -z "$(ls -A store/containers)" ]
}

@test "rm of what runs is refused; rm -f ends it" {
	start --name it busybox sh -c "$wait_script"
	inner=$(fact pid)
	run -1 --separate-stderr container rm it
	[[ $stderr == *"it is running"* ]]
	kill -0 "$inner"
	run -0 container rm -f it
	until_true sh -c "! kill -0 $inner 2>/dev/null"
	code=0
	wait "$pid" || code=$?
	[ "$code" -ne 0 ]
	[ -z "$(ls -A store/containers)" ]
	[ ! -s err ]
}

@test "rm of what is not there: 4; of nothing: 2" {
	run -4 --separate-stderr container rm missing
	[ "$stderr" = 'cr-rm: missing: no such container' ]
	run -2 container rm
	run -2 container rm ''
}

@test "rm takes no path, and no pattern" {
	container run --name a busybox true
	mkdir victim
	echo '{}' >victim/config.json
	for word in '../../victim' '*' '?' '/' '.' '..' './' '[a-f0-9]*' '../containers'; do
		run ! container rm -f -- "$word"
	done
	[ -f victim/config.json ]
	[ "$(ls store/containers | wc -l)" -eq 1 ]
	[ -d store/images ]
}

@test "rm -f of what --rm removes too" {
	start --rm busybox sh -c "$wait_script"
	run -0 --separate-stderr container rm -f "$id"
	[ -z "$stderr" ]
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 137 ]
	[ ! -s err ]
	[ -z "$(ls -A store/containers)" ]
	[ -z "$(leftovers)" ]
}

@test "a process that only has the number of one that ended is no container's, and is not killed" {
	container run --name it busybox true
	id=$(ls store/containers)
	rm "store/containers/$id"/{lock,exit}
	sleep 60 3>&- &
	echo running >"store/containers/$id/status"
	echo $! >"store/containers/$id/pid"
	run -0 container ps -a
	[[ $output == *died* ]]
	run -0 container rm -f it
	kill -0 $!
	kill $!
}

# --- names ---

@test "a container's name is a word, and one of its own" {
	container run --name it busybox true
	run -125 --separate-stderr container run --name it busybox true
	[[ $stderr == *it* ]]
	for name in 'a b' $'a\nb' '' '-x' '../x' 'a;b' '$(x)' 'a/b'; do
		run -125 --separate-stderr container run "--name=$name" busybox true
		[ -n "$stderr" ]
	done
	[ "$(ls store/containers | wc -l)" -eq 1 ]
}

@test "words are never run by a shell of ours" {
	words=('a b' '$(touch ran)' '`touch ran`' ';touch ran' '*' '' '-n' $'new\nline' "it's" '"')
	container run --rm busybox sh -c 'for w; do printf "%s|" "$w"; done' sh "${words[@]}" >out
	[ "$(cat out)" = "$(printf '%s|' "${words[@]}")" ]
	container run --rm -e 'A=$(touch ran);`x`' --hostname 'h' -w '/a b;$(touch ran)' busybox sh -c 'echo "$A"; pwd' >out
	[ "$(cat out)" = $'$(touch ran);`x`\n/a b;$(touch ran)' ]
	[ -z "$(find . -name ran)" ]
}

@test "a command of several lines does not break the list" {
	container run busybox sh -c $'true\ntrue\t# \033[31m'
	run -0 container ps -a
	[ "${#lines[@]}" -eq 2 ]
	[[ $output != *$'\033'* ]]
}

@test "a store of its own by --store, in a path with spaces" {
	run -0 container --store 'a store: x,y' run --rm busybox echo hello
	[ "$output" = hello ]
	[ -d 'a store: x,y/images' ]
	run -0 container '--store=a store: x,y' list
	[[ $output == *busybox* ]]
	[ ! -d store/images ] || [ -z "$(cr-tag)" ]
}

@test "called through a symlink, and from the directory it lies in" {
	ln -s "$BIN/container" link
	ln -s link second
	run -0 ./second run --rm busybox echo hello
	[ "$output" = hello ]
	run -0 sh -c "cd '$BIN' && ./container list"
	[[ $output == *busybox* ]]
	run -0 sh "$BIN/container" list
}

@test "what is no command: 2" {
	run -2 --separate-stderr container
	[ -z "$output" ]
	[[ $stderr == usage:* ]]
	run -2 --separate-stderr container nonsense
	[[ $stderr == *nonsense* ]]
	for words in 'list x' 'ps x' 'pull' 'inspect' 'rmi' 'pull -Z x'; do
		# shellcheck disable=SC2086
		run -2 container $words
	done
}

# The whole: programs in a pipe and the wrapper over them, for root and ordinary users, and what they promise together
# (DESIGN §4). docker.io is the registry on loopback.

load helper

setup_file() {
	start_registry
	push_busybox
	[ -n "${REGISTRY-}" ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/one" "$BATS_FILE_TMPDIR/two"
	head -c 3000000 /dev/urandom >"$BATS_FILE_TMPDIR/one/file"
	head -c 3000000 /dev/urandom >"$BATS_FILE_TMPDIR/two/other"
	push_image library/data:latest -c '["sh"]' "$BATS_FILE_TMPDIR/one" "$BATS_FILE_TMPDIR/two" >/dev/null
}

teardown_file() {
	stop_registry
}

setup() {
	setup_store
	mirror_docker_io
	cd "$BATS_TEST_TMPDIR" || return
}

readonly pipe='cr-fetch-manifest busybox | cr-fetch-blob | cr-verify | cr-unpack | cr-mkrootfs bb && cr-exec bb -- /bin/echo hello'

wrong_blobs() {
	local file
	for file in "$CR_STORE"/images/blobs/sha256/*; do
		[ ! -e "$file" ] || [ "$(sha256sum <"$file" | cut -d ' ' -f 1)" = "${file##*/}" ] || printf '%s\n' "$file"
	done
}

# nothing_wrong: the store by the judgement of cr-verify and of sha256sum
nothing_wrong() {
	[ -z "$(wrong_blobs)" ] && cr-verify -a
}

# --- the pipe ---

@test "the pipe prints hello: root" {
	need_root
	run -0 --separate-stderr sh -c "$pipe"
	[ "$output" = hello ]
	[ -z "$stderr" ]
	[ -z "$(leftovers)" ]
}

@test "the pipe prints hello: an ordinary user with subordinate ids" {
	need_namespaces
	need_user
	run -0 --separate-stderr as_user sh -c "$pipe"
	[ "$output" = hello ]
	[ -z "$stderr" ]
}

@test "the pipe prints hello: an ordinary user with one id" {
	need_namespaces
	need_plain_user
	run -0 --separate-stderr as_plain_user sh -c "$pipe"
	[ "$output" = hello ]
	[ -z "$stderr" ]
}

@test "the same image is not fetched again, and works without a registry" {
	pull busybox
	printf 'docker.io http://127.0.0.1:9\n' >"$XDG_CONFIG_HOME/container/registries"
	cr-inspect -r busybox >records
	run -0 --separate-stderr sh -c 'cr-fetch-blob <records | cr-verify | cr-unpack | cr-mkrootfs bb'
	[ -z "$output$stderr" ]
	run -0 cr-exec bb -- /bin/echo hello
	[ "$output" = hello ]
}

@test "records of two tools: a manifest fetched here, blobs that were there" {
	cr-fetch-manifest busybox >records
	{ sed -n 1,2p records; sed -n 3p records | cr-fetch-blob; } | cr-unpack | cr-tag mine:1 >/dev/null
	[ "$(cr-tag | cut -f 1)" = docker.io/library/mine:1 ]
}

@test "several images in one stream" {
	cr-fetch-manifest busybox data "$REGISTRY/library/alpine" >records
	[ "$(wc -l <records)" -eq 10 ]
	run -0 --separate-stderr sh -c 'cr-fetch-blob <records | cr-verify | cr-unpack'
	[ "$output" = "$(cat records)" ]
	[ -z "$stderr" ]
	run -2 --separate-stderr cr-tag name <records
	run -2 --separate-stderr cr-mkrootfs bb <records
	[ ! -e bb ]
}

@test "an image that is not there: 4, and the others come" {
	run -4 --separate-stderr cr-fetch-manifest busybox "$REGISTRY/missing" data
	[ "${#lines[@]}" -eq 7 ]
	[[ $stderr == "cr-fetch-manifest: "*missing* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "the last filter refuses when a stage fails: no bundle and no name" {
	run -4 --separate-stderr sh -c 'cr-fetch-manifest $REGISTRY/missing | cr-fetch-blob | cr-verify | cr-unpack | cr-mkrootfs bb'
	[[ $stderr == *"cr-fetch-manifest: "*missing* ]]
	[[ $stderr == *"cr-mkrootfs: no image arrived"* ]]
	run -3 --separate-stderr sh -c 'cr-fetch-manifest busybox | sed 3d | cr-fetch-blob | cr-verify | cr-unpack | cr-mkrootfs bb'
	[[ $stderr == *"cr-mkrootfs: "*incomplete* ]]
	run -4 --separate-stderr sh -c 'cr-fetch-manifest busybox | cr-fetch-blob | false | cr-tag busybox'
	run -3 --separate-stderr sh -c 'cr-fetch-manifest busybox | head -n 2 | cr-tag busybox'
	[ ! -e bb ]
	[ -z "$(cr-tag)" ]
}

@test "a program of the pipe that is killed: no bundle" {
	run ! --separate-stderr sh -c 'cr-fetch-manifest data | cr-fetch-blob | sh -c "head -n 3; kill -9 \$\$" | cr-unpack | cr-mkrootfs bb'
	[ ! -e bb ]
}

@test "-a: every platform's image, after its index; the name goes to the index" {
	need_root
	other=$(LAYOUT=$PWD/layout make_image other -a s390x "$BATS_FILE_TMPDIR/one")
	own=$(LAYOUT=$PWD/layout make_image own "$BATS_FILE_TMPDIR/two")
	for name in other own; do
		pushimage layout "$name" "$REGISTRY/library/multi:$name" >/dev/null
	done
	python3 - "$other" "$own" "$(cr-fetch-manifest multi:own >/dev/null && cr-inspect "$own" | sed -n 's/.*"platform": *"linux\/\([^"]*\)".*/\1/p')" >index <<-'END'
		import json, os, sys
		entry = lambda digest, arch: {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
		    "size": os.path.getsize("layout/blobs/sha256/" + digest[7:]), "platform": {"os": "linux", "architecture": arch}}
		print(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
		    "manifests": [entry(sys.argv[1], "s390x"), entry(sys.argv[2], sys.argv[3])]}), end="")
	END
	curl -q -sSf --noproxy '*' -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @index \
		"http://$REGISTRY/v2/library/multi/manifests/latest"
	[ "$(cr-fetch-manifest multi | sed -n 1p | cut -f 1)" = "$own" ]
	[ "$(cr-fetch-manifest -p linux/s390x multi | sed -n 1p | cut -f 1)" = "$other" ]
	run -4 --separate-stderr cr-fetch-manifest -p linux/mips multi
	[ -z "$output" ]
	cr-fetch-manifest -r multi | cmp - index
	cr-fetch-manifest -a multi >records
	[ "$(wc -l <records)" -eq 7 ]
	[ "$(sed -n 1p records | cut -f 1)" = "sha256:$(sha256sum <index | cut -d ' ' -f 1)" ]
	cr-fetch-blob <records | cr-verify | cr-tag multi >out
	[ "$(cr-tag | cut -f 2)" = "$(sed -n 1p records | cut -f 1)" ]
	[ "$(cr-inspect -r multi | sed -n 1p | cut -f 1)" = "$own" ]
	[ "$(cr-inspect -r -p linux/s390x multi | sed -n 1p | cut -f 1)" = "$other" ]
	nothing_wrong
}

# --- the wrapper, in the words people use ---

phrases() {
	run -0 --separate-stderr "$@" container pull busybox:latest
	[[ $output == *sha256:* ]]
	run -0 --separate-stderr "$@" container list
	[[ $output == *busybox:latest* ]]
	run -0 --separate-stderr "$@" container run busybox:latest /bin/echo "Hello Container!"
	[ "$output" = "Hello Container!" ]
	[ -z "$stderr" ]
	run -0 --separate-stderr "$@" container inspect busybox:latest
	[[ $output == *'"digest"'*sha256:* ]]
	run -0 "$@" container run alpine /bin/sh -c "ls -la /"
	[[ $output == *" bin"* ]]
	[[ $output == *" etc"* ]]
	[[ $output == *" proc"* ]]
}

@test "container: pull, list, run, inspect: root" {
	need_root
	phrases env
}

@test "container: pull, list, run, inspect: an ordinary user" {
	need_namespaces
	need_user
	phrases as_user
}

@test "container: pull, list, run, inspect: an ordinary user with one id" {
	need_namespaces
	need_plain_user
	phrases as_plain_user
}

# --- promises ---

# The layer of busybox, altered in the registry's storage. Restored by restore.
alter_layer() {
	local file
	layer=$(cr-fetch-manifest -s look busybox | sed -n 3p | cut -f 1)
	file=$(blob_in_registry "$layer")
	cp -p "$file" original
	printf X | dd of="$file" bs=1 seek=5000 conv=notrunc status=none
}

restore() {
	cp -p original "$(blob_in_registry "$layer")"
}

@test "promise 1: no wrong blob: a layer altered at the registry is refused by the pipe and by the wrapper" {
	alter_layer
	run --separate-stderr sh -c 'cr-fetch-manifest busybox | cr-fetch-blob | cr-verify | cr-unpack | cr-mkrootfs bb'
	pipe_status=$status pipe_stderr=$stderr
	run --separate-stderr container pull busybox
	restore
	echo "the pipe: $pipe_status: $pipe_stderr"
	[ "$pipe_status" -eq 3 ]
	[[ $pipe_stderr == *"cr-fetch-blob: "*"$layer"* ]]
	[ ! -e bb ]
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[[ $stderr == *"$layer"* ]]
	[ ! -e "$(blob "$layer")" ]
	[ -z "$(cr-tag)" ]
	[ -z "$(leftovers)" ]
	nothing_wrong
	run -0 container pull -q busybox
}

@test "promise 1: no wrong blob: nor is one that altered in the store unpacked or copied out" {
	pull busybox
	layer=$(cr-inspect -r busybox | sed -n 3p | cut -f 1)
	rm -rf "$CR_STORE/layers/sha256/"*
	damage "$(blob "$layer")"
	run -3 --separate-stderr sh -c 'cr-inspect -r busybox | cr-verify | cr-unpack | cr-mkrootfs bb'
	run -3 --separate-stderr sh -c 'cr-inspect -r busybox | cr-unpack | cr-mkrootfs bb'
	[ ! -e bb ]
	[ -z "$(ls "$CR_STORE/layers/sha256")" ]
	run -3 --separate-stderr sh -c "cr-cat $layer >out"
	run -3 --separate-stderr cr-verify -a
}

# A registry between us and the real one that passes on blobs slowly: $SLOW is its address, $SLOW_PID its process, and
# slow.log gets a line for each request of a blob, with what it asked for.
start_slow() {
	python3 - "$REGISTRY" slow >slow.port <<-'END' 3>&- &
		import http.server, sys, time, urllib.request, urllib.error
		class H(http.server.BaseHTTPRequestHandler):
		    protocol_version = "HTTP/1.1"
		    def log_message(self, *a): pass
		    def do_HEAD(self): self.do_GET()
		    def do_GET(self):
		        path = self.path.split("?")[0]
		        headers = {k: v for k, v in self.headers.items() if k.lower() in ("accept", "range")}
		        if "/blobs/" in path:
		            with open(sys.argv[2] + ".log", "a") as log: print(path, self.headers.get("Range", "-"), file=log)
		        try:
		            r = urllib.request.urlopen(urllib.request.Request("http://" + sys.argv[1] + path, headers=headers, method=self.command))
		        except urllib.error.HTTPError as e: r = e
		        data = r.read()
		        self.send_response(r.status)
		        for k, v in r.headers.items():
		            if k.lower() not in ("connection", "transfer-encoding", "date", "server"): self.send_header(k, v)
		        self.end_headers()
		        if self.command == "HEAD": return
		        step = 100000 if "/blobs/" in path else len(data) + 1
		        try:
		            for i in range(0, len(data), step):
		                self.wfile.write(data[i:i + step])
		                if step < len(data): time.sleep(0.05)
		        except OSError: self.close_connection = True
		s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
		print(s.server_address[1], flush=True)
		s.serve_forever()
	END
	SLOW_PID=$!
	until_true test -s slow.port
	SLOW=127.0.0.1:$(cat slow.port)
	printf 'docker.io http://%s\n' "$SLOW" >"$XDG_CONFIG_HOME/container/registries"
}

teardown() {
	[ -z "${SLOW_PID-}" ] || kill "$SLOW_PID"
}

@test "promise 6: killed means clean: cr-fetch-blob goes on where it was killed, and nothing wrong has a name" {
	start_slow
	cr-fetch-manifest data >records
	cr-fetch-blob <records >out 2>/dev/null &
	pid=$!
	until_true sh -c '[ "$(find store/tmp -type f -size +500k | wc -l)" -gt 1 ]'
	kill -9 "$pid"
	wait "$pid" || :
	nothing_wrong
	[ "$(find store/images/blobs -type f | wc -l)" -eq 2 ]
	: >slow.log
	run -0 --separate-stderr cr-fetch-blob <records
	[ "$(sort <<<"$output")" = "$(sort records)" ] # layers come as they arrive
	[ -z "$stderr" ]
	[ "$(grep -c 'bytes=[1-9][0-9]*-' slow.log)" -eq 2 ] # each went on, neither began again
	nothing_wrong
	[ -z "$(leftovers)" ]
}

@test "promise 6: killed means clean: a partial file that was tampered with does not get a name" {
	start_slow
	cr-fetch-manifest data >records
	cr-fetch-blob <records >out 2>/dev/null &
	pid=$!
	until_true sh -c '[ "$(find store/tmp -type f -size +500k | wc -l)" -gt 1 ]'
	kill -9 "$pid"
	wait "$pid" || :
	find store/tmp -type f -size +500k | while read -r file; do
		damage "$file"
	done
	cr-fetch-blob <records >out 2>err || cr-fetch-blob <records >out
	diff <(sort records) <(sort out)
	nothing_wrong
	[ -z "$(leftovers)" ]
}

@test "promise 3: names are whole: a pull killed at any moment" {
	for i in {1..15}; do
		setsid sh -c 'cr-fetch-manifest busybox | cr-fetch-blob | cr-verify | cr-unpack | cr-tag busybox' >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$((RANDOM % 25 + 10))"
		kill -9 -- "-$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ ! -e store/images/index.json ] || python3 -c 'import json; json.load(open("store/images/index.json"))'
		nothing_wrong
		[ $((i % 5)) -ne 0 ] || rm -rf store
	done
	pull busybox
	nothing_wrong
	pull busybox
	[ -z "$(leftovers)" ]
}

@test "promise 7: together is safe: one image, many pulls at once" {
	for i in {1..16}; do
		container pull -q data >"out$i" 2>"err$i" 3>&- &
		pids[i]=$!
	done
	for i in {1..16}; do
		wait "${pids[i]}" || { cat "err$i"; false; }
		[ ! -s "err$i" ]
		cmp out1 "out$i"
	done
	[ "$(cr-tag | wc -l)" -eq 1 ]
	[ "$(find store/layers/sha256 -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
	nothing_wrong
	[ -z "$(leftovers)" ]
}

@test "promise 7: together is safe: the blob that several want is fetched once" {
	start_slow
	cr-fetch-manifest data >records
	for i in {1..4}; do
		cr-fetch-blob <records >"out$i" 3>&- &
		pids[i]=$!
	done
	for i in {1..4}; do
		wait "${pids[i]}"
		diff <(sort records) <(sort "out$i")
	done
	[ "$(grep -c "$(sed -n 3p records | cut -f 1)" slow.log)" -eq 1 ]
	[ -z "$(leftovers)" ]
}

@test "promise 7: together is safe: different images at once" {
	for name in busybox alpine data; do
		container pull -q "$name" >"$name.out" 3>&- &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(cr-tag | wc -l)" -eq 3 ]
	nothing_wrong
	[ -z "$(leftovers)" ]
}

@test "promise 9: bounded: a blob of 200 MB is fetched in a few MiB" {
	[ -x /usr/bin/time ] || skip "no /usr/bin/time"
	mkdir big
	head -c 200000000 /dev/urandom >big/file
	push_image library/big:latest -z none big >/dev/null
	rm -rf big
	cr-fetch-manifest big >records
	/usr/bin/time -f %M -o peak cr-fetch-blob <records >/dev/null
	[ "$(find store/images/blobs -size +190M | wc -l)" -eq 1 ]
	[ "$(tail -n 1 peak)" -lt 32768 ]
	/usr/bin/time -f %M -o peak cr-verify <records >/dev/null
	[ "$(tail -n 1 peak)" -lt 32768 ]
	/usr/bin/time -f %M -o peak cr-unpack <records >/dev/null
	[ "$(tail -n 1 peak)" -lt 32768 ]
	registry_file=$(blob_in_registry "$(sed -n 3p records | cut -f 1)")
	rm -f "$registry_file" "$BATS_FILE_TMPDIR"/layout/blobs/sha256/"$(sed -n 3p records | cut -f 1 | cut -d : -f 2)"
}

@test "a full disk: 1 and why; the store verifies, and nothing has a name" {
	need_root
	mkdir small
	mount -t tmpfs -o size=4m none small || skip "nothing can be mounted here"
	run --separate-stderr container --store small pull data
	pull_status=$status pull_stderr=$stderr
	CR_STORE=$PWD/small nothing_wrong && whole=1
	names=$(cr-tag -s small)
	mount -o remount,size=32m small
	run container --store small pull data
	again=$status
	left=$(CR_STORE=$PWD/small leftovers)
	umount small
	[ "$pull_status" -eq 1 ]
	[[ $pull_stderr == *"No space left"* ]]
	[ "$whole" = 1 ]
	[ -z "$names" ]
	[ "$again" -eq 0 ]
	[ -z "$left" ]
}

@test "a full disk while unpacking: no layer and no name" {
	need_root
	mkdir zeros small
	head -c 20000000 /dev/zero >zeros/file
	push_image library/zeros:latest zeros >/dev/null
	mount -t tmpfs -o size=4m none small || skip "nothing can be mounted here"
	run --separate-stderr container --store small pull zeros
	pull_status=$status pull_stderr=$stderr
	CR_STORE=$PWD/small nothing_wrong && whole=1
	names=$(cr-tag -s small)
	trees=$(ls small/layers/sha256)
	left=$(CR_STORE=$PWD/small leftovers)
	umount small
	[ "$pull_status" -eq 1 ]
	[[ $pull_stderr == *"No space left"* ]]
	[ "$whole" = 1 ]
	[ -z "$names$trees$left" ]
}

@test "standard output that is full is a failure of each filter" {
	[ -c /dev/full ] || skip "no /dev/full"
	cr-fetch-manifest busybox | cr-fetch-blob >records
	for program in 'cr-fetch-manifest busybox' cr-fetch-blob cr-verify cr-unpack 'cr-tag busybox'; do
		run -1 --separate-stderr sh -c "$program <records >/dev/full"
		[[ $stderr == "${program%% *}: "*"No space left"* ]]
	done
	[ -z "$(cr-tag)" ]
	cr-unpack <records | cr-mkrootfs bb
	run -1 sh -c 'cr-exec bb -- /bin/echo x >/dev/full'
}

@test "closed standard descriptors do no harm to blobs" {
	sh -c 'cr-fetch-manifest busybox >records <&- 2>&-'
	sh -c 'cr-fetch-blob <records >&- 2>&-' || :
	sh -c 'cr-fetch-blob <&- >&- 2>&-' || :
	nothing_wrong
	sh -c 'cr-fetch-blob <records | cr-unpack 2>&- | cr-mkrootfs bb >&- 2>&-'
	sh -c 'container run busybox true <&- >&- 2>&-'
	for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		run -7 sh -c "container run --rm busybox sh -c 'cat; echo out; echo err >&2; exit 7' </dev/null $closed"
	done
	nothing_wrong
	run -0 cr-exec bb -- /bin/echo hello
	[ "$output" = hello ]
}

are_null() {
	[ "$(readlink "$@")" = $'/dev/null\n/dev/null' ]
}

@test "a standard descriptor that was closed is /dev/null, and no file of the store" {
	[ -d /proc/self/fd ] || skip "no /proc"
	cr-fetch-manifest busybox | cr-fetch-blob >records
	mkfifo in
	for program in cr-fetch-blob cr-verify cr-unpack 'cr-tag busybox' 'cr-mkrootfs bb'; do
		# shellcheck disable=SC2086 # a command and its operand
		$program <in >&- 2>&- 3>&- &
		pid=$!
		exec 7>in
		head -n 1 records >&7 # once it is taken, the store is open
		until_true sh -c "[ \"\$(readlink /proc/$pid/exe)\" = '$(readlink -f "$BIN/${program%% *}")' ] && [ \$(ls /proc/$pid/fd | wc -l) -gt 4 ]"
		until_true are_null "/proc/$pid/fd/1" "/proc/$pid/fd/2" # the loader's own files may have been counted
		exec 7>&-
		wait "$pid" || :
	done
}

@test "a name that is no reference is refused by each program, and never run" {
	for name in 'a;touch ran' '$(touch ran)' '`touch ran`' 'a b' $'a\nb' '../a' 'a/../b' 'A' '' "$REGISTRY/a;b"; do
		for program in cr-fetch-manifest cr-fetch-blob cr-inspect cr-cat 'container pull' 'container inspect' 'container run'; do
			# shellcheck disable=SC2086 # a command and its first word
			run --separate-stderr $program "$name"
			[ "$status" -eq 2 ] || { [ "$program" = 'container run' ] && [ "$status" -eq 125 ]; }
			[ -z "$output" ]
			[ -n "$stderr" ]
		done
	done
	[ ! -e ran ]
	[ -z "$(find . -name ran)" ]
	[ -z "$(leftovers)" ]
}

@test "messages have no control characters of others in them" {
	run ! --separate-stderr cr-fetch-manifest $'a\033[31mb'
	[[ $stderr != *$'\033'* ]]
}

# What an attack on the fetching half brought to light once, and must not again. tests/attackserver.py plays the two places.

load helper

setup_file() {
	command -v python3 >/dev/null || return 0
	mkdir "$BATS_FILE_TMPDIR/attack"
	python3 "$BATS_TEST_DIRNAME/attackserver.py" "$BATS_FILE_TMPDIR/attack" </dev/null >/dev/null 2>&1 3>&- &
	export ATTACK_PID=$!
	until_true [ -f "$BATS_FILE_TMPDIR/attack/ports" ]
}

teardown_file() {
	[ -z "${ATTACK_PID-}" ] || kill "$ATTACK_PID"
}

setup() {
	[ "${ATTACK_PID-}" ] || skip "python3 is not installed"
	setup_store
	cd "$BATS_TEST_TMPDIR" || return
	LOG=$BATS_FILE_TMPDIR/attack/log
	MARK=$(wc -l <"$LOG")
	read -r port1 port2 LAYER SIZE <"$BATS_FILE_TMPDIR/attack/ports"
	ONE=127.0.0.1:$port1 TWO=127.0.0.1:$port2
}

# requests PLACE: method, path, Authorization, Range of each since the test began
requests() {
	tail -n "+$((MARK + 1))" "$LOG" | sed -n "s/^$1	//p"
}

mirror() {
	printf '%s http://%s\n' "$ONE" "$TWO" >"$XDG_CONFIG_HOME/container/registries"
}

login() {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	cr-login --no-check -u bob --password-stdin "$ONE" <<<hunter2
}

layer_of() {
	printf '%s\t%s\tapplication/vnd.oci.image.layer.v1.tar\t%s/%s\n' "$LAYER" "$SIZE" "$ONE" "$1"
}

readonly SECRET='hunter2|Ym9iOmh1bnRlcjI='

@test "promise 5: a mirror that copies the registry's challenge does not get the registry's token" {
	mirror
	login
	run -0 --separate-stderr cr-fetch-manifest "$ONE/copied-challenge/x"
	[ "${#lines[@]}" -eq 3 ]
	requests 1 | grep -qF 'token-of-Ym9iOmh1bnRlcjI='
	requests 2 | grep -qF 'token-of-nobody'
	run ! grep -qE "$SECRET" <(requests 2)
}

@test "promise 5: nor does another registry of the same command line" {
	login
	run -4 --separate-stderr cr-fetch-manifest "$ONE/copied-challenge/x" "$TWO/copied-challenge/y"
	requests 1 | grep -qF 'token-of-Ym9iOmh1bnRlcjI='
	[ "$(requests 2 | wc -l)" -gt 0 ]
	run ! grep -qE "$SECRET" <(requests 2)
}

@test "a mirror's token is not the registry's: there the user's credentials are used" {
	mirror
	login
	run -0 cr-fetch-manifest "$ONE/copied-challenge/z"
	[ "$(requests 1 | grep '/token' | grep -cF 'Basic Ym9iOmh1bnRlcjI=')" -eq 1 ]
}

@test "a redirect and a 401 in turns come to an end" {
	layer_of redirect-and-401/x >records
	run -5 --separate-stderr timeout 10 cr-fetch-blob <records
	[ "$(requests 1 | wc -l)" -le 10 ]
}

@test "promise 6: killed while the blob is published: an ordinary user goes on too" {
	need_user
	layer_of plain/x >records
	command -v strace >/dev/null || skip "strace is not installed"
	as_user sh -c 'cat >records' <records
	as_user strace -qq -e trace=fsync,renameat,fchmod -e inject=fsync:signal=KILL:when=2 -o /dev/null \
		cr-fetch-blob <records >/dev/null 2>&1 || :
	as_user strace -qq -e trace=fsync -e inject=fsync:signal=KILL:when=1 -o /dev/null \
		cr-fetch-blob <records >/dev/null 2>&1 || :
	run -0 as_user cr-fetch-blob <records
	[ -z "$(ls -A "$USER_DIR/store/tmp")" ]
	[ "$(stat -c %a "$USER_DIR/store/images/blobs/sha256/${LAYER#sha256:}")" = 444 ]
}

@test "a line without end on the standard input is said once, and skipped" {
	{
		head -c 200000 /dev/zero | tr '\0' a
		echo
		layer_of plain/x
	} >records
	run -3 --separate-stderr timeout 10 cr-fetch-blob <records
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[[ $stderr == *'longer than'* ]]
	[[ $output == "$LAYER"* ]]
}

@test "a reference after one for which the network failed is not answered with the other's bytes" {
	command -v strace >/dev/null || skip "strace is not installed"
	for n in 1 3 5 7 9; do
		CR_STORE=$BATS_TEST_TMPDIR/s$n strace -qq -f -e trace=poll -e inject=poll:error=ENOMEM:when=$n -o /dev/null \
			cr-fetch-manifest "$ONE/plain/a" "$ONE/plain/b" >out 2>err || :
		run ! grep -E 'sent sha256|calls it|wrong bytes' err
		run ! grep -qi 'segmentation\|core dumped' err
		cut -f 1 out | sort | uniq -c | awk '$1 > 2 { exit 1 }'
	done
}

@test "a mirror's wrong manifest, by a tag, is passed over" {
	mirror
	run -0 --separate-stderr cr-fetch-manifest "$ONE/wrong-manifest/x"
	[ "${#lines[@]}" -eq 3 ]
	requests 2 | grep -q manifests/
}

@test "a HEAD that names what is gone: the tag is asked for" {
	run -0 cr-fetch-manifest "$ONE/stale-head/x"
	requests 1 | grep -q '^GET	/v2/stale-head/x/manifests/latest'
}

@test "a HEAD that breaks off: the tag is asked for" {
	run -0 cr-fetch-manifest "$ONE/cut-head/x"
	[ "$(requests 1 | grep -c ^HEAD)" -eq 1 ]
}

@test "a HEAD that says how long to wait is asked again then" {
	run -0 cr-fetch-manifest "$ONE/waiting-head/x"
	[ "$(requests 1 | grep -c ^HEAD)" -eq 2 ]
	[ "$(requests 1 | grep -c '^GET.*manifests')" -eq 1 ]
}

@test "promise 6: a manifest's fetching that was killed leaves nothing that stays" {
	command -v strace >/dev/null || skip "strace is not installed"
	for call in fsync:signal=KILL:when=1 fsync:signal=KILL:when=2 renameat:signal=KILL:when=1 unlinkat:signal=KILL:when=1; do
		strace -qq -f -e trace=fsync,renameat,unlinkat -e "inject=$call" -o /dev/null cr-fetch-manifest "$ONE/plain/k" >/dev/null 2>&1 || :
		run -0 cr-fetch-manifest "$ONE/plain/k"
		[ -z "$(leftovers)" ]
		rm -rf "$CR_STORE"
	done
}

@test "who ends early leaves no empty file in tmp/" {
	for n in 1 2 3 4 5; do
		printf 'sha256:%064d\t50000\tapplication/octet-stream\t%s/plain/x\n' "$n" "$ONE"
		layer_of plain/x
	done >records
	cr-fetch-blob <records >/dev/full 2>/dev/null || :
	[ -z "$(find "$CR_STORE/tmp" -size 0)" ]
}

@test "promise 5: a registry that repeats a password has no help from us" {
	login
	layer_of echo/x >records
	run -5 --separate-stderr cr-fetch-blob -v <records
	[[ $stderr == *'you are *'* ]]
	[[ $stderr == *'you sent Basic *'* ]]
	run ! grep -qE "$SECRET" <<<"$stderr"
}

@test "promise 5: nor has a token server" {
	login
	layer_of echo-token/x >records
	run --separate-stderr cr-fetch-blob -v <records
	[ "$status" -ne 0 ]
	requests 1 | grep -qF 'Basic Ym9iOmh1bnRlcjI='
	run ! grep -qE "$SECRET" <<<"$stderr"
}

@test "promise 5: the password in a proxy's URL is not shown" {
	for proxy in 'http://pu:sesame@ss:x@host:1/%' 'http://pu:sesame@127.0.0.1:1' 'nonsense://pu:sesame@127.0.0.1'; do
		https_proxy=$proxy run --separate-stderr cr-fetch-manifest --retries 0 example.invalid/x
		[ "$status" -ne 0 ]
		run ! grep -q sesame <<<"$stderr"
	done
}

@test "parts that are shorter than asked, but right, are put together" {
	layer_of short-parts/x >records
	run -0 cr-fetch-blob <records
	[ "$(requests 1 | grep -c 'bytes=')" -eq 2 ]
}

@test "416 where the size is not known: what is there may be all of it" {
	mkdir -p "$CR_STORE/tmp"
	cr-fetch-blob -o partial "$ONE/plain/x@$LAYER"
	rm -f "$(blob "$LAYER")"
	cp partial "$CR_STORE/tmp/blob-${LAYER#sha256:}"
	MARK=$(wc -l <"$LOG")
	run -0 cr-fetch-blob "$ONE/beyond/x@$LAYER"
	[ "$(requests 1 | wc -l)" -eq 1 ]
	[ -f "$(blob "$LAYER")" ]
	[ -z "$(leftovers)" ]
}

@test "a challenge of a scheme with a word of its own does not hide the Basic one behind it" {
	login
	layer_of negotiate/x >records
	run -0 cr-fetch-blob <records
}

@test "sources that are no registry and repository are refused before anybody is asked" {
	for source in "$ONE/../../x" "$ONE/a#f" /x "$ONE/" "$ONE/A" "$ONE/a:tag" "$ONE/a?b"; do
		printf '%s\t%s\tapplication/octet-stream\t%s\n' "$LAYER" "$SIZE" "$source"
	done >records
	run -3 --separate-stderr cr-fetch-blob <records
	[ -z "$output" ]
	[ "$(wc -l <<<"$stderr")" -eq 7 ]
	[ -z "$(requests 1)" ]
}

@test "a mirror whose URL has a query is refused when it would be asked" {
	printf '%s http://%s/p?x=1\n' "$ONE" "$TWO" >"$XDG_CONFIG_HOME/container/registries"
	run -2 --separate-stderr cr-fetch-manifest "$ONE/plain/x"
	[[ $stderr == *query* ]]
	[ -z "$(requests 2)" ]
}

@test "a login whose password would go to nobody is not taken for one" {
	export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
	run -5 --separate-stderr cr-login -u bob --password-stdin "$TWO" <<<hunter2 # its realm is at the other place
	[[ $stderr == *"not told the password"* ]]
	[ ! -e "$REGISTRY_AUTH_FILE" ]
	run -0 cr-login -u bob --password-stdin "$ONE" <<<hunter2
	[ -s "$REGISTRY_AUTH_FILE" ]
	run ! grep -qE "$SECRET" <(requests 2)
}

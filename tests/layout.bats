#!/usr/bin/env bats
# How the project hangs together: what is linked, what includes what, and that manual, completion and --help agree.

load helper

# The modules of lib/ and their levels: a file includes headers of lower levels, and those of its own idea
# (tar_pax.h belongs to tar). The first digit is the level of the design, the second orders what lies within it.
# A header with an idea's prefix that stands here is public; one that does not is for its own idea alone.
declare -gA LEVEL=(
	[err]=00 [buf]=01 [io]=02
	[digest]=10 [json]=10 [beneath]=10 [fsext]=10 [http]=10 [challenge]=10 [inflate]=10 [tar]=10 [user]=10 [userns]=10 [overlay]=10 [confine]=10
	[words]=11 [hash]=20 [ref]=20 [oci]=20 [metadata]=20 [stack]=20 [worker]=20 [pump]=20 [spool]=10 [log]=10 [detach]=10 [signals]=10 [sandbox]=20 [record]=21 [rootfs]=21
	[sandbox_defaults]=21 [security]=22 [seccomp]=22
	[store]=30 [auth]=30 [layer]=30 [token]=31 [registry]=32 [notes]=31 [unpacked]=31 [unfinished]=31 [owners]=32 [container]=32 [container_json]=32 [lifetime]=33
	[fetch]=40 [fetch_queue]=41 [layout]=40 [bundle]=40 [unpack]=40 [progress]=40 [image]=41 [document]=41 [resolve]=42 [gather]=42 [layers]=42 [mkbundle]=42
	[cli]=90 [cli_container]=91 [cli_registry]=91 [cli_progress]=91 [cli_secret]=91 [cli_auth]=92 [cli_env]=91
)

setup() {
	set -o pipefail # a loop that stops early must not pass for one that found nothing
	BUILD=${CR_TEST_BUILD:-$ROOT/build/check}
	cd "$ROOT" || return
	PROGRAMS=(bin/cr-*.c)
	PROGRAMS=("${PROGRAMS[@]#bin/}")
	PROGRAMS=("${PROGRAMS[@]%.c}")
}

# Prints what is wrong on stderr, and fails, if there is anything on stdin.
nothing() {
	local wrong
	wrong=$(cat)
	[ -z "$wrong" ] || { printf '%s\n' "$wrong" >&2; return 1; }
}

# The idea that a file of lib/ belongs to: itself if it stands in the table, else what is before its first underscore.
idea() {
	local name=${1##*/}
	name=${name%.[ch]}
	[ -n "${LEVEL[$name]-}" ] || name=${name%%_*}
	printf '%s' "$name"
}

includes() { # FILE, OPEN, CLOSE
	sed -n "s/^[[:space:]]*#[[:space:]]*include[[:space:]]*$2\([^$3]*\)$3.*/\1/p" "$1"
}

# --- linking ---

needed() {
	readelf -d "$1" | sed -n '/\[libc\.so/d; s/.*(NEEDED).*\[lib\([^]]*\)\.so.*/\1/p'
}

@test "no program has libtar's extracting functions" {
	for program in "${PROGRAMS[@]}"; do
		nm -D -u "$BIN/$program" >"$BATS_TEST_TMPDIR/symbols"
		sed -nE "s/.* ((tar_extract_|tar_skip_regfile|th_get_|mkdirhier|tar_append).*)/$program: \1/p" "$BATS_TEST_TMPDIR/symbols"
	done | nothing
	[ "$(nm -D -u "$BIN/cr-unpack" | grep -cw th_read)" -eq 1 ] # else this test looks for nothing
}

@test "of libtar, the library uses tar_fdopen, th_read and tar_close, and nothing else" {
	local libtar
	libtar=$(${CC:-cc} -print-file-name=libtar.so)
	[ -e "$libtar" ] || skip "no shared libtar to read the names from"
	nm -D --defined-only "$libtar" | awk '{ print $3 }' | sort -u >"$BATS_TEST_TMPDIR/libtar"
	grep -qx tar_extract_all "$BATS_TEST_TMPDIR/libtar"
	{ nm -u "$BUILD/libcr.a"; nm -u "${PROGRAMS[@]/#/$BIN/}"; } | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort -u >"$BATS_TEST_TMPDIR/ours"
	run comm -12 "$BATS_TEST_TMPDIR/libtar" "$BATS_TEST_TMPDIR/ours"
	[ "$output" = $'tar_close\ntar_fdopen\nth_read' ]
}

@test "cr-exec links no library but libc" {
	# Linked with libc itself, it would not tell.
	make -s BUILD="$BUILD" STATIC= OUT="$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/out/cr-exec"
	run -0 ldd "$BATS_TEST_TMPDIR/out/cr-exec"
	[[ $output == *libc.so* ]]
	[[ ! $output =~ lib(curl|crypto|ssl|z|zstd|tar|isal)\.so ]]
	needed "$BATS_TEST_TMPDIR/out/cr-exec" | nothing
}

@test "a program links only what its line of the Makefile names" {
	for program in "${PROGRAMS[@]}"; do
		grep -q "^LIBS_${program}[[:space:]]*=" Makefile || echo "$program: has no line"
		line=$(sed -n "s/^LIBS_${program}[[:space:]]*=//p" Makefile)
		line=${line/'$(LIBS_$(GZIP))'/-lisal -lz} # one of them
		libraries=$(needed "$BIN/$program")
		for library in $libraries; do
			[[ " $line " == *" -l$library "* ]] || echo "$program: links $library"
		done
	done | nothing
	[[ $(needed "$BIN/cr-unpack") == *tar* ]]
}

# --- includes ---

# The headers of libc and the kernel. All others belong to somebody else.
is_system_header() {
	case $1 in
	assert.h | ctype.h | dirent.h | dlfcn.h | endian.h | errno.h | fcntl.h | float.h | fnmatch.h | ftw.h | getopt.h | \
	glob.h | grp.h | inttypes.h | libgen.h | limits.h | locale.h | math.h | netdb.h | poll.h | pthread.h | pty.h | \
	pwd.h | sched.h | setjmp.h | signal.h | spawn.h | stdalign.h | stdarg.h | stdatomic.h | stdbool.h | stddef.h | \
	stdint.h | stdio.h | stdlib.h | stdnoreturn.h | string.h | strings.h | syslog.h | termios.h | time.h | unistd.h | \
	utime.h | wchar.h | wordexp.h | sys/* | linux/* | netinet/* | arpa/* | net/*) return 0 ;;
	esac
	return 1
}

@test "each third-party header is included by one .c alone" {
	for file in lib/*.[ch] bin/*.c; do
		for header in $(includes "$file" '<' '>'); do
			is_system_header "$header" || echo "$header $file"
		done
	done | sort -u >"$BATS_TEST_TMPDIR/foreign"
	grep -qx 'libtar.h lib/tar.c' "$BATS_TEST_TMPDIR/foreign"
	grep -q ' lib/hash.c$' "$BATS_TEST_TMPDIR/foreign"
	# openssl/evp.h and openssl/ec.h are of one library
	awk '{ library = $1; sub(/\/.*/, "", library); file[library] = file[library] && file[library] != $2 ? file[library] " " $2 : $2 }
		END { for (l in file) if (file[l] ~ / /) print l ": included by " file[l] }' "$BATS_TEST_TMPDIR/foreign" | nothing
	awk '$2 !~ /^lib\/.*\.c$/ { print $2 ": includes " $1 }' "$BATS_TEST_TMPDIR/foreign" | nothing
}

@test "each header of lib/ has a level, or belongs to an idea that has one" {
	for file in lib/*.[ch]; do
		[ -n "${LEVEL[$(idea "$file")]-}" ] || echo "$file: no level"
	done | nothing
}

@test "a module includes only from below, or what is its own" {
	for file in lib/*.[ch]; do
		own=$(idea "$file")
		for header in $(includes "$file" '"' '"'); do
			theirs=$(idea "$header")
			name=${header%.h}
			[ -e "lib/$header" ] || echo "$file: includes $header, which is not in lib/"
			[ "${theirs%%_*}" != "${own%%_*}" ] || continue
			[ -n "${LEVEL[$name]-}" ] || echo "$file: $header is private to $theirs"
			[[ ${LEVEL[$theirs]-99} < ${LEVEL[$own]-00} ]] || echo "$file: $header is not below"
		done
	done | nothing
}

@test "a program includes public headers alone" {
	for file in bin/*.c; do
		for header in $(includes "$file" '"' '"'); do
			[ -n "${LEVEL[${header%.h}]-}" ] || echo "$file: $header is private"
		done
	done | nothing
}

# All headers of lib/ that FILE sees, through others too.
closure() {
	local file header
	for file; do
		for header in $(includes "$file" '"' '"'); do
			[ -z "${seen[$header]-}" ] && [ -e "lib/$header" ] || continue
			seen[$header]=1
			closure "lib/$header"
		done
	done
}

@test "the registry sees no store; layer, tar and sandbox know no images" {
	for pair in registry:'store layout image oci' http:'store oci' layer:'oci image store json' tar:'oci store' sandbox:'oci json image store'; do
		name=${pair%%:*}
		[ -e "lib/$name.h" ] || continue # not every variant has them all
		declare -A seen=()
		mapfile -t files < <(find lib -name "$name.[ch]" -o -name "${name}_*.[ch]")
		closure "${files[@]}"
		for header in ${pair#*:}; do
			[ -z "${seen[$header.h]-}" ] || echo "$name: sees $header.h"
		done
	done | nothing
}

@test "only cli prints and reads the environment; no library exits" {
	for file in lib/*.c; do
		[[ $(idea "$file") == cli* ]] || awk -v file="$file" '
			/^[[:space:]]*(\/?\*|\/\/)/ { next }
			/(^|[^a-z_])(getenv|secure_getenv|printf|puts|putchar|perror|exit) ?\(/ { print file ":" FNR ": " $0 }' "$file"
	done | nothing
}

# --- manual, completion, --help ---

# The options that a --help text on stdin lists, one a line.
listed_options() {
	local line word
	while IFS= read -r line; do
		[[ $line =~ ^\ {2,8}- ]] || continue
		for word in ${line//,/ }; do
			case $word in
			-) ;;
			-*) printf '%s\n' "$word" ;;
			[A-Z]*) ;;
			*) break ;;
			esac
		done
	done
}

# Whether OPTION has an item in the mdoc text on stdin.
has_item() {
	grep -qE "^\.It (.*[ ,])?Fl ${1#-}([ ,]|\$)"
}

section() { # PAGE, COMMAND: what stands below ".Ss container COMMAND"
	awk -v head=".Ss container $2" '/^\.S[sh] /{ on = $0 == head } on' "$1"
}

@test "man pages pass mandoc's lint" {
	command -v mandoc >/dev/null || skip "no mandoc"
	run -0 mandoc -T lint -W warning share/man/man*/*.[1-9]
	[ -z "$output" ]
}

@test "man pages name one another, and only such as exist" {
	sed -nE 's/^\.Xr ((cr-|container)[a-z-]*) ([0-9]).*/\1.\3/p' share/man/man*/* | sort -u | while read -r page; do
		[ -e "share/man/man${page##*.}/$page" ] || echo "$page: not there"
	done | nothing
}

@test "each program has a man page with all the sections" {
	for name in "${PROGRAMS[@]}" container; do
		for head in NAME SYNOPSIS DESCRIPTION ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx ".Sh $head" "share/man/man1/$name.1" || echo "$name.1: no $head"
		done
	done | nothing
}

@test "every option of --help is in the man page" {
	for program in "${PROGRAMS[@]}"; do
		options=$("$BIN/$program" --help | listed_options)
		[[ $options == *--version* ]] || echo "$program: --help lists no --version"
		for option in $options; do
			has_item "$option" <"share/man/man1/$program.1" || echo "$program.1: no $option"
		done
	done | nothing
}

@test "every option of container's commands is in the man page" {
	page=share/man/man1/container.1
	for option in --store --help --version; do
		has_item "$option" <"$page" || echo "container.1: no $option"
	done | nothing
	for command in pull run list inspect ps logs exec stop kill wait rm rmi login logout; do
		[ "$(section "$page" "$command")" ] || echo "container.1: no $command"
		options=$(container_options "$command")
		for option in $options; do
			has_item "$option" <<<"$(section "$page" "$command")" || echo "container.1: $command: no $option"
		done
	done | nothing
	[ "$(container_options run | wc -w)" -gt 10 ]
}

# The lists of options, and for commands that have none, what their usage line shows in brackets.
container_options() {
	"$BIN/container" "$1" --help >"$BATS_TEST_TMPDIR/help"
	{
		listed_options <"$BATS_TEST_TMPDIR/help"
		sed -n '1s/\[\(-[a-z]\)\]/\n\1\n/gp' "$BATS_TEST_TMPDIR/help" | sed -n '/^-/p'
	} | sort -u
}

# What the bash completion offers for the words given, the last one being completed.
completions() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"$(complete -p "$1" | sed -n 's/.*-F \([^ ]*\).*/\1/p')" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]% }"
}

@test "every option of --help is completed by bash" {
	source share/completions/container.bash
	for program in "${PROGRAMS[@]}"; do
		offered=$(completions "$program" -)
		options=$("$BIN/$program" --help | listed_options)
		for option in $options; do
			grep -qxF -e "$option" <<<"$offered" || echo "$program: no $option"
		done
	done | nothing
	for command in pull run list inspect ps logs exec stop kill wait rm rmi login logout; do
		offered=$(completions container "$command" -)
		options=$(container_options "$command")
		for option in $options --help; do
			grep -qxF -e "$option" <<<"$offered" || echo "container $command: no $option"
		done
		grep -qxF -e "$command" <<<"$(completions container '')" || echo "container: no $command"
	done | nothing
}

# What container.zsh says of a program: its function, and the arrays that it takes in.
zsh_options() {
	local array body file=share/completions/container.zsh
	body=$(sed -n "/^_$1()/,/^}/p" "$file")
	printf '%s\n' "$body"
	for array in $(grep -o '\$_cr_[a-z]*' <<<"$body"); do
		sed -n "/^${array#\$}=(/,/^)/p" "$file"
	done
}

@test "every option of --help is completed by zsh and fish" {
	for program in "${PROGRAMS[@]}"; do
		zsh=$(zsh_options "$program")
		fish=$(sed -n "/complete -c \(\$program\|$program\) /p" share/completions/container.fish)
		options=$("$BIN/$program" --help | listed_options)
		for option in $options; do
			case $option in
			--*) word="-l ${option#--}" ;;
			*) word="-s ${option#-}" ;;
			esac
			grep -qE -e "(^|[^a-z-])$option([^a-z-]|\$)" <<<"$zsh" || echo "zsh: $program: no $option"
			grep -qE -e "$word( |\$)" <<<"$fish" || echo "fish: $program: no $option"
		done
	done | nothing
}

@test "bash completes names of images and ids of containers" {
	source share/completions/container.bash
	cr-tag() { printf 'docker.io/library/busybox:latest\tsha256:00\t1\t-\t-\n'; }
	cr-inspect() { printf '%s\n' "$BATS_TEST_TMPDIR/store"; }
	mkdir -p "$BATS_TEST_TMPDIR/store/containers/0123456789ab"
	[[ $(completions container run '') == *docker.io/library/busybox* ]]
	[[ $(completions cr-cat '') == *docker.io/library/busybox* ]]
	[[ $(completions cr-mkrootfs -i '') == *docker.io/library/busybox* ]]
	[[ $(completions container rm 01) == 0123456789ab ]]
	[[ $(completions container rm 9) == '' ]]
}

# --- the command line ---

@test "--help goes to stdout, with status 0" {
	for program in "${PROGRAMS[@]}" container; do
		for option in --help -h; do
			run -0 --separate-stderr "$BIN/$program" "$option"
			[[ $output == "usage: $program"* ]]
			[ -z "$stderr" ]
		done
	done
	for command in pull run list inspect ps logs exec stop kill wait rm rmi login logout; do
		run -0 --separate-stderr "$BIN/container" "$command" --help
		[[ $output == "usage: container $command"* ]]
		[ -z "$stderr" ]
	done
}

@test "--help to a full disk fails" {
	[ -c /dev/full ] || skip "no /dev/full"
	for program in "${PROGRAMS[@]}"; do
		run -1 --separate-stderr sh -c "$BIN/$program --help >/dev/full"
		[[ $stderr == "$program: standard output: "* ]]
	done
}

@test "--version prints the name and the version" {
	for program in "${PROGRAMS[@]}" container; do
		for option in --version -V; do
			run -0 --separate-stderr "$BIN/$program" "$option"
			[ "$output" = "$program 0.1.0" ]
			[ -z "$stderr" ]
		done
	done
}

@test "an unknown option is a usage error: 2, of cr-exec and container run 125" {
	for program in "${PROGRAMS[@]}" container 'container pull' 'container ps' 'container run'; do
		status_wanted=2
		case $program in cr-exec | 'container run') status_wanted=125 ;; esac
		for option in -Z --no-such-option; do
			# shellcheck disable=SC2086 # a command and its first word
			run "-$status_wanted" --separate-stderr "$BIN"/$program "$option"
			[ -z "$output" ]
			[[ $stderr == *"--help"* ]]
		done
	done
}

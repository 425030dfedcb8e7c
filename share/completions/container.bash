# Completion of container and the cr- programs for bash: source it, or install it as
# share/bash-completion/completions/container (and a link to it for each program).

# The options of each program, without what all have.
declare -A _cr_options=(
	[cr-fetch-manifest]='-p --platform -a --all -r --raw --offline --plain-http --cacert
		--connect-timeout --stall-timeout --retries'
	[cr-fetch-blob]='-o --output -j --jobs -q --quiet --progress-fd --offline --plain-http --cacert
		--connect-timeout --stall-timeout --retries'
	[cr-login]='-u --user --password-stdin --no-check -d --logout --plain-http --cacert
		--connect-timeout --stall-timeout --retries'
	[cr-verify]='-a --all -f --filter'
	[cr-unpack]='-C --directory -j --jobs --devices --max-entries --max-bytes --max-window --min-free'
	[cr-mkrootfs]='-i --image -m --mode -e --env --env-file --cap-add --cap-drop --security-opt -w --workdir -u --user --entrypoint --hostname -t --tty
		--read-only --devices --record --container --name -d --delete'
	[cr-exec]='-e --env --env-file --cap-add --cap-drop --security-opt -w --workdir -u --user -i --interactive -t --tty --hostname --read-only --rootfs
		--isolation --userns --init -j --join --pid-file --record -d --detach --rm'
	[cr-ps]='-a --all -j --json --path'
	[cr-kill]='--signal --stop -t --time'
	[cr-wait]=''
	[cr-logs]='-f --follow -t --timestamps -n --tail'
	[cr-rm]='-f --force'
	[cr-tag]='-d --delete'
	[cr-cat]=''
	[cr-inspect]='-p --platform -r --records --where'
)
_cr_common='-s --store -v --verbose -h --help -V --version'

# The options of each command of container.
declare -A _container_options=(
	[pull]='-q --quiet -v --verbose -p --platform --progress-fd --offline --plain-http --cacert
		--connect-timeout --stall-timeout --retries'
	[run]='-d --detach --rm --name -e --env --env-file -w --workdir -u --user --entrypoint --hostname --read-only --cap-add
		--cap-drop --security-opt --init -i --interactive -t --tty --userns --platform --offline --plain-http --cacert --connect-timeout --stall-timeout --retries'
	[list]=''
	[inspect]=''
	[ps]='-a --all'
	[logs]='-f --follow -t --timestamps -n --tail'
	[exec]='-e --env -w --workdir -u --user -i --interactive -t --tty'
	[stop]='-t --time'
	[kill]='-s --signal'
	[wait]=''
	[rm]='-f --force'
	[rmi]=''
	[login]='-u --user --password-stdin --no-check --plain-http --cacert
		--connect-timeout --stall-timeout --retries'
	[logout]=''
)

_cr_signals='HUP INT QUIT KILL TERM USR1 USR2 STOP CONT WINCH'

_cr_caps=' ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
	 DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE
	 MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG
	 SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE
	 SYS_TIME SYS_TTY_CONFIG WAKE_ALARM'

# Options of any program whose value is the next word.
_cr_takes_value() {
	case $1 in
	-s | --store | -p | --platform | --cacert | -o | --output | -j | --jobs | -f | --filter | -C | --directory | \
	--max-entries | --max-bytes | --max-window | --min-free | -i | --image | -m | --mode | -e | --env | -w | --workdir | -u | --user | \
	--entrypoint | --hostname | --isolation | --userns | --init | --pid-file | --env-file | --cap-add | --cap-drop | --security-opt | --name | --progress-fd | --connect-timeout | \
	--stall-timeout | --retries | --signal | --time | -n | --tail) return 0 ;;
	esac
	return 1
}

# Offers the words of $1 that begin with $word.
_cr_words() {
	local IFS=$' \t\n'
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

# Files: readline's own way of quoting them.
_cr_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
}

_cr_store() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --store) printf '%s\n' "${COMP_WORDS[i + 1]}"; return ;;
		esac
	done
	cr-inspect --where 2>/dev/null
}

# Names as they stand, and docker.io's without what may be left out. readline takes a ':' for the end of a word.
_cr_images() {
	local names store whole=$word

	store=$(_cr_store)
	names=$(cr-tag --store "$store" 2>/dev/null </dev/null | cut -f 1 |
		awk '{ print; if (sub(/^docker\.io\/(library\/)?/, "")) print }')
	if [[ $COMP_WORDBREAKS == *:* ]]; then
		whole=$(_cr_whole_word)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$whole")
	if [[ $whole != "$word" || $whole == *: ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${whole%"${whole##*:}"}"}")
	fi
}

# What stands before the cursor up to the last blank.
_cr_whole_word() {
	local line=${COMP_LINE:0:COMP_POINT}
	[[ $COMP_LINE ]] && printf '%s' "${line##*[[:space:]]}" || printf '%s' "$word"
}

_cr_containers() {
	local dir ids='' store name

	store=$(_cr_store)
	for dir in "$store"/containers/*/; do
		[[ -d $dir ]] || continue
		dir=${dir%/}
		ids+=" ${dir##*/}"
		if [[ -f $dir/name ]] && read -r name <"$dir/name"; then
			ids+=" $name"
		fi
	done
	_cr_words "$ids"
}

# The value of option $1.
_cr_value() {
	case ${COMP_WORDS[0]##*/}${command-}$1 in
	cr-kill-s | containerkill-s) _cr_words "$_cr_signals"; return ;;
	esac
	case $1 in
	-s | --store | -C | --directory) _cr_files -d ;;
	--cacert | --pid-file | --env-file) _cr_files -f ;;
	--cap-add | --cap-drop) _cr_words "$_cr_caps" ;;
	--security-opt) _cr_words 'no-new-privileges=true no-new-privileges=false seccomp=unconfined systempaths=unconfined' ;;
	-o | --output) _cr_words - ;;
	-p | --platform) _cr_words 'linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/riscv64 linux/s390x linux/ppc64le' ;;
	-i | --image) _cr_images ;;
	-m | --mode) _cr_words 'overlay copy' ;;
	--isolation) _cr_words 'namespaces chroot' ;;
	--userns) _cr_words host ;;
	--init) _cr_words no ;;
	--signal) _cr_words "$_cr_signals" ;;
	-e | --env) mapfile -t COMPREPLY < <(compgen -e -- "$word") ;;
	-j | --jobs) _cr_words '1 2 4 8' ;;
	*) COMPREPLY=() ;;
	esac
}

# Whether the word before is an option whose value is being completed.
_cr_pending() {
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	((COMP_CWORD > 1)) && [[ $before == -* ]] || return 1
	case $1$before in # these have a value elsewhere
	cr-exec-i | cr-exec-j | container*-i | container*-f | cr-logs-f | cr-rm-f | cr-ps-j | *ps--path) return 1 ;;
	cr-kill-t | containerstop-t) return 0 ;;
	esac
	_cr_takes_value "$before"
}

_cr_program() {
	local word=${COMP_WORDS[COMP_CWORD]} program=${1##*/}

	COMPREPLY=()
	if _cr_pending "$program"; then
		_cr_value "${COMP_WORDS[COMP_CWORD - 1]}"
	elif [[ $word == -* ]]; then
		_cr_words "${_cr_options[$program]} $_cr_common"
	else
		case $program in
		cr-cat | cr-inspect | cr-tag | cr-fetch-manifest) _cr_images ;;
		cr-exec | cr-mkrootfs) _cr_files -d ;;
		cr-ps | cr-kill | cr-wait | cr-logs | cr-rm) _cr_containers ;;
		esac
	fi
}

# The command of container in the line, or nothing.
_container_command() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --store) ((i++)) ;;
		-* | '') ;;
		*) printf '%s' "${COMP_WORDS[i]}"; return ;;
		esac
	done
}

_container() {
	local word=${COMP_WORDS[COMP_CWORD]} command

	COMPREPLY=()
	command=$(_container_command)
	if _cr_pending "container$command"; then
		_cr_value "${COMP_WORDS[COMP_CWORD - 1]}"
	elif [[ ! $command && $word == -* ]]; then
		_cr_words '-s --store -h --help -V --version'
	elif [[ ! $command ]]; then
		_cr_words "${!_container_options[*]} images help"
	elif [[ $word == -* ]]; then
		_cr_words "${_container_options[$command]-} -h --help"
	else
		case $command in
		pull | run | inspect | rmi) _cr_images ;;
		logs | exec | stop | kill | wait | rm) _cr_containers ;;
		esac
	fi
}

complete -F _container container
complete -F _cr_program "${!_cr_options[@]}"

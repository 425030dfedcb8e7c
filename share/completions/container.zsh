#compdef container cr-fetch-manifest cr-fetch-blob cr-login cr-verify cr-unpack cr-mkrootfs cr-exec cr-tag cr-cat cr-inspect cr-ps cr-kill cr-wait cr-logs cr-rm
# Completion of container and the cr- programs for zsh: install it as _container in a directory of $fpath.

_cr_common=(
	'(-s --store)'{-s+,--store=}'[the store]:directory:_directories'
	'*'{-v,--verbose}'[say more on stderr]'
	'(- *)'{-h,--help}'[print a summary]'
	'(- *)'{-V,--version}'[print the version]'
)

_cr_platform=(
	'(-p --platform)'{-p+,--platform=}'[which platform]:platform:(linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/riscv64)'
)

_cr_registry=(
	'--plain-http[the registry speaks http]'
	'--cacert=[certificate authorities to trust]:file:_files'
	'--connect-timeout=[for a connection]:seconds:'
	'--stall-timeout=[with less than 1,000 bytes a second]:seconds:'
	'--retries=[more tries of one place]:number:'
)

_cr_offline=('--offline[ask nobody]')

_cr_progress=(
	'(-q --quiet)'{-q,--quiet}'[no bars]'
	'--progress-fd=[JSON lines on a descriptor]:descriptor:'
)

_cr_login=(
	'(-u --user)'{-u+,--user=}'[the name of the user]:user: '
	'--password-stdin[read the password from stdin]'
	'--no-check[do not ask the registry]'
)

# What a process gets.
_cr_caps=(
	 ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
	 DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE
	 MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG
	 SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE
	 SYS_TIME SYS_TTY_CONFIG WAKE_ALARM
)
_cr_security=(
	'*--env-file=[set the variables of a file]:file:_files'
	'*--cap-add=[add a capability]:capability:($_cr_caps)'
	'*--cap-drop=[drop a capability]:capability:($_cr_caps)'
	'*--security-opt=[change the protection]:option:(no-new-privileges=true no-new-privileges=false seccomp=unconfined
		systempaths=unconfined)'
)
_cr_process=(
	'*'{-e+,--env=}'[set a variable, or take it over]:variable:_parameters -g "*export*"'
	'(-w --workdir)'{-w+,--workdir=}'[the working directory]:directory: '
	'(-u --user)'{-u+,--user=}'[name or uid, with group]:user: '
	'(-t --tty)'{-t,--tty}'[a terminal of its own]'
	'--hostname=[the host name inside]:name: '
	'--read-only[the root filesystem is read-only]'
)

_cr_store() {
	local at=${words[(I)(-s|--store)]} inline=${(M)words:#--store=*}
	if ((at)); then
		print -r -- ${words[at + 1]}
	elif [[ -n $inline ]]; then
		print -r -- ${inline#--store=}
	else
		cr-inspect --where 2>/dev/null
	fi
}

_cr_images() {
	local -a names
	names=(${${(f)"$(cr-tag --store "$(_cr_store)" 2>/dev/null </dev/null)"}%%$'\t'*})
	names+=(${${(M)names:#docker.io/*}#docker.io/})
	names+=(${${(M)names:#library/*}#library/})
	compadd -a names
}

_cr_containers() {
	local dir
	local -a ids
	for dir in "$(_cr_store)"/containers/*(N/); do
		ids+=(${dir:t})
		[[ -f $dir/name ]] && ids+=("$(<$dir/name)")
	done
	compadd -a ids
}

_cr-fetch-manifest() {
	_arguments -s -S $_cr_common $_cr_platform $_cr_registry $_cr_offline \
		'(-a --all)'{-a,--all}'[all platforms]' \
		'(-r --raw)'{-r,--raw}'[the bytes of the manifest]' \
		'*:image:_cr_images'
}

_cr-fetch-blob() {
	_arguments -s -S $_cr_common $_cr_registry $_cr_offline $_cr_progress \
		'(-o --output)'{-o+,--output=}'[write the one blob to stdout]:file:(-)' \
		'(-j --jobs)'{-j+,--jobs=}'[transfers at once]:number: ' \
		'*:repository@digest: '
}

_cr-login() {
	_arguments -s -S $_cr_common $_cr_registry $_cr_login \
		'(-d --logout)'{-d,--logout}'[forget what is kept]' \
		'1:registry:_hosts'
}

_cr-verify() {
	_arguments -s -S $_cr_common \
		'(-a --all)'{-a,--all}'[everything in the store]' \
		'(-f --filter)'{-f+,--filter=}'[copy stdin to stdout]:digest: ' \
		'*:digest: '
}

_cr-unpack() {
	_arguments -s -S $_cr_common \
		'(-C --directory)'{-C+,--directory=}'[apply one layer on a directory]:directory:_directories' \
		'(-j --jobs)'{-j+,--jobs=}'[layers unpacked at once]:number: ' \
		'--devices[make device nodes too]' \
		'--max-entries=[refuse an image of more entries]:number: ' \
		'--max-bytes=[refuse an image of more bytes]:number: ' \
		'--max-window=[refuse a zstd window of more bytes]:number: ' \
		'--min-free=[percent of the filesystem that stays free]:number: '
}

_cr-mkrootfs() {
	_arguments -s -S $_cr_common $_cr_process $_cr_security \
		'(-i --image)'{-i+,--image=}'[the image]:image:_cr_images' \
		'(-m --mode)'{-m+,--mode=}'[how layers become a root]:mode:(overlay copy)' \
		'--entrypoint=[replace the Entrypoint]:program: ' \
		'--devices[make device nodes too]' \
		'--record[keep image, digest and command]' \
		'--container[a container of the store]' \
		'--name=[the name of the container]:name: ' \
		'(-d --delete)'{-d,--delete}'[remove bundles]' \
		'*:target:_directories'
}

_cr-exec() {
	_arguments -s -S $_cr_common $_cr_process $_cr_security \
		'(-i --interactive)'{-i,--interactive}'[accepted]' \
		'--rootfs[the bundle is a root filesystem]' \
		'--isolation=[how]:mode:(namespaces chroot)' \
		'--userns=[no user namespace]:namespace:(host)' \
		'--init=[the command is process 1]:init:(no)' \
		'(-j --join)'{-j,--join}'[in the container that runs]' \
		'--pid-file=[write the pid]:file:_files' \
		'--record[the bundle is a container]' \
		'(-d --detach)'{-d,--detach}'[in the background]' \
		'--rm[remove the bundle afterwards]' \
		'1:bundle:_directories' \
		'*:command: '
}

_cr-tag() {
	_arguments -s -S $_cr_common \
		'(-d --delete)'{-d,--delete}'[remove names]' \
		'*:image:_cr_images'
}

_cr-cat() {
	_arguments -s -S $_cr_common '1:image or digest:_cr_images'
}

_cr-inspect() {
	_arguments -s -S $_cr_common $_cr_platform \
		'(-r --records)'{-r,--records}'[the records]' \
		'--where[the path of the store]' \
		'*:image or digest:_cr_images'
}

# What cr-logs, cr-kill and cr-rm, and the commands over them, have.
_cr_logs=(
	'(-f --follow)'{-f,--follow}'[until it has ended]'
	'(-t --timestamps)'{-t,--timestamps}'[the time before each line]'
	'(-n --tail)'{-n+,--tail=}'[the last lines]:number: '
)
_cr_signal=('(-s --signal)'{-s+,--signal=}'[which]:signal:(HUP INT QUIT KILL TERM USR1 USR2 STOP CONT WINCH)')
_cr_time=('(-t --time)'{-t+,--time=}'[until they are killed]:seconds: ')
_cr_force=('(-f --force)'{-f,--force}'[kill what runs]')

_cr-ps() {
	_arguments -s -S $_cr_common \
		'(-a --all)'{-a,--all}'[those that do not run, too]' \
		'(-j --json)'{-j,--json}'[as JSON]' \
		'--path[the paths of bundles]' \
		'*:container:_cr_containers'
}

_cr-kill() {
	_arguments -s -S $_cr_signal $_cr_time \
		'--store=[the store]:directory:_directories' \
		'*'{-v,--verbose}'[say more on stderr]' \
		'(- *)'{-h,--help}'[print a summary]' \
		'(- *)'{-V,--version}'[print the version]' \
		'--stop[stop them]' \
		'*:container:_cr_containers'
}

_cr-wait() {
	_arguments -s -S $_cr_common '*:container:_cr_containers'
}

_cr-logs() {
	_arguments -s -S $_cr_common $_cr_logs '1:container:_cr_containers'
}

_cr-rm() {
	_arguments -s -S $_cr_common $_cr_force '*:container:_cr_containers'
}

_container_commands() {
	local -a commands
	commands=(
		'pull:fetch images, verify and unpack them'
		'run:run a command in a new container'
		'list:the images of the store'
		'inspect:what is known of a container or an image'
		'ps:containers'
		'logs:what a container has written'
		'exec:run another command in a container'
		'stop:end containers'
		'kill:send a signal to containers'
		'wait:wait for the end of containers'
		'rm:remove containers'
		'rmi:remove names of images'
		'login:keep a user and a password'
		'logout:forget them'
	)
	_describe command commands
}

_container_command() {
	local -a help_options
	help_options=('(- *)'{-h,--help}'[print a summary]')
	case $words[1] in
	pull)
		_arguments -S $help_options $_cr_platform $_cr_registry $_cr_offline \
			'(-q --quiet)'{-q,--quiet}'[print the digest alone]' \
			'*:image:_cr_images'
		;;
	run)
		_arguments -S $help_options $_cr_process $_cr_security $_cr_registry \
			'(-d --detach)'{-d,--detach}'[in the background]' \
			'--init=[the command is process 1]:init:(no)' \
			'--rm[remove the container afterwards]' \
			'--name=[a name for it]:name: ' \
			'--entrypoint=[replace the Entrypoint]:program: ' \
			'(-i --interactive)'{-i,--interactive}'[accepted]' \
			'--userns=[no user namespace]:namespace:(host)' \
			'--platform=[which platform]:platform:(linux/amd64 linux/arm64 linux/arm/v7 linux/386)' \
			'1:image:_cr_images' \
			'*:command: '
		;;
	ps) _arguments $help_options '(-a --all)'{-a,--all}'[finished ones too]' ;;
	logs) _arguments $help_options $_cr_logs '1:container:_cr_containers' ;;
	exec)
		_arguments -S $help_options \
			'*'{-e+,--env=}'[set a variable, or take it over]:variable:_parameters -g "*export*"' \
			'(-w --workdir)'{-w+,--workdir=}'[the working directory]:directory: ' \
			'(-u --user)'{-u+,--user=}'[name or uid, with group]:user: ' \
			'(-t --tty)'{-t,--tty}'[a terminal of its own]' \
			'(-i --interactive)'{-i,--interactive}'[accepted]' \
			'1:container:_cr_containers' \
			'*:command: '
		;;
	stop) _arguments $help_options $_cr_time '*:container:_cr_containers' ;;
	kill) _arguments $help_options $_cr_signal '*:container:_cr_containers' ;;
	wait) _arguments $help_options '*:container:_cr_containers' ;;
	rm) _arguments $help_options $_cr_force '*:container:_cr_containers' ;;
	login) _arguments -S $help_options $_cr_login $_cr_registry '1:registry:_hosts' ;;
	logout) _arguments $help_options '1:registry:_hosts' ;;
	inspect | rmi) _arguments $help_options '*:image:_cr_images' ;;
	*) _arguments $help_options ;;
	esac
}

_container() {
	if [[ $service != container ]]; then
		"_$service"
		return
	fi
	_arguments -S \
		'(-s --store)'{-s+,--store=}'[the store]:directory:_directories' \
		'(- *)'{-h,--help}'[print a summary]' \
		'(- *)'{-V,--version}'[print the version]' \
		'1:command:_container_commands' \
		'*::argument:_container_command'
}

_container "$@"

# Completion of container and the cr- programs for fish: install it in share/fish/vendor_completions.d.

function __cr_store
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case -s --store
                test $i -lt (count $words); and echo $words[(math $i + 1)]; and return
            case '--store=*'
                string replace -- --store= '' $words[$i]
                return
        end
    end
    cr-inspect --where 2>/dev/null
end

function __cr_images
    for name in (cr-tag --store (__cr_store) 2>/dev/null </dev/null | cut -f 1)
        echo $name
        string replace -rf '^docker\.io/(library/)?' '' $name
    end
end

function __cr_containers
    for dir in (__cr_store)/containers/*/
        basename $dir
        test -f $dir/name; and cat $dir/name
    end
end

function __cr_caps
    string split ' ' 'ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM'
end

function __cr_platforms
    string split ' ' 'linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/riscv64'
end

function __container_command
    for word in (commandline -opc)[2..-1]
        switch $word
            case pull run list images inspect ps logs exec stop kill wait rm rmi login logout
                echo $word
                return
        end
    end
end

function __container_in
    contains -- (__container_command) $argv
end


for program in cr-fetch-manifest cr-fetch-blob cr-login cr-verify cr-unpack cr-mkrootfs cr-exec cr-tag cr-cat cr-inspect cr-ps cr-kill cr-wait cr-logs cr-rm
    test $program = cr-kill; and continue # its -s is a signal
    complete -c $program -s s -l store -x -a '(__fish_complete_directories)' -d 'the store'
    complete -c $program -s v -l verbose -d 'say more on stderr'
    complete -c $program -s h -l help -d 'print a summary'
    complete -c $program -s V -l version -d 'print the version'
end


complete -c cr-fetch-manifest -s p -l platform -x -a '(__cr_platforms)' -d 'which platform'
complete -c cr-fetch-manifest -s a -l all -d 'all platforms'
complete -c cr-fetch-manifest -s r -l raw -d 'the bytes of the manifest'
complete -c cr-fetch-manifest -l plain-http -d 'the registry speaks http'
complete -c cr-fetch-manifest -l cacert -r -F -d 'certificate authorities to trust'
complete -c cr-fetch-manifest -l connect-timeout -x -d 'seconds for a connection'
complete -c cr-fetch-manifest -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c cr-fetch-manifest -l retries -x -d 'more tries of one place'
complete -c cr-fetch-manifest -l offline -d 'ask nobody'
complete -c cr-fetch-manifest -f -a '(__cr_images)'

complete -c cr-fetch-blob -s o -l output -x -a - -d 'write the one blob to stdout'
complete -c cr-fetch-blob -s j -l jobs -x -d 'transfers at once'
complete -c cr-fetch-blob -s q -l quiet -d 'no bars'
complete -c cr-fetch-blob -l progress-fd -x -d 'JSON lines on a descriptor'
complete -c cr-fetch-blob -l plain-http -d 'the registry speaks http'
complete -c cr-fetch-blob -l cacert -r -F -d 'certificate authorities to trust'
complete -c cr-fetch-blob -l connect-timeout -x -d 'seconds for a connection'
complete -c cr-fetch-blob -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c cr-fetch-blob -l retries -x -d 'more tries of one place'
complete -c cr-fetch-blob -l offline -d 'ask nobody'
complete -c cr-fetch-blob -f

complete -c cr-login -s u -l user -x -d 'the name of the user'
complete -c cr-login -l password-stdin -d 'read the password from stdin'
complete -c cr-login -l no-check -d 'do not ask the registry'
complete -c cr-login -s d -l logout -d 'forget what is kept'
complete -c cr-login -l plain-http -d 'the registry speaks http'
complete -c cr-login -l cacert -r -F -d 'certificate authorities to trust'
complete -c cr-login -l connect-timeout -x -d 'seconds for a connection'
complete -c cr-login -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c cr-login -l retries -x -d 'more tries of one place'
complete -c cr-login -f

complete -c cr-verify -s a -l all -d 'everything in the store'
complete -c cr-verify -s f -l filter -x -d 'copy stdin to stdout'
complete -c cr-verify -f

complete -c cr-unpack -s C -l directory -x -a '(__fish_complete_directories)' -d 'apply one layer on a directory'
complete -c cr-unpack -s j -l jobs -x -d 'layers unpacked at once'
complete -c cr-unpack -l devices -d 'make device nodes too'
complete -c cr-unpack -l max-entries -x -d 'refuse an image of more entries'
complete -c cr-unpack -l max-bytes -x -d 'refuse an image of more bytes'
complete -c cr-unpack -l max-window -x -d 'refuse a zstd window of more bytes'
complete -c cr-unpack -l min-free -x -d 'percent of the filesystem that stays free'
complete -c cr-unpack -f

complete -c cr-mkrootfs -s i -l image -x -a '(__cr_images)' -d 'the image'
complete -c cr-mkrootfs -s m -l mode -x -a 'overlay copy' -d 'how layers become a root'
complete -c cr-mkrootfs -s e -l env -x -d 'set a variable, or take it over'
complete -c cr-mkrootfs -l env-file -r -F -d 'set the variables of a file'
complete -c cr-mkrootfs -l cap-add -x -a '(__cr_caps)' -d 'add a capability'
complete -c cr-mkrootfs -l cap-drop -x -a '(__cr_caps)' -d 'drop a capability'
complete -c cr-mkrootfs -l security-opt -x -a 'no-new-privileges=true no-new-privileges=false seccomp=unconfined systempaths=unconfined' -d 'change the protection'
complete -c cr-mkrootfs -s w -l workdir -x -d 'the working directory'
complete -c cr-mkrootfs -s u -l user -x -d 'name or uid, with group'
complete -c cr-mkrootfs -s t -l tty -d 'a terminal of its own'
complete -c cr-mkrootfs -l hostname -x -d 'the host name inside'
complete -c cr-mkrootfs -l read-only -d 'the root filesystem is read-only'
complete -c cr-mkrootfs -l entrypoint -x -d 'replace the Entrypoint'
complete -c cr-mkrootfs -l devices -d 'make device nodes too'
complete -c cr-mkrootfs -l record -d 'keep image, digest and command'
complete -c cr-mkrootfs -l container -d 'a container of the store'
complete -c cr-mkrootfs -l name -x -d 'the name of the container'
complete -c cr-mkrootfs -s d -l delete -d 'remove bundles'
complete -c cr-mkrootfs -f -a '(__fish_complete_directories)'

complete -c cr-exec -s e -l env -x -d 'set a variable, or take it over'
complete -c cr-exec -l env-file -r -F -d 'set the variables of a file'
complete -c cr-exec -l cap-add -x -a '(__cr_caps)' -d 'add a capability'
complete -c cr-exec -l cap-drop -x -a '(__cr_caps)' -d 'drop a capability'
complete -c cr-exec -l security-opt -x -a 'no-new-privileges=true no-new-privileges=false seccomp=unconfined systempaths=unconfined' -d 'change the protection'
complete -c cr-exec -s w -l workdir -x -d 'the working directory'
complete -c cr-exec -s u -l user -x -d 'name or uid, with group'
complete -c cr-exec -s t -l tty -d 'a terminal of its own'
complete -c cr-exec -l hostname -x -d 'the host name inside'
complete -c cr-exec -l read-only -d 'the root filesystem is read-only'
complete -c cr-exec -s i -l interactive -d 'accepted'
complete -c cr-exec -l rootfs -d 'the bundle is a root filesystem'
complete -c cr-exec -l isolation -x -a 'namespaces chroot' -d 'how'
complete -c cr-exec -l userns -x -a 'host' -d 'no user namespace'
complete -c cr-exec -l init -x -a 'no' -d 'the command is process 1'
complete -c cr-exec -s j -l join -d 'in the container that runs'
complete -c cr-exec -l pid-file -r -F -d 'write the pid'
complete -c cr-exec -l record -d 'the bundle is a container'
complete -c cr-exec -s d -l detach -d 'in the background'
complete -c cr-exec -l rm -d 'remove the bundle afterwards'
complete -c cr-exec -f -a '(__fish_complete_directories)'

complete -c cr-tag -s d -l delete -d 'remove names'
complete -c cr-tag -f -a '(__cr_images)'

complete -c cr-cat -f -a '(__cr_images)'

complete -c cr-inspect -s p -l platform -x -a '(__cr_platforms)' -d 'which platform'
complete -c cr-inspect -s r -l records -d 'the records'
complete -c cr-inspect -l where -d 'the path of the store'
complete -c cr-inspect -f -a '(__cr_images)'

complete -c cr-ps -s a -l all -d 'those that do not run, too'
complete -c cr-ps -s j -l json -d 'as JSON'
complete -c cr-ps -l path -d 'the paths of bundles'
complete -c cr-ps -f -a '(__cr_containers)'

complete -c cr-kill -s s -l signal -x -a 'HUP INT QUIT KILL TERM USR1 USR2 STOP CONT WINCH' -d 'which'
complete -c cr-kill -l stop -d 'stop them'
complete -c cr-kill -s t -l time -x -d 'seconds until they are killed'
complete -c cr-kill -l store -x -a '(__fish_complete_directories)' -d 'the store'
complete -c cr-kill -s v -l verbose -d 'say more on stderr'
complete -c cr-kill -s h -l help -d 'print a summary'
complete -c cr-kill -s V -l version -d 'print the version'
complete -c cr-kill -f -a '(__cr_containers)'

complete -c cr-wait -f -a '(__cr_containers)'

complete -c cr-logs -s f -l follow -d 'until it has ended'
complete -c cr-logs -s t -l timestamps -d 'the time before each line'
complete -c cr-logs -s n -l tail -x -d 'the last lines'
complete -c cr-logs -f -a '(__cr_containers)'

complete -c cr-rm -s f -l force -d 'kill what runs'
complete -c cr-rm -f -a '(__cr_containers)'

complete -c container -f
complete -c container -s h -l help -d 'print a summary'
complete -c container -n 'not string length -q (__container_command)' -s s -l store -x -a '(__fish_complete_directories)' -d 'the store'
complete -c container -n 'not string length -q (__container_command)' -s V -l version -d 'print the version'
complete -c container -n 'not string length -q (__container_command)' -a pull -d 'fetch images, verify and unpack them'
complete -c container -n 'not string length -q (__container_command)' -a run -d 'run a command in a new container'
complete -c container -n 'not string length -q (__container_command)' -a list -d 'the images of the store'
complete -c container -n 'not string length -q (__container_command)' -a inspect -d 'what is known of an image'
complete -c container -n 'not string length -q (__container_command)' -a ps -d 'containers'
complete -c container -n 'not string length -q (__container_command)' -a logs -d 'what a container has written'
complete -c container -n 'not string length -q (__container_command)' -a exec -d 'run another command in a container'
complete -c container -n 'not string length -q (__container_command)' -a stop -d 'end containers'
complete -c container -n 'not string length -q (__container_command)' -a kill -d 'send a signal to containers'
complete -c container -n 'not string length -q (__container_command)' -a wait -d 'wait for the end of containers'
complete -c container -n 'not string length -q (__container_command)' -a rm -d 'remove containers'
complete -c container -n 'not string length -q (__container_command)' -a rmi -d 'remove names of images'
complete -c container -n 'not string length -q (__container_command)' -a login -d 'keep a user and a password'
complete -c container -n 'not string length -q (__container_command)' -a logout -d 'forget them'
complete -c container -n '__container_in pull run inspect rmi' -a '(__cr_images)'
complete -c container -n '__container_in logs exec stop kill wait rm inspect' -a '(__cr_containers)'
complete -c container -n '__container_in pull' -s q -l quiet -d 'print the digest alone'
complete -c container -n '__container_in pull' -s v -l verbose -d 'say more on stderr'
complete -c container -n '__container_in pull' -l progress-fd -x -d 'JSON lines on a descriptor'
complete -c container -n '__container_in pull' -s p -l platform -x -a '(__cr_platforms)' -d 'which platform'
complete -c container -n '__container_in pull' -l plain-http -d 'the registry speaks http'
complete -c container -n '__container_in pull' -l cacert -r -F -d 'certificate authorities to trust'
complete -c container -n '__container_in pull' -l connect-timeout -x -d 'seconds for a connection'
complete -c container -n '__container_in pull' -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c container -n '__container_in pull' -l retries -x -d 'more tries of one place'
complete -c container -n '__container_in pull' -l offline -d 'ask nobody'
complete -c container -n '__container_in run' -s d -l detach -d 'in the background'
complete -c container -n '__container_in run' -l init -x -a no -d 'the command is process 1'
complete -c container -n '__container_in run' -l env-file -r -F -d 'set the variables of a file'
complete -c container -n '__container_in run' -l cap-add -x -a '(__cr_caps)' -d 'add a capability'
complete -c container -n '__container_in run' -l cap-drop -x -a '(__cr_caps)' -d 'drop a capability'
complete -c container -n '__container_in run' -l security-opt -x -a 'no-new-privileges=true no-new-privileges=false seccomp=unconfined systempaths=unconfined' -d 'change the protection'
complete -c container -n '__container_in run' -l rm -d 'remove the container afterwards'
complete -c container -n '__container_in run' -l name -x -d 'a name for it'
complete -c container -n '__container_in run' -s e -l env -x -d 'set a variable, or take it over'
complete -c container -n '__container_in run' -s w -l workdir -x -d 'the working directory'
complete -c container -n '__container_in run' -s u -l user -x -d 'name or uid, with group'
complete -c container -n '__container_in run' -s t -l tty -d 'a terminal of its own'
complete -c container -n '__container_in run' -l hostname -x -d 'the host name inside'
complete -c container -n '__container_in run' -l read-only -d 'the root filesystem is read-only'
complete -c container -n '__container_in run' -l entrypoint -x -d 'replace the Entrypoint'
complete -c container -n '__container_in run' -s i -l interactive -d 'accepted'
complete -c container -n '__container_in run' -l userns -x -a 'host' -d 'no user namespace'
complete -c container -n '__container_in run' -l platform -x -a '(__cr_platforms)' -d 'which platform'
complete -c container -n '__container_in run' -l plain-http -d 'the registry speaks http'
complete -c container -n '__container_in run' -l cacert -r -F -d 'certificate authorities to trust'
complete -c container -n '__container_in run' -l connect-timeout -x -d 'seconds for a connection'
complete -c container -n '__container_in run' -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c container -n '__container_in run' -l retries -x -d 'more tries of one place'
complete -c container -n '__container_in run' -l offline -d 'ask nobody'
complete -c container -n '__container_in ps' -s a -l all -d 'finished ones too'
complete -c container -n '__container_in logs' -s f -l follow -d 'until it has ended'
complete -c container -n '__container_in logs' -s t -l timestamps -d 'the time before each line'
complete -c container -n '__container_in logs' -s n -l tail -x -d 'the last lines'
complete -c container -n '__container_in exec' -s e -l env -x -d 'set a variable, or take it over'
complete -c container -n '__container_in exec' -s w -l workdir -x -d 'the working directory'
complete -c container -n '__container_in exec' -s u -l user -x -d 'name or uid, with group'
complete -c container -n '__container_in exec' -s i -l interactive -d 'accepted'
complete -c container -n '__container_in exec' -s t -l tty -d 'a terminal of its own'
complete -c container -n '__container_in stop' -s t -l time -x -d 'seconds until they are killed'
complete -c container -n '__container_in kill' -s s -l signal -x -a 'HUP INT QUIT KILL TERM USR1 USR2 STOP CONT WINCH' -d 'which'
complete -c container -n '__container_in rm' -s f -l force -d 'kill what runs'
complete -c container -n '__container_in login' -s u -l user -x -d 'the name of the user'
complete -c container -n '__container_in login' -l password-stdin -d 'read the password from stdin'
complete -c container -n '__container_in login' -l no-check -d 'do not ask the registry'
complete -c container -n '__container_in login' -l plain-http -d 'the registry speaks http'
complete -c container -n '__container_in login' -l cacert -r -F -d 'certificate authorities to trust'
complete -c container -n '__container_in login' -l connect-timeout -x -d 'seconds for a connection'
complete -c container -n '__container_in login' -l stall-timeout -x -d 'seconds with less than 1,000 bytes each'
complete -c container -n '__container_in login' -l retries -x -d 'more tries of one place'

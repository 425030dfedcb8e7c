# A terminal for bats files: tmux has one, with a shell, whose screen can be read.
#
#	open_pane 80 24; enter 'ls'; draws '\$ ls' …; close_pane, which is for teardown too

pane() {
	tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@" 3>&- 9>&-
}

# open_pane COLUMNS ROWS: a shell
open_pane() {
	command -v tmux >/dev/null || skip "tmux is not installed"
	unset TMUX
	PATH=$BATS_FILE_TMPDIR:$PATH pane new-session -d -x "$1" -y "$2" "exec env PS1='$ ' bash --norc --noprofile" \; \
		set-option -g status off \; resize-window -x "$1" -y "$2"
	until_true shows '^\$$'
}

# enter COMMAND: into the shell
enter() {
	pane send-keys -l "$1"
	pane send-keys Enter
}

screen() {
	pane capture-pane -p
}

# shows REGEX: a line of the screen does
shows() {
	screen | grep -qE -- "$1"
}

shows_no() {
	! shows "$1"
}

# draws [...] REGEX...: within 10 s the screen has these lines and no others; after three dots, it ends with them
draws() {
	local want
	want=$(printf '%s\n' "$@")
	until_true is_drawn "$want" || { screen; return 1; }
}

is_drawn() {
	local got wanted i
	mapfile -t got < <(screen | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}')
	mapfile -t wanted <<<"$1"
	if [ "${wanted[0]}" = ... ]; then
		wanted=("${wanted[@]:1}")
		[ "${#got[@]}" -lt "${#wanted[@]}" ] || got=("${got[@]: -${#wanted[@]}}")
	fi
	[ "${#got[@]}" -eq "${#wanted[@]}" ] || return 1
	for i in "${!wanted[@]}"; do
		[[ ${got[i]} =~ ^${wanted[i]}$ ]] || return 1
	done
}

close_pane() {
	[ ! -S "$BATS_TEST_TMPDIR/tmux" ] || pane kill-server || true
}

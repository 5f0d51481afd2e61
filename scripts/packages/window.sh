# window.sh: the window under Xvfb, and the eyes and hands of its user. Part of
# test-packages.sh.
# shellcheck shell=bash

accent='#F2A33A' danger='#C93B3B' # only the main action, and leaving, have these (ui/theme)

# display [FLAG...]: starts a display with a window manager, in $DISPLAY.
display() {
	local number
	exec {number}< <(exec Xvfb -displayfd 1 -screen 0 1280x800x24 -noreset -nolisten tcp -ac "$@" 2>/dev/null)
	started+=($!)
	read -r -t 20 -u "$number" DISPLAY || { echo "Xvfb does not start" >&2; return 1; }
	export DISPLAY=:$DISPLAY
	openbox >/dev/null 2>&1 &
	started+=($!)
}

# button COLOUR: where the middle of the largest area of that colour is, if there is
# one that a button could be.
button() {
	import -silent -window root png:- 2>/dev/null |
		convert png:- -fuzz 1% -fill black +opaque "$1" -fill white -opaque "$1" \
			-define connected-components:verbose=true -define connected-components:area-threshold=800 \
			-connected-components 4 null: 2>/dev/null |
		awk '$5 ~ /255,255,255|gray\(255\)|white/ && $4 > most { most = $4; split($3, at, ","); x = int(at[1]); y = int(at[2]) }
			END { if (!most) exit 1; print x, y }'
}

# resting COLOUR: the place of a button that does not move, in $place.
resting() {
	local now
	now=$(button "$1") || return 1
	[ "$now" = "${place:-}" ] && return
	place=$now
	return 1
}

# click COLOUR WHAT: waits for the button and clicks it.
click() {
	place=
	await "$2 is shown" resting "$1"
	# shellcheck disable=SC2086
	xdotool mousemove $place click 1
}

gone() { ! button "$1" >/dev/null; }

# use_window ROOT FOYER [LINKS [MIDDLE]]: starts a room with the window of the
# program FOYER, has a second person join it, opens a link as a browser does if LINKS is
# set, leaves, and closes the window. MIDDLE is called before the room is started.
use_window() {
	local r=$1 foyer=$2 links=${3:-} middle=${4:-} log=$artifacts/packages-$(basename "$1").log window
	mkdir -p "$r/home/ada/.config/foyer"
	# Settings of before they had a version.
	echo '{"name":"Ada","preview_asked":true,"camera_on":false}' >"$r/home/ada/.config/foyer/settings.json"
	chown -R 1000:1000 "$r/home/ada/.config"
	chmod 700 "$r/home/ada/.config/foyer"
	chmod 600 "$r/home/ada/.config/foyer/settings.json"
	display
	in_root "$r" ada "$foyer" >"$log" 2>&1 &
	window=$!
	started+=("$window")
	await "the lobby is shown" button "$accent"
	import -window root "$artifacts/packages-$(basename "$r")-lobby.png"
	[ -z "$middle" ] || "$middle"
	click "$accent" "the start button"
	await "the room is shown" button "$danger"

	# A second person, with the same package.
	xdotool key ctrl+i
	await "the invite link is on the clipboard" sh -c 'xclip -selection clipboard -o | grep -q "^foyer://"'
	xclip -selection clipboard -o >"$r/home/ada/link"
	join_as "$r" "$foyer" Bob "$r/home/ada/link"
	await "Bob has joined" grep -q '"event":"joined"' "$work/Bob.json"
	await "Bob sees Ada" grep -q '"name":"Ada"' "$work/Bob.json"
	import -window root "$artifacts/packages-$(basename "$r")-room.png"
	[ -z "$links" ] || open_link "$r" "$foyer"

	click "$danger" "the leave button"
	await "the room is left" gone "$danger"
	local child=$window
	xdotool search --onlyvisible --name '^Foyer' windowactivate --sync key alt+F4
	click "$danger" "the question whether the room of ours may end for the others"
	await "the window has ended" ended "$child"
	wait "$window" || { echo "the window ended with status $?; its log:" >&2; cat "$log" >&2; return 1; }
	await "its room server has ended" sh -c "! pgrep -f '^$foyer serve --lifeline'"
}

# join_as ROOT FOYER NAME LINK-FILE: joins without a window, in the background; events
# are in $work/NAME.json. Its standard input stays open as long as this shell runs.
join_as() {
	local stdin
	mkfifo "$work/$3.stdin"
	exec {stdin}<>"$work/$3.stdin"
	printf '%s\n' "$(cat "$4")" >&"$stdin"
	in_root "$1" ada "$2" join - --name "$3" --id "$3" --profile "/home/ada/$3" --camera test --mic test \
		<"$work/$3.stdin" >"$work/$3.json" 2>"$work/$3.log" &
	started+=($!)
}

# open_link ROOT FOYER: a click on a link elsewhere brings the window into that room.
open_link() {
	local r=$1 foyer=$2 url key
	in_root "$r" ada "$foyer" serve --listen 127.0.0.1:0 --data /home/ada/rooms >"$work/serve.json" 2>"$work/serve.log" &
	started+=($!)
	await "the room server is ready" grep -q '"event":"ready"' "$work/serve.json"
	url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$work/serve.json")
	key=$(sed -n 's/.*"admin_key_file":"\([^"]*\)".*/\1/p' "$work/serve.json")
	in_root "$r" ada "$foyer" invite --server "$url" --admin-key-file "$key" --room other >"$r/home/ada/other"
	join_as "$r" "$foyer" Grace "$r/home/ada/other"
	await "Grace is in the other room" grep -q '"event":"joined"' "$work/Grace.json"
	in_root "$r" ada xdg-open "$(cat "$r/home/ada/other")"
	await "the window asks whether to switch" gone "$danger"
	click "$accent" "the answer to the question"
	await "Grace sees Ada" grep -q '"name":"Ada"' "$work/Grace.json"
	await "Bob sees Ada leave" grep -q '"event":"participant_left"' "$work/Bob.json"
}

# odd.sh: the part of test-packages.sh with what nobody has planned: folders that cannot
# be written to, data of other versions, nothing that draws or sounds, long paths.
# shellcheck shell=bash

# nowhere is a link to a server that does not answer.
nowhere=ws://127.0.0.1:1/?token=e30.eyJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIiwidmlkZW8iOnsicm9vbSI6InIifX0.c2ln

# says ROOT TEXT COMMAND...: ada's command fails, and TEXT says why.
says() {
	local r=$1 text=$2 status=0
	shift 2
	in_root "$r" ada timeout 60 "$@" >"$work/said" 2>&1 </dev/null || status=$?
	if [ $status -eq 0 ] || [ $status -ge 124 ]; then
		echo "“$*” ended with status $status; it said:" >&2
		tail -5 "$work/said" >&2
		return 1
	fi
	must_have "$work/said" "$text"
	! grep -q -e '^panic' -e '^goroutine ' "$work/said" || { tail -20 "$work/said" >&2; return 1; }
}

# served ROOT NAME FLAG...: ada runs a room server until it is ended; what it prints is
# in $work/NAME.json, and its process in $server.
served() {
	local r=$1 name=$2
	shift 2
	in_root "$r" ada foyer serve --listen 127.0.0.1:0 --no-port-mapping "$@" >"$work/$name.json" 2>"$work/$name.log" &
	server=$!
	started+=("$server")
	await "the room server $name is ready" grep -q '"event":"ready"' "$work/$name.json"
}
part_odd() {
	new_root odd
	cp "$deb" "$root/tmp/"
	install_in "$root" --no-install-recommends "/tmp/$(basename "$deb")" make xz-utils sqlite3
	odd_data "$root"
	odd_sound "$root"
	odd_path "$root"
	odd_archive "$root"
	odd_graphics "$root"
}

# odd_data: data that others have, that is older, and that is newer.
odd_data() {
	local r=$1
	says "$r" "Foyer cannot use the data folder. Check that you own it" foyer serve --listen 127.0.0.1:0 --data /usr/rooms
	says "$r" "Foyer cannot use the folder with your settings." foyer join --profile /usr/profile "$nowhere"
	install -d -o 1000 -g 1000 -m 700 "$r/home/ada/earlier"
	in_root "$r" ada sqlite3 /home/ada/earlier/foyer.db <scripts/packages/earlier.sql
	served "$r" earlier --data /home/ada/earlier
	ends "$server"
	[ "$(in_root "$r" ada sqlite3 /home/ada/earlier/foyer.db.schema1 'SELECT title FROM rooms')" = "The hall" ]
	[ "$(in_root "$r" ada sqlite3 /home/ada/earlier/foyer.db 'SELECT title FROM rooms')" = "The hall" ]
	in_root "$r" ada sqlite3 /home/ada/earlier/foyer.db 'INSERT INTO schema_version VALUES (1000)'
	says "$r" "A newer version of Foyer has used this data folder. Update Foyer" foyer serve --listen 127.0.0.1:0 --data /home/ada/earlier
}

# odd_sound: a room without a sound server, and without a card.
odd_sound() {
	local r=$1 url key
	served "$r" silent --data /home/ada/silent
	url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$work/silent.json")
	key=$(sed -n 's/.*"admin_key_file":"\([^"]*\)".*/\1/p' "$work/silent.json")
	in_root "$r" ada foyer invite --server "$url" --admin-key-file "$key" --room quiet >"$r/home/ada/quiet"
	mkfifo "$work/silent.stdin"
	local stdin
	exec {stdin}<>"$work/silent.stdin"
	cat "$r/home/ada/quiet" >&"$stdin"
	in_root "$r" ada foyer join - --name Ada --camera none --mic default --speaker default \
		<"$work/silent.stdin" >"$work/quiet.json" 2>"$work/quiet.log" &
	started+=($!)
	await "Ada has joined without sound" grep -q '"event":"joined"' "$work/quiet.json"
	await "Ada is told of her microphone" grep -E '"event":"(command_failed|device_lost)"' "$work/quiet.json"
	echo '{"cmd":"leave"}' >&"$stdin"
	await "Ada has left" grep -q '"event":"left"' "$work/quiet.json"
	exec {stdin}>&-
	ends "$server"
}

# odd_path: a home with spaces, Chinese letters and 250 characters.
odd_path() {
	local r=$1 home
	home="/home/ada/ein Ordner/会议 房间/$(printf 'x%.0s' $(seq 110))/$(printf 'y%.0s' $(seq 110))"
	home=${home:0:250}
	mkdir -p "$r$home"
	chown -R 1000:1000 "$r/home/ada/ein Ordner"
	served "$r" long --data "$home/rooms"
	ends "$server"
	display
	in_root "$r" ada foyer --profile "$home/profile" >"$artifacts/packages-long.log" 2>&1 &
	local window=$!
	started+=("$window")
	await "the lobby is shown" button "$accent"
	# A second start finds the first.
	in_root "$r" ada timeout 30 foyer --profile "$home/profile" "$nowhere" || true
	kill -0 "$window"
	ends "$window"
}

# odd_archive: the tar.xz where it may not be written, over a program that runs, into a
# folder with such a name, and where libraries are missing.
odd_archive() {
	local r=$1 folder=/home/ada/${archive##*/} prefix='/home/ada/zwei Wörter 房间'
	folder=${folder%.tar.xz}
	cp "$archive" "$r/home/ada/archive.tar.xz"
	in_root "$r" ada tar -xf /home/ada/archive.tar.xz -C /home/ada
	says "$r" "You may not write to /usr/local" make -s -C "$folder" install
	in_root "$r" ada make -s -C "$folder" user-install >/dev/null
	in_root "$r" ada /home/ada/.local/bin/foyer serve --listen 127.0.0.1:0 --no-port-mapping --data /home/ada/running >"$work/running.json" 2>&1 &
	server=$!
	started+=("$server")
	await "the room server is ready" grep -q '"event":"ready"' "$work/running.json"
	in_root "$r" ada make -s -C "$folder" user-install >/dev/null
	kill -0 "$server"
	in_root "$r" ada make -s -C "$folder" user-uninstall >/dev/null
	ends "$server"
	in_root "$r" ada make -s -C "$folder" user-install USER_PREFIX="$prefix" >/dev/null
	in_root "$r" ada "$prefix/bin/foyer" version
	must_have "$r$prefix/share/applications/app.foyer.Foyer.desktop" "Exec=\"$prefix/bin/foyer\" %u"
	in_root "$r" ada make -s -C "$folder" user-uninstall USER_PREFIX="$prefix" >/dev/null
	mv "$r"/usr/lib/x86_64-linux-gnu/libGL.so.1 "$r/tmp/"
	says "$r" "Foyer does not run here. If libraries are missing" make -s -C "$folder" user-install
	must_have "$work/said" libGL.so.1
	[ ! -e "$r/home/ada/.local/bin/foyer" ]
	mv "$r/tmp/libGL.so.1" "$r"/usr/lib/x86_64-linux-gnu/
}

# odd_graphics: a display without OpenGL, one that nobody answers on, and none.
odd_graphics() {
	local r=$1
	display -extension GLX
	says "$r" "Foyer cannot open a window" foyer
	(DISPLAY=:4711; says "$r" "Foyer cannot open a window" foyer)
	(unset DISPLAY; says "$r" "Foyer cannot open a window" foyer)
	must_have "$work/said" "foyer join"
}

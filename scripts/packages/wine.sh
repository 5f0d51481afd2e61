# wine.sh: the parts of test-windows.sh.
# shellcheck shell=bash

uninstall_key='Software\Microsoft\Windows\CurrentVersion\Uninstall\Foyer'

# prefix makes a Windows of our own, and a display for it.
prefix() {
	GOCACHE=$("$go" env GOCACHE) GOMODCACHE=$("$go" env GOMODCACHE)
	export GOCACHE GOMODCACHE # where HOME had them
	export HOME=$work/home WINEPREFIX=$work/wine WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
	# Neither .NET nor a browser, and nothing in the menu of this computer.
	export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=d'
	export LC_ALL=C.UTF-8 FYNE_SCALE=1 FYNE_THEME=dark LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=$work/run
	mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	display
	wine wineboot --init >"$artifacts/wineboot.log" 2>&1
	wineserver -w
	c=$WINEPREFIX/drive_c
	user=$(echo "$c"/users/*/AppData) # Wine calls the user as Linux does
	user=${user%/AppData}
	if [ ! -e "$c/windows/system32/bcryptprimitives.dll" ]; then
		$cross-gcc-posix -shared -o "$c/windows/system32/bcryptprimitives.dll" packaging/windows/wine/bcryptprimitives.c -ladvapi32
	fi
}

# windows_path FILE: its name on Windows.
windows_path() { winepath -w "$1" 2>/dev/null; }

# part_code runs the tests of packages that have code for Windows alone.
part_code() {
	windows_go test -count=1 -vet=off -timeout 5m -exec "$PWD/scripts/packages/wine-exec.sh" ./app/instance ./app/desktop ./engine/private
}

# package makes the installer, signed by a certificate that nobody knows, in $setup.
package() {
	if [ -n "${FOYER_SETUP:-}" ]; then
		setup=$FOYER_SETUP certificate=$FOYER_CERTIFICATE
		return
	fi
	certificate=$work/certificate.pem
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test of Foyer' -keyout "$work/key.pem" -out "$certificate" \
		-addext extendedKeyUsage=codeSigning -addext keyUsage=critical,digitalSignature 2>/dev/null
	echo 'a password' >"$work/password"
	openssl pkcs12 -export -inkey "$work/key.pem" -in "$certificate" -out "$work/certificate.p12" -passout "file:$work/password"
	FOYER_WINDOWS_CERTIFICATE=$work/certificate.p12 FOYER_WINDOWS_PASSWORD_FILE=$work/password \
		scripts/package-windows.sh "$work/packages"
	setup=$(echo "$work"/packages/*-setup.exe)
}

# signed FILE: it is signed with our certificate, and was not changed since.
signed() {
	osslsigncode verify -CAfile "$certificate" -TSA-CAfile "$certificate" -in "$1" >"$work/verified" 2>&1 ||
		{ cat "$work/verified" >&2; return 1; }
}

# registry KEY [VALUE]: what the registry has there of the user.
registry() {
	local value=(/ve)
	[ -z "${2:-}" ] || value=(/v "$2")
	wine reg query "HKCU\\$1" "${value[@]}" 2>/dev/null | tr -d '\r' | sed -n 's/.*REG_[A-Z]* *//p'
}

# install ARGUMENT...: without a question.
install_silently() { wine "$setup" /S "$@"; }

# uninstall FOLDER: the uninstaller goes on elsewhere, so that it can remove itself.
uninstall() {
	wine "$1/uninstall.exe" /S
	wineserver -w
}

uninstalled() { # uninstalled FOLDER
	local key
	for key in 'Software\Classes\foyer' "$uninstall_key" \
		'Software\Microsoft\Windows\CurrentVersion\App Paths\foyer.exe'; do
		! wine reg query "HKCU\\$key" >/dev/null 2>&1 || { echo "$key is left" >&2; return 1; }
	done
	[ -z "$(registry 'Software\Microsoft\Windows\CurrentVersion\Run' Foyer)" ]
	[ ! -e "$1" ] || { ls -la "$1" >&2; return 1; }
	if find "$c" -iname 'foyer*.lnk' | grep .; then
		echo "this is left of it" >&2
		return 1
	fi
}

part_installer() {
	signed "$setup"
	cp "$setup" "$work/changed.exe"
	printf x | dd of="$work/changed.exe" bs=1 seek=4000000 conv=notrunc status=none
	if (signed "$work/changed.exe") 2>/dev/null; then
		echo "a signature holds for what was changed" >&2
		return 1
	fi
	folder=$user/AppData/Local/Programs/Foyer
	install_silently /AUTOSTART
	installed "$folder"
	[ "$(registry 'Software\Microsoft\Windows\CurrentVersion\Run' Foyer)" = "\"$(windows_path "$folder/foyer.exe")\"" ]
	# Over itself, with the firewall.
	install_silently /FIREWALL
	[ "$(registry "$uninstall_key" FirewallRule)" = 0x1 ]
	uninstall "$folder"
	uninstalled "$folder"
	# A folder with a name that is none of ours, beside somebody's file.
	folder="$c/Video 50% 里/Foyer"
	mkdir -p "$folder"
	echo mine >"$folder/mine.txt"
	# (Wine puts /D= with a space in quotes, which NSIS does not know.)
	wine reg add "HKCU\\$uninstall_key" /v InstallLocation /d "$(windows_path "$folder")" /f >/dev/null
	install_silently
	installed "$folder"
	uninstall "$folder"
	[ "$(cat "$folder/mine.txt")" = mine ]
	rm "$folder/mine.txt"
	rmdir "$folder"
	uninstalled "$folder"
	# What cannot be written: a folder stands where a file would be.
	folder=$c/blocked
	mkdir -p "$folder/licence.txt"
	local status=0
	install_silently '/D=C:\blocked' || status=$?
	[ "$status" = 2 ]
	rm -r "$folder"
	uninstalled "$folder"
}

# installed FOLDER
installed() {
	local name exe
	for name in foyer.exe uninstall.exe licence.txt licences-of-libraries.txt changelog.txt; do
		[ -s "$1/$name" ] || { echo "$1/$name is missing" >&2; ls -la "$1" >&2; return 1; }
	done
	exe=$(windows_path "$1/foyer.exe")
	signed "$1/foyer.exe"
	signed "$1/uninstall.exe"
	scripts/check-exe.sh "$1/foyer.exe"
	local shown=${exe//[! -~]/?} # "reg" has no other letters
	[ "$(registry 'Software\Classes\foyer\shell\open\command')" = "\"$shown\" -- \"%1\"" ]
	[ "$(registry "$uninstall_key" DisplayIcon)" = "\"$shown\",0" ]
	[ -n "$(find "$c" -name Foyer.lnk)" ]
	wine "$exe" version >"$work/version" 2>"$work/version.log" || { cat "$work/version.log" >&2; return 1; }
	must_have "$work/version" "foyer "
}

# served NAME DATA COMMAND...: a room server of that program. What it prints is in $work/NAME.json,
# and its process in $server.
served() {
	local name=$1 data=$2
	shift 2
	"$@" serve --listen 127.0.0.1:0 --data "$data" --no-port-mapping >"$work/$name.json" 2>"$work/$name.log" &
	server=$!
	started+=("$server")
	await "the room server $name is ready" told "$name" ready
}

# serve ROOM COMMAND...: a room server with a room; the invite link is in $work/ROOM.
serve() {
	local room=$1 url key
	shift
	served "$room" "$work/rooms-$room" "$@"
	url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$work/$room.json")
	key=$(sed -n 's/.*"admin_key_file":"\([^"]*\)".*/\1/p' "$work/$room.json")
	"$@" invite --server "$url" --admin-key-file "${key//\\\\/\\}" --room "$room" | tr -d '\r' >"$work/$room"
}

# guest NAME LINK-FILE COMMAND...: joins without a window, with a test pattern and a tone. Events are in
# $work/NAME.json; what is written into $work/NAME.stdin are commands.
guest() {
	local name=$1 link=$2 stdin
	shift 2
	mkfifo "$work/$name.stdin"
	exec {stdin}<>"$work/$name.stdin"
	cat "$link" >&"$stdin"
	"$@" join - --name "$name" --id "$name" --profile "$work/$name" --camera test --mic test \
		<"$work/$name.stdin" >"$work/$name.json" 2>"$work/$name.log" &
	started+=($!)
}

# told NAME EVENT TEXT...: NAME has been told of an event in which all of these texts stand.
told() {
	local lines text
	lines=$(grep -F "\"event\":\"$2\"" "$work/$1.json") || return 1
	for text in "${@:3}"; do
		lines=$(grep -F -- "\"$text\"" <<<"$lines") || return 1
	done
}

# hears_and_sees NAME OTHER IMAGE AS: the other's sound arrives, and a frame, which NAME writes
# into IMAGE and calls AS.
hears_and_sees() {
	await "$1 has the camera of $2" told "$1" track_subscribed "$2" camera
	await "$1 has the microphone of $2" told "$1" track_subscribed "$2" microphone
	await "$1 hears $2" told "$1" speakers "$2"
	printf '{"cmd":"snapshot","id":"%s","source":"camera","file":"%s","width":320,"height":180}\n' "$2" "${4//\\/\\\\}" >"$work/$1.stdin"
	await "$1 has a frame of $2" identify "$3"
	[ "$(identify -format %k "$3")" -gt 16 ] || { echo "$3 has nearly no colours" >&2; return 1; }
}

# program: where the program is on Windows, in $exe; FOYER_EXE is one that is not installed.
program() {
	if [ -n "${FOYER_EXE:-}" ]; then
		exe=$work/foyer.exe
		cp "$FOYER_EXE" "$exe"
	else
		folder=$user/AppData/Local/Programs/Foyer
		[ -e "$folder/foyer.exe" ] || install_silently
		exe=$folder/foyer.exe
	fi
	for_wine "$exe"
}

# for_wine FILE: Wine before 9 does not know SIO_UDP_NETRESET (0x9800000f), without which Go opens no
# UDP socket. The program to be tried asks for SIO_UDP_CONNRESET (0x9800000c) a second time instead.
# This one constant apart, it is what people get.
for_wine() { LC_ALL=C sed -i 's/\xbb\x0f\x00\x00\x98/\xbb\x0c\x00\x00\x98/' "$1"; }

# part_room: the program without a window, in rooms on Linux and on Windows.
part_room() {
	program
	serve linux "$linux"
	guest Grace "$work/linux" "$linux"
	guest Wilma "$work/linux" wine "$exe"
	hears_and_sees Grace Wilma "$work/wilma.png" "$work/wilma.png"
	hears_and_sees Wilma Grace "$c/grace.png" 'C:\grace.png'
	cp "$work/wilma.png" "$artifacts/windows-wilma.png"
	cp "$c/grace.png" "$artifacts/windows-grace.png"
	echo '{"cmd":"leave"}' >"$work/Wilma.stdin"
	await "Wilma has left" told Wilma left
	serve windows wine "$exe"
	guest Bob "$work/windows" "$linux"
	guest Walt "$work/windows" wine "$exe"
	hears_and_sees Bob Walt "$work/walt.png" "$work/walt.png"
	hears_and_sees Walt Bob "$c/bob.png" 'C:\bob.png'
}

# says TEXT ARGUMENT...: the program fails, and TEXT says why.
says() {
	local text=$1 status=0
	shift
	timeout "${FOYER_AWAIT:-60}" wine "$exe" "$@" >"$work/said" 2>&1 </dev/null || status=$?
	if [ $status -eq 0 ] || [ $status -ge 124 ]; then
		echo "“$*” ended with status $status; it said:" >&2
		tail -5 "$work/said" >&2
		return 1
	fi
	must_have "$work/said" "$text"
	! grep -q -e '^panic' -e '^goroutine ' "$work/said" || { tail -20 "$work/said" >&2; return 1; }
}

# part_odd: what nobody has planned: a long path, data of other versions, a folder that is a
# file, and a computer that draws nothing.
part_odd() {
	local long earlier=$c/earlier window
	program
	exe=$(windows_path "$exe")
	long="C:\\ein Ordner\\会议 房间\\$(printf 'x%.0s' $(seq 110))\\$(printf 'y%.0s' $(seq 120))"
	served long "$long" wine "$exe"
	ends "$server"
	[ -s "$c/$(tr '\\' / <<<"${long:3}")/foyer.db" ]

	mkdir "$earlier"
	sqlite3 "$earlier/foyer.db" <scripts/packages/earlier.sql
	served earlier 'C:\earlier' wine "$exe"
	ends "$server"
	[ "$(sqlite3 "$earlier/foyer.db.schema1" 'SELECT title FROM rooms')" = "The hall" ]
	[ "$(sqlite3 "$earlier/foyer.db" 'SELECT title FROM rooms')" = "The hall" ]
	sqlite3 "$earlier/foyer.db" 'INSERT INTO schema_version VALUES (1000)'
	says "A newer version of Foyer has used this data folder. Update Foyer" serve --listen 127.0.0.1:0 --data 'C:\earlier'
	says "Foyer cannot use the data folder." serve --listen 127.0.0.1:0 --data 'C:\earlier\foyer.db'
	rm -r "$earlier"

	# Started from the desktop, it says in a box what nobody would read in a terminal.
	wineserver -k || true # what was started on another display
	display -extension GLX
	says "Foyer cannot open a window"
	wine start /wait "$exe" >/dev/null 2>&1 </dev/null &
	window=$!
	started+=("$window")
	await "a box says that nothing can be drawn" xdotool search --onlyvisible --name '^Foyer$'
	import -window root "$artifacts/windows-nothing-drawn.png"
	await "the program has ended" answered "$window"
}

# answered PROCESS: its box was closed. Windows that come and go make xdotool fail.
answered() {
	xdotool search --onlyvisible --name '^Foyer$' windowactivate --sync key Return || true
	ended "$1"
}

# hosting: a window's room server runs.
hosting() { pgrep -f 'foyer\.exe serve --lifeline' >/dev/null; }
not_hosting() { ! hosting; }

part_window() {
	local window log=$artifacts/windows.log status=0
	program
	exe=$(windows_path "$exe")
	profile=$user/AppData/Roaming/foyer
	mkdir -p "$profile"
	echo '{"name":"Ada","preview_asked":true,"camera_on":false}' >"$profile/settings.json"
	wine "$exe" >"$log" 2>&1 &
	window=$!
	started+=("$window")
	await "the lobby is shown" button "$accent"
	import -window root "$artifacts/windows-lobby.png"

	# A program that runs is not replaced.
	install_silently || status=$?
	[ "$status" = 2 ]

	click "$accent" "the start button"
	await "the room is shown" button "$danger"
	hosting
	xdotool key ctrl+i
	await "the invite link is on the clipboard" sh -c 'xclip -selection clipboard -o | grep -q "^foyer://"'
	echo "$(xclip -selection clipboard -o)" >"$work/link"
	guest Bob "$work/link" "$linux"
	await "Bob has joined" told Bob joined
	await "Bob sees Ada" grep -q '"name":"Ada"' "$work/Bob.json"
	import -window root "$artifacts/windows-room.png"

	# A link, as a browser opens it.
	serve other "$linux"
	guest Grace "$work/other" "$linux"
	await "Grace is in the other room" told Grace joined
	# (Wine before 9 looks for schemes among those of all users.)
	wine reg copy 'HKCU\Software\Classes\foyer' 'HKLM\Software\Classes\foyer' /s /f >/dev/null
	wine start "$(cat "$work/other")"
	wine reg delete 'HKLM\Software\Classes\foyer' /f >/dev/null
	await "the window asks whether to switch" gone "$danger"
	import -window root "$artifacts/windows-switch.png"
	click "$accent" "the answer to the question"
	await "Grace sees Ada" grep -q '"name":"Ada"' "$work/Grace.json"
	await "Bob sees Ada leave" told Bob participant_left

	click "$danger" "the leave button"
	await "the room is left" gone "$danger"
	xdotool search --onlyvisible --name '^Foyer' windowactivate --sync key alt+F4
	click "$danger" "the question whether the room of ours may end for the others"
	await "the window has ended" ended "$window"
	await "its room server has ended" not_hosting
	must_have "$profile/settings.json" '"Ada"'
	uninstall "$folder"
	uninstalled "$folder"
	[ -s "$profile/key" ] # what is the user's stays
}

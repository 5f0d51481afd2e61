#!/usr/bin/env bash
# deps.sh build|test|vm|package|windows: installs what building, testing, the tests in a virtual
# machine, those of the packages, or building and testing the Windows package need on Debian and
# Ubuntu; elsewhere it prints the command to type, and fails only if something is really missing.
set -euo pipefail

case ${1:-} in build | test | vm | package | windows) need=$1 ;; *) echo "usage: deps.sh build|test|vm|package|windows" >&2; exit 2 ;; esac

go_needed=1.26
have_go() {
	local v
	v=$(go env GOVERSION 2>/dev/null) || return 1
	v=${v#go}
	[ "$(printf '%s\n' "$go_needed" "$v" | sort -V | head -1)" = "$go_needed" ]
}
if ! have_go; then
	echo "deps: Go $go_needed or newer is needed; get it from https://go.dev/dl/" >&2
	exit 1
fi

apt_build=(gcc g++ libc6-dev pkg-config libvpx-dev libopus-dev xorg-dev libgl1-mesa-dev)
chromium=${CHROMIUM:-chromium|chromium-browser|google-chrome|google-chrome-stable}
# NAME=PROGRAM|... is there if one of the programs is, wherever it came from.
apt_test=(xvfb dbus-daemon openbox xdotool xclip x11-utils imagemagick libgl1-mesa-dri pulseaudio pulseaudio-utils
	fcitx5 fcitx5-chinese-addons ibus ibus-libpinyin at-spi2-core
	espeak-ng sox fonts-wqy-microhei "chromium=$chromium" nodejs=node npm=npm iproute2 nftables=nft miniupnpd-nftables=miniupnpd pebble procps postgresql redis-server=redis-server)
apt_vm=(qemu-system-x86 v4l-utils)
apt_package=(debootstrap lintian rpm desktop-file-utils appstream systemd zsh fish xz-utils buildah)
apt_windows=(gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix make yasm dpkg-dev nsis osslsigncode openssl wine wine64
	sqlite3 xvfb openbox xdotool xclip imagemagick libgl1-mesa-dri)

have_one() { # have_one PROGRAM|...
	local names n
	IFS='|' read -ra names <<<"$1"
	for n in "${names[@]}"; do command -v "$n" >/dev/null && return; done
	return 1
}

apt_install() {
	local -n packages=apt_$need
	local missing=() p
	for p in "${packages[@]}"; do
		[[ $p == *=* ]] && have_one "${p#*=}" && continue
		p=${p%=*}
		dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] && return
	local root=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "deps: as root: apt-get install ${missing[*]}" >&2
			exit 1
		fi
		root=(sudo)
	fi
	echo "deps: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	"${root[@]}" apt-get update -qq >&2
	# Tests start their own servers: Debian need not keep any of these running.
	if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.d/foyer.conf ]]; then
		"${root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
		echo 'create_main_cluster = false' | "${root[@]}" tee /etc/postgresql-common/createcluster.d/foyer.conf >/dev/null
	fi
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >&2
	if [[ " ${missing[*]} " == *" redis-server "* ]] && [ -d /run/systemd/system ]; then
		"${root[@]}" systemctl disable --now --quiet redis-server >&2
	fi
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	apt_install
	exit
fi

# Elsewhere: is anything missing?
missing=()
check_programs() { local p; for p in "$@"; do have_one "$p" || missing+=("${p%%|*}"); done; }
check_libraries() { local l; for l in "$@"; do pkg-config --exists "$l" 2>/dev/null || missing+=("$l"); done; }
os=$(uname -s)
check_programs cc pkg-config
check_libraries vpx opus
[ "$os" = Linux ] && check_libraries x11 xext xcursor xrandr xinerama xi xxf86vm gl
if [ "$need" = test ]; then
	check_programs node npm
	[ "$os" = Linux ] && check_programs Xvfb dbus-daemon openbox xdotool xclip xprop import pulseaudio pactl espeak-ng sox "$chromium" ip redis-server initdb
fi
[ "$need" = vm ] && check_programs qemu-system-x86_64 v4l2-ctl
[ "$need" = package ] && check_programs debootstrap lintian rpm desktop-file-validate appstreamcli systemd-analyze
[ "$need" = windows ] && check_programs x86_64-w64-mingw32-gcc-posix yasm dpkg-source makensis osslsigncode wine
[ ${#missing[@]} -eq 0 ] && exit

echo "deps: missing: ${missing[*]}" >&2
echo "deps: install them with:" >&2
if command -v dnf >/dev/null; then
	echo "  sudo dnf install gcc-c++ make pkgconf-pkg-config libvpx-devel opus-devel libX11-devel libXext-devel libXcursor-devel libXrandr-devel libXinerama-devel libXi-devel libXxf86vm-devel mesa-libGL-devel"
	[ "$need" = test ] && echo "  sudo dnf install xorg-x11-server-Xvfb openbox xdotool xclip xprop ImageMagick pulseaudio pulseaudio-utils espeak-ng sox chromium nodejs npm iproute postgresql-server redis"
elif [ -n "${MSYSTEM:-}" ]; then
	echo "  pacman -S --needed make mingw-w64-ucrt-x86_64-gcc mingw-w64-ucrt-x86_64-pkgconf mingw-w64-ucrt-x86_64-libvpx mingw-w64-ucrt-x86_64-opus"
	[ "$need" = test ] && echo "  pacman -S --needed mingw-w64-ucrt-x86_64-nodejs"
elif command -v pacman >/dev/null; then
	echo "  sudo pacman -S --needed base-devel libvpx opus libx11 libxext libxcursor libxrandr libxinerama libxi libxxf86vm mesa"
	[ "$need" = test ] && echo "  sudo pacman -S --needed xorg-server-xvfb openbox xdotool xclip xorg-xprop imagemagick pulseaudio espeak-ng sox chromium nodejs npm iproute2 nftables postgresql redis"
elif command -v brew >/dev/null || [ "$os" = Darwin ]; then
	echo "  brew install pkg-config libvpx opus"
	[ "$need" = test ] && echo "  brew install node"
else
	echo "  (no package manager that this script knows: get a C compiler, pkg-config, libvpx, opus and, on Linux, the X11 and OpenGL headers)"
fi >&2
exit 1

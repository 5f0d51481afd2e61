# roots.sh: clean roots of Debian 12, and programs in them. Part of test-packages.sh.
# shellcheck shell=bash

# base_root makes the clean root once.
base_root() {
	base=$PWD/build/roots/bookworm.tar
	[ -e "$base" ] && return
	local mirror
	mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
	[ -n "$mirror" ] || { echo "this computer installs no Debian 12: there is no mirror to take one from" >&2; return 1; }
	mkdir -p "$(dirname "$base")"
	debootstrap --variant=minbase bookworm "$work/base" "$mirror" >"$artifacts/debootstrap.log" 2>&1 ||
		{ tail -5 "$artifacts/debootstrap.log" >&2; return 1; }
	printf '#!/bin/sh\nexit 101\n' >"$work/base/usr/sbin/policy-rc.d" # no services in a root
	chmod 755 "$work/base/usr/sbin/policy-rc.d"
	in_root "$work/base" root apt-get -qq update
	in_root "$work/base" root useradd --create-home --shell /bin/bash ada
	tar -C "$work/base" --one-file-system --exclude=./proc/* -cf "$base.new" .
	umount -l "$work/base/proc" "$work/base/dev/pts" "$work/base/dev/shm" "$work/base/tmp/.X11-unix"
	mv "$base.new" "$base"
}

# new_root NAME: a copy of the clean root in $work/NAME, whose path is in $root.
new_root() {
	base_root
	root=$work/$1
	mkdir "$root"
	tar -C "$root" -xf "$base"
}

# mount_root ROOT: what a running system has.
mount_root() {
	mountpoint -q "$1/proc" && return
	mkdir -p "$1/dev/pts" "$1/dev/shm" "$1/tmp/.X11-unix"
	mount -t proc proc "$1/proc"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
	mount -t tmpfs -o size=64m shm "$1/dev/shm"
	ln -sf pts/ptmx "$1/dev/ptmx"
	ln -sfn /proc/self/fd "$1/dev/fd"
	mkdir -p /tmp/.X11-unix
	mount --bind /tmp/.X11-unix "$1/tmp/.X11-unix"
	cp /etc/resolv.conf "$1/etc/resolv.conf"
	mkdir -p "$1/run/user/1000"
	chown 1000:1000 "$1/run/user/1000" 2>/dev/null || true
	chmod 700 "$1/run/user/1000"
}

# in_root ROOT USER COMMAND...: runs it there; DISPLAY goes along.
in_root() {
	local r=$1 user=$2 home=/root runtime=
	shift 2
	mount_root "$r"
	if [ "$user" != root ]; then
		home=/home/$user runtime=XDG_RUNTIME_DIR=/run/user/1000
	fi
	chroot --userspec="$user:$user" --groups='' "$r" /usr/bin/env -i HOME="$home" USER="$user" LOGNAME="$user" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive FYNE_SCALE=1 FYNE_THEME=dark LIBGL_ALWAYS_SOFTWARE=1 \
		${DISPLAY:+DISPLAY="$DISPLAY"} $runtime "$@"
}

# install_in ROOT PACKAGE...: with apt, as a user does.
install_in() {
	local r=$1
	shift
	in_root "$r" root apt-get -qq -y -o Dpkg::Use-Pty=0 install "$@" >"$artifacts/apt-$(basename "$r").log" 2>&1 ||
		{ tail -20 "$artifacts/apt-$(basename "$r").log" >&2; return 1; }
}

# listing ROOT: every file but those that every installation of anything changes.
listing() {
	(cd "$1" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./run -o -path ./var/cache \
		-o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./root \) -prune -o -print | sort)
}

# ends PROCESS: one of ours, and what it has started: a function in the background is a
# shell that waits for its program.
ends() {
	local pid ours
	ours=$(pgrep -P "$1" || true)
	# shellcheck disable=SC2086
	kill $ours "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
	for pid in $ours; do await "process $pid has ended" ended "$pid"; done
}
ended() { ! kill -0 "$1" 2>/dev/null; }

end_started() {
	local pid
	for pid in ${started[@]+"${started[@]}"}; do ends "$pid" || true; done
}

# must_be FILE TEXT: FILE has a line with TEXT.
must_have() { grep -qF -- "$2" "$1" || { echo "$1 has no “$2”:" >&2; tail -20 "$1" >&2; return 1; }; }

# await WHAT COMMAND...: until it succeeds, for a minute at most, or for $FOYER_AWAIT
# seconds on a machine that does other work.
await() {
	local what=$1 until=$((SECONDS + ${FOYER_AWAIT:-60}))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $until ]; then
			echo "$what: it never came to it" >&2
			[ -z "${DISPLAY:-}" ] || import -window root "$artifacts/packages-failed.png" || true
			cp "$work"/*.json "$work"/*.log "$artifacts" 2>/dev/null || true # what everybody said
			return 1
		fi
		sleep 0.1 # between looks at what has no event for a shell
	done
}

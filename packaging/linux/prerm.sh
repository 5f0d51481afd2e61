#!/bin/sh
# Before the removal, not before an upgrade ("upgrade" on Debian, 1 on Fedora).
set -e
case ${1:-} in
remove | deconfigure | 0)
	if [ -d /run/systemd/system ]; then
		systemctl --quiet --no-reload disable --now foyer.service || true
	fi
	;;
esac

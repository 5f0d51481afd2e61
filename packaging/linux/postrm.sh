#!/bin/sh
# After the removal. Rooms and keys of the system's room server stay until a purge;
# what users have in their own folders always stays.
set -e
if [ -d /run/systemd/system ]; then
	systemctl --quiet daemon-reload || true
fi
if [ "${1:-}" = purge ]; then
	rm -rf /var/lib/private/foyer
	if [ -L /var/lib/foyer ]; then
		rm -f /var/lib/foyer
	fi
fi

#!/bin/sh
# After an installation or an upgrade. A room server that runs keeps running, with the
# old program: a restart would end its rooms. Menu, icons and manual are refreshed by
# the system's own triggers.
set -e
if [ -d /run/systemd/system ]; then
	systemctl --quiet daemon-reload || true
	if systemctl --quiet is-active foyer.service; then
		echo "foyer: the room server still runs the version before; when its rooms are empty: systemctl restart foyer"
	fi
fi

#!/usr/bin/env bash
# test-windows.sh FOYER [PART...]: packages what is committed for Windows, with a certificate of
# its own, and takes the package as a user does, under Wine: the tests of the code that only
# Windows has; installed without a question, used under Xvfb together with FOYER, a program for
# Linux, and removed. Parts are code, installer, room, odd and window; all of them without one.
# FOYER_SETUP is an installer that has been made before, with FOYER_CERTIFICATE (PEM); FOYER_EXE is a
# program for the parts room and odd.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages/cross.sh
. scripts/packages/roots.sh
. scripts/packages/window.sh
. scripts/packages/wine.sh

linux=$(realpath "${1:?usage: test-windows.sh FOYER [PART...]}")
shift
artifacts=${FOYER_ARTIFACTS:-$PWD/artifacts}
mkdir -p "$artifacts"
work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-windows.XXXXXX")
started=() # processes that are ours to end
finish() {
	[ ! -d "$WINEPREFIX" ] || wineserver -k || true
	end_started
	rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# alone PART: without a network but the loopback. Wine binds that to every address, so a
# room server for all addresses finds its own port in use.
alone() {
	FOYER_ALONE=1 FOYER_SETUP=${setup:-} FOYER_CERTIFICATE=${certificate:-} \
		unshare --map-root-user --net sh -c 'ip link set lo up && exec "$@"' sh "$0" "$linux" "$@"
}

prefix
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(code installer room odd window)
[ -n "${FOYER_EXE:-}" ] || [ "${parts[*]}" = code ] || package
for part in "${parts[@]}"; do
	begin=$SECONDS
	echo "== $part"
	if [ "$part" = window ] && [ -z "${FOYER_ALONE:-}" ]; then
		alone window
	else
		# A part is a process with a folder of its own: its guests end with it.
		mkdir "$work/$part"
		(started=(); trap end_started EXIT; work=$work/$part; "part_$part")
	fi
	echo "== $part passed in $((SECONDS - begin)) s"
done
echo "passed: ${parts[*]} ($SECONDS s)"

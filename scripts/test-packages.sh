#!/usr/bin/env bash
# test-packages.sh DIR [PART...]: takes the packages of DIR as a user does. They are
# checked, installed in clean roots of Debian 12, used under Xvfb, upgraded while the
# program runs, and removed. Parts are check, deb, minimal, archive, odd, rpm, services
# and container; all of them without one. Needs root, for chroot. The clean root is kept
# in build/roots.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages/roots.sh
. scripts/packages/window.sh
. scripts/packages/parts.sh
. scripts/packages/odd.sh

dir=$(cd "${1:?usage: test-packages.sh DIR [PART...]}" && pwd)
shift
if [ "$(id -u)" -ne 0 ]; then
	echo "test-packages: needs root: chroot is for root alone" >&2
	exit 1
fi
# Mounts of our own go with this process.
if [ -z "${IN_NAMESPACE:-}" ]; then
	exec env IN_NAMESPACE=1 unshare --mount --propagation private "$0" "$dir" "$@"
fi

newest() { # newest SUFFIX: the package that was written last
	local found
	found=$(ls -t "$dir"/foyer-*"$1" 2>/dev/null | head -1)
	[ -n "$found" ] || { echo "test-packages: there is no *$1 in $dir" >&2; exit 1; }
	echo "$found"
}
deb=$(newest .deb) rpm=$(newest .rpm) archive=$(newest .tar.xz)
artifacts=${FOYER_ARTIFACTS:-$PWD/artifacts}
mkdir -p "$artifacts"

work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-packages.XXXXXX")
finish() {
	# Nothing below a mount is removed.
	awk -v w="$work/" 'index($2, w) == 1 { print $2 }' /proc/mounts | sort -r | while read -r m; do umount -l "$m"; done
	rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

failed=()
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(check deb minimal archive odd rpm services container)
for part in "${parts[@]}"; do
	begin=$SECONDS
	echo "== $part"
	# A part is a process with a folder of its own: one that fails does not keep the others
	# from running.
	mkdir "$work/$part"
	set +e
	(set -e; started=(); trap end_started EXIT; work=$work/$part; "part_$part")
	status=$?
	set -e
	if [ $status -eq 0 ]; then
		echo "== $part passed in $((SECONDS - begin)) s"
	else
		failed+=("$part")
		echo "== $part FAILED after $((SECONDS - begin)) s"
	fi
done
if [ ${#failed[@]} -gt 0 ]; then
	echo "FAIL: ${failed[*]}"
	exit 1
fi
echo "passed: ${parts[*]} ($SECONDS s)"

#!/usr/bin/env bash
# reproducible.sh [--windows] [--fresh]: packages what is committed twice, for Linux or for
# Windows without a signature, in two folders, and compares the results byte by byte. With
# --fresh the second one shares no build cache with the first, which takes ten minutes more.
set -euo pipefail
cd "$(dirname "$0")/.."
package=scripts/package-linux.sh fresh=
for argument in "$@"; do
	case $argument in
	--windows) package=scripts/package-windows.sh ;;
	--fresh) fresh=yes ;;
	*) echo "usage: reproducible.sh [--windows] [--fresh]" >&2; exit 2 ;;
	esac
done
unset FOYER_WINDOWS_CERTIFICATE
work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-twice.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$package" "$work/1"
[ -z "$fresh" ] || export GOCACHE=$work/cache
mkdir "$work/elsewhere"
TMPDIR=$work/elsewhere "$package" "$work/2"
failed=0
for file in "$work"/1/*; do
	if cmp "$file" "$work/2/${file##*/}"; then
		(cd "$work/1" && sha256sum "${file##*/}")
	else
		failed=1
	fi
done
exit $failed

#!/usr/bin/env bash
# reproducible.sh [--fresh]: packages what is committed twice, in two folders, and
# compares the results byte by byte. With --fresh the second one shares no build cache
# with the first, which takes ten minutes more.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-twice.XXXXXX")
trap 'rm -rf "$work"' EXIT
scripts/package-linux.sh "$work/1"
if [ "${1:-}" = --fresh ]; then
	export GOCACHE=$work/cache
fi
mkdir "$work/elsewhere"
TMPDIR=$work/elsewhere scripts/package-linux.sh "$work/2"
failed=0
for file in "$work"/1/*; do
	if cmp "$file" "$work/2/${file##*/}"; then
		(cd "$work/1" && sha256sum "${file##*/}")
	else
		failed=1
	fi
done
exit $failed

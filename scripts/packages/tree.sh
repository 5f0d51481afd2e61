# tree.sh: what is packaged. Part of package-linux.sh and package-windows.sh, which set
# $out and are in the root of the repository.
# shellcheck shell=bash

started=$SECONDS
say() { echo "package: $* ($((SECONDS - started)) s)" >&2; }
fail() { echo "package: $*" >&2; exit 1; }

mkdir -p "$out"
out=$(cd "$out" && pwd)

# The version is VERSION, x.y.z or vx.y.z, or a version before that of FyneApp.toml.
git diff --quiet HEAD -- || echo "package: what is not committed is not packaged" >&2
number=$(git show HEAD:FyneApp.toml | sed -n 's/^ *Version = "\(.*\)"/\1/p')
version=${VERSION:-}
version=${version#v}
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(~[a-z0-9.]+)?$ ]]; then
	version=$number~git$(git rev-list --count HEAD).$(git rev-parse --short=10 HEAD)
elif [ "${version%%~*}" != "$number" ]; then
	fail "FyneApp.toml has version $number, not $version"
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC

work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
mkdir "$work/tree"
git archive HEAD | tar -x -C "$work/tree"

# most FILE MEGABYTES: a package may have so many at most.
most() {
	local size
	size=$(stat -c %s "$out/$1")
	echo "package: $1 has $((size / 100000))e5 bytes" >&2
	[ "$size" -le $(($2 * 1000000)) ] || fail "$1 has $size bytes, more than $2 MB"
}

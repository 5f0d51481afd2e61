# tree.sh: what is packaged. Part of the package-*.sh, which set $out and are in the root of
# the repository.
# shellcheck shell=bash

go=${GO:-go}
started=$SECONDS
say() { echo "package: $* ($((SECONDS - started)) s)" >&2; }
fail() { echo "package: $*" >&2; exit 1; }

mkdir -p "$out"
out=$(cd "$out" && pwd)

# The version is VERSION, x.y.z or vx.y.z; or that of FyneApp.toml with the commit behind
# it, which sorts before the release, or after it once the release has its tag.
git diff --quiet HEAD -- || echo "package: what is not committed is not packaged" >&2
number=$(git show HEAD:FyneApp.toml | sed -n 's/^ *Version = "\(.*\)"/\1/p')
version=${VERSION:-}
version=${version#v}
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(~[a-z0-9.]+)?$ ]]; then
	released='~'
	git merge-base --is-ancestor "v$number" HEAD 2>/dev/null && released=+
	version=$number${released}git$(git rev-list --count HEAD).$(git rev-parse --short=10 HEAD)
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

# What the linker writes into the program. Without both of the last it asks nowhere for updates.
written=("foyer/app.Version=$version")
if [ -n "${UPDATE_URL:-}" ] && [ -n "${UPDATE_KEY:-}" ]; then
	written+=("foyer/app/update.URL=$UPDATE_URL" "foyer/app/update.Key=$UPDATE_KEY")
fi

# bill PROGRAM NAME: writes what the program is made of into NAME.cdx.json. pkg-config
# describes the libraries in C that it is linked with.
bill() {
	local vpx opus
	vpx=$(pkg-config --modversion vpx)
	opus=$(pkg-config --modversion opus)
	(
		unset GOARCH CC CXX PKG_CONFIG_LIBDIR
		cd "$work/tree"
		GOFLAGS=-buildvcs=false CGO_ENABLED=0 "$go" run ./internal/licences/sbom \
			-c libvpx="$vpx" -c libopus="$opus" "$1" "$version"
	) >"$out/$2.cdx.json"
	say "wrote $2.cdx.json"
}

# most FILE MEGABYTES: a package may have so many at most.
most() {
	local size
	size=$(($(wc -c <"$out/$1")))
	echo "package: $1 has $((size / 100000))e5 bytes" >&2
	[ "$size" -le $(($2 * 1000000)) ] || fail "$1 has $size bytes, more than $2 MB"
}

#!/usr/bin/env bash
# release.sh check VERSION: fails unless the tree says everywhere that it is VERSION.
# release.sh notes VERSION: prints what the changelog says of it, as Markdown.
# release.sh sums DIR: writes SHA256SUMS of the files in DIR, beside them.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

usage() { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
fail() { echo "release: $*" >&2; exit 1; }

# notes VERSION: its section. Each paragraph and item is one line, because a page of
# releases keeps the ends of lines.
notes() {
	awk -v version="$1" '
		/^## / { if (found) exit; found = $2 == version; next }
		!found { next }
		/^[ \t]*$/ { if (text != "") print text; text = ""; print; next }
		/^[ \t]*([-*]|[0-9]+\.) |^#|^[>|]/ { if (text != "") print text; text = $0; next }
		{ sub(/^[ \t]+/, ""); text = text == "" ? $0 : text " " $0 }
		END { if (text != "") print text; if (!found) exit 1 }
	' "$root/CHANGELOG.md" | cat -s | sed '/./,$!d'
}

check() {
	local version=$1 number newest
	[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "“$version” is no version: it is x.y.z, and its tag vx.y.z"
	number=$(sed -n 's/^ *Version = "\(.*\)"/\1/p' "$root/FyneApp.toml")
	[ "$number" = "$version" ] || fail "FyneApp.toml has version $number, not $version"
	newest=$(sed -n 's/.*<release version="\([^"]*\)".*/\1/p' "$root/app/install/files/app.foyer.Foyer.metainfo.xml" | head -1)
	[ "$newest" = "$version" ] || fail "the newest release in app.foyer.Foyer.metainfo.xml is $newest, not $version"
	[ -n "$(notes "$version" || true)" ] || fail "CHANGELOG.md has no section “## $version”, or nothing in it"
}

sums() {
	cd "$1"
	rm -f SHA256SUMS
	find . -maxdepth 1 -type f ! -name '.*' -printf '%P\n' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 -r sha256sum -- >.SHA256SUMS
	[ -s .SHA256SUMS ] || { rm -f .SHA256SUMS; fail "there is nothing in $1"; }
	mv .SHA256SUMS SHA256SUMS
}

[ $# -eq 2 ] || usage
case $1 in
check) check "${2#v}" ;;
notes) notes "${2#v}" ;;
sums) sums "$2" ;;
*) usage ;;
esac

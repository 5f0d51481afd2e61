#!/usr/bin/env bash
# package-flatpak.sh [DIR]: makes a Flatpak of the newest tar.xz in DIR (build/packages),
# beside it. Needs flatpak-builder, and Flathub for the runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(cd "${1:-build/packages}" && pwd)
archive=$(ls -t "$out"/foyer-*-linux-*.tar.xz 2>/dev/null | head -1)
[ -n "$archive" ] || { echo "package-flatpak: there is no tar.xz in $out: make package-linux comes first" >&2; exit 1; }
command -v flatpak-builder >/dev/null || { echo "package-flatpak: flatpak-builder is missing" >&2; exit 1; }
work=build/flatpak
rm -rf "$work"
mkdir -p "$work/foyer"
tar -xf "$archive" --strip-components=1 -C "$work/foyer"
flatpak --user remote-add --if-not-exists flathub https://dl.flathub.org/repo/flathub.flatpakrepo
flatpak-builder --user --install-deps-from=flathub --state-dir="$work/state" --repo="$work/repo" \
	"$work/tree" packaging/flatpak/app.foyer.Foyer.yaml
flatpak build-bundle "$work/repo" "${archive%.tar.xz}.flatpak" app.foyer.Foyer

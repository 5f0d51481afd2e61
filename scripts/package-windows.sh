#!/usr/bin/env bash
# package-windows.sh [DIR]: builds what is committed for Windows (amd64), as people get
# it, and writes the installer into DIR (build/packages), and beside it in CycloneDX what the
# program is made of. It cross-compiles with mingw-w64 on Linux. VERSION, UPDATE_URL and
# UPDATE_KEY are as for package-linux.sh, the certificate as for windows-sign.sh; without one,
# nothing is signed. The same commit and VERSION give the same bytes, up to the signatures.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/packages}
sign=$PWD/scripts/windows-sign.sh
. scripts/packages/cross.sh
. scripts/packages/tree.sh

scripts/windows-codecs.sh "$codecs"

# Windows has four numbers for a version, 16 bits each. The last one counts what comes before a release,
# which has the greatest.
before=$(sed -n 's/.*~git\([0-9]*\)\..*/\1/p' <<<"$version")
dotted=${version%%[~+]*}.${before:-65535}
tree=$work/tree files=$work/files
mkdir "$files"
(cd "$tree" && GOFLAGS=-buildvcs=false PKG_CONFIG_PATH='' "$go" run ./packaging/windows/parts "$files")
for name in foyer.rc foyer.exe.manifest; do
	sed -e "s/@VERSION@/$version/" -e "s/@DOTTED@/$dotted/" -e "s/@NUMBERS@/${dotted//./,}/" \
		"$tree/packaging/windows/$name" >"$files/$name"
done
(cd "$files" && $cross-windres --output-format=coff foyer.rc "$tree/foyer_windows_amd64.syso")

# A program for the desktop: it opens no console (app/console).
(cd "$tree" && windows_go build -ldflags "-s -w -H=windowsgui ${written[*]/#/-X }" -o "$files/foyer.exe" .)
say "built $version for windows-amd64"
scripts/check-exe.sh "$files/foyer.exe"
"$sign" "$files/foyer.exe"

# Notepad and makensis know other ends of lines.
sed 's/$/\r/' "$tree/LICENSE" >"$files/licence.txt"
sed 's/$/\r/' "$tree/CHANGELOG.md" >"$files/changelog.txt"
sed -i 's/$/\r/' "$files/licences-of-libraries.txt"

name=foyer-$version-windows-amd64
PKG_CONFIG_LIBDIR=$codecs/pkgconfig PKG_CONFIG_PATH='' bill "$files/foyer.exe" "$name"
makensis -V2 -WX -INPUTCHARSET UTF8 -DVERSION="$version" -DNUMBERS="$dotted" -DFILES="$files" -DSIGN="$sign" \
	-DOUT="$work/$name-setup.exe" "$tree/packaging/windows/foyer.nsi" >&2
"$sign" "$work/$name-setup.exe"
mv "$work/$name-setup.exe" "$out/$name-setup.exe"
say "wrote $name-setup.exe"
most "$name-setup.exe" 30

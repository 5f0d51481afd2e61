#!/usr/bin/env bash
# package-macos.sh [DIR]: on a Mac, builds what is committed for the Mac's own processor,
# as people get it, and writes Foyer in a disk image into DIR (build/packages), and beside it
# in CycloneDX what it is made of. It needs Xcode's command line tools and "brew install libvpx
# opus pkg-config". It has not run yet: nobody who works on Foyer has had a Mac.
#
# VERSION, UPDATE_URL and UPDATE_KEY are as for package-linux.sh. To sign:
#
#   MACOS_CERTIFICATE   a Developer ID Application, PKCS#12 in base64
#   MACOS_PASSWORD      its password
#   MACOS_NOTARY_KEY    and to notarise, an App Store Connect key (the .p8 in base64),
#   MACOS_NOTARY_ID     its ID,
#   MACOS_NOTARY_ISSUER and its issuer
#
# Without the first, it is signed for this Mac alone; without the third, not notarised.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Darwin ] || { echo "package: this one needs a Mac" >&2; exit 1; }
out=${1:-build/packages}
. scripts/packages/tree.sh
minimum=12.3
arch=$("$go" env GOARCH)
[ "$arch" = "$("$go" env GOHOSTARCH)" ] || fail "the codecs here are for $("$go" env GOHOSTARCH)"
build=$(git rev-list --count HEAD)
keychain=$work/foyer.keychain-db
clean() {
	security delete-keychain "$keychain" 2>/dev/null || true
	rm -rf "$work"
}
trap clean EXIT
mkdir "$work/pkgconfig" "$work/private"
chmod 700 "$work/private"

# Homebrew is not on other people's Macs: its codecs are linked statically.
for name in vpx opus; do
	library=$(pkg-config --variable=libdir "$name")/lib$name.a
	[ -f "$library" ] || fail "there is no $library"
	cat >"$work/pkgconfig/$name.pc" <<-END
		Name: $name
		Description: $name, linked statically
		Version: $(pkg-config --modversion "$name")
		Cflags: $(pkg-config --cflags "$name")
		Libs: $library
	END
done
(
	cd "$work/tree"
	export PKG_CONFIG_PATH=$work/pkgconfig CGO_ENABLED=1 GOFLAGS=-buildvcs=false MACOSX_DEPLOYMENT_TARGET=$minimum
	export CGO_CFLAGS="-O2 -mmacosx-version-min=$minimum" CGO_CXXFLAGS="-O2 -mmacosx-version-min=$minimum"
	export CGO_LDFLAGS="-mmacosx-version-min=$minimum"
	"$go" build -trimpath -tags migrated_fynedo,release -ldflags "-s -w ${written[*]/#/-X }" -o "$work/foyer" .
)
say "built $version for $arch"

# Which libraries the program needs is part of what is promised.
if otool -L "$work/foyer" | tail -n +2 | grep -v -e '^[[:space:]]*/usr/lib/' -e '^[[:space:]]*/System/Library/'; then
	fail "it needs what is not on every Mac"
fi
[ "$("$work/foyer" version | cut -d' ' -f2)" = "$version" ] || fail "it does not run, or has another version"

# The bundle. What is in Info.plist must be there before it is signed.
app=$work/dmg/Foyer.app
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources" "$work/foyer.iconset"
cp "$work/foyer" "$app/Contents/MacOS/foyer"
sed -e "s/@NUMBER@/$number/" -e "s/@BUILD@/$build/" -e "s/@MINIMUM@/$minimum/" \
	"$work/tree/packaging/macos/Info.plist" >"$app/Contents/Info.plist"
printf 'APPL????' >"$app/Contents/PkgInfo"
cp -R "$work/tree/packaging/macos/"*.lproj "$app/Contents/Resources/"
plutil -lint "$app/Contents/Info.plist" "$app/Contents/Resources/"*.lproj/*.strings \
	"$work/tree/packaging/macos/entitlements.plist" >&2
for size in 16 32 128 256 512; do
	sips --resampleHeightWidth $size $size "$work/tree/assets/icon.png" --out "$work/foyer.iconset/icon_${size}x$size.png" >/dev/null
	sips --resampleHeightWidth $((2 * size)) $((2 * size)) "$work/tree/assets/icon.png" \
		--out "$work/foyer.iconset/icon_${size}x$size@2x.png" >/dev/null
done
iconutil --convert icns --output "$app/Contents/Resources/foyer.icns" "$work/foyer.iconset"
"$work/foyer" version --licences >"$app/Contents/Resources/licences.txt"
cp "$work/tree/LICENSE" "$app/Contents/Resources/LICENSE"
ln -s /Applications "$work/dmg/Applications"

# identity: a keychain of its own, which goes with the folder.
identity=-
signing=(--force --options runtime)
if [ -n "${MACOS_CERTIFICATE:-}" ]; then
	secret=$(openssl rand -hex 16)
	printf '%s' "$MACOS_CERTIFICATE" | base64 -d >"$work/private/certificate.p12"
	# security takes passwords as arguments alone: on a runner nobody else sees them.
	security create-keychain -p "$secret" "$keychain"
	security set-keychain-settings "$keychain"
	security unlock-keychain -p "$secret" "$keychain"
	security import "$work/private/certificate.p12" -k "$keychain" -P "${MACOS_PASSWORD:?}" -T /usr/bin/codesign
	security set-key-partition-list -S apple-tool:,apple: -s -k "$secret" "$keychain" >/dev/null
	identity=$(security find-identity -v -p codesigning "$keychain" | awk '/Developer ID Application/ { print $2; exit }')
	[ -n "$identity" ] || fail "the certificate is not a Developer ID Application"
	signing+=(--timestamp --keychain "$keychain")
fi
codesign "${signing[@]}" --sign "$identity" --entitlements "$work/tree/packaging/macos/entitlements.plist" "$app"
codesign --verify --strict --verbose=2 "$app"
say "signed by $identity"

name=foyer-$version-darwin-$arch
image=$out/$name.dmg
rm -f "$image"
hdiutil create -quiet -volname "Foyer $version" -srcfolder "$work/dmg" -fs HFS+ -format UDZO "$image"
if [ "$identity" != - ]; then
	codesign --force --timestamp --keychain "$keychain" --sign "$identity" "$image"
fi
if [ -n "${MACOS_NOTARY_KEY:-}" ]; then
	[ "$identity" != - ] || fail "what is not signed cannot be notarised"
	printf '%s' "$MACOS_NOTARY_KEY" | base64 -d >"$work/private/notary.p8"
	xcrun notarytool submit "$image" --key "$work/private/notary.p8" --key-id "${MACOS_NOTARY_ID:?}" \
		--issuer "${MACOS_NOTARY_ISSUER:?}" --wait --timeout 30m
	xcrun stapler staple "$image"
	spctl --assess --type open --context context:primary-signature --verbose=2 "$image"
	say "notarised"
fi
say "wrote $name.dmg"
PKG_CONFIG_PATH=$work/pkgconfig bill "$app/Contents/MacOS/foyer" "$name"

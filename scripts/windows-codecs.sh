#!/usr/bin/env bash
# windows-codecs.sh DIR: libvpx and libopus for Windows in DIR, static, with pkg-config files in
# DIR/pkgconfig. They are cross-compiled from the sources of Debian's packages, which apt
# verifies, once for each version. Parts of libvpx that Foyer does not use are left out.
set -euo pipefail
dir=${1:?usage: windows-codecs.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cross=x86_64-w64-mingw32
release=bookworm
recipe=$(sha256sum <"${BASH_SOURCE[0]}" | cut -c1-16)
[ "$(cat "$dir/recipe" 2>/dev/null)" = "$recipe" ] && exit

work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-codecs.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/sources"
# Sources come from where this computer has its packages from.
apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
	awk -v release="$release" '$2 ~ "^" release "(-security)?$" { print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $1, $2, "main" }' |
	sort -u >"$work/sources.list"
if [ ! -s "$work/sources.list" ]; then
	echo "windows-codecs: this computer installs nothing of Debian's $release: there is no mirror to take sources from" >&2
	exit 1
fi
apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
	-o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=)
"${apt[@]}" update
(cd "$work/sources" && "${apt[@]}" -o APT::Get::Only-Source=true source libvpx opus >/dev/null)

export SOURCE_DATE_EPOCH=0
flags="-O2 -ffile-prefix-map=$work/sources="
jobs=$(getconf _NPROCESSORS_ONLN)
(
	cd "$work"/sources/libvpx-*/
	CROSS=$cross- CC=$cross-gcc-posix CXX=$cross-g++-posix ./configure --target=x86_64-win64-gcc --prefix=/usr --as=yasm \
		--extra-cflags="$flags" --enable-static --disable-shared --disable-vp9 --disable-examples --disable-tools --disable-docs \
		--disable-unit-tests --enable-runtime-cpu-detect --enable-realtime-only
	make -j"$jobs"
	make install DESTDIR="$work/out"
) >"$work/libvpx.log" 2>&1 || { tail -20 "$work/libvpx.log" >&2; exit 1; }
(
	cd "$work"/sources/opus-*/
	./configure --host=$cross --prefix=/usr CC=$cross-gcc-posix CFLAGS="$flags" --enable-static --disable-shared --disable-doc \
		--disable-extra-programs --disable-stack-protector
	make -j"$jobs"
	make install DESTDIR="$work/out"
) >"$work/opus.log" 2>&1 || { tail -20 "$work/opus.log" >&2; exit 1; }

rm -rf "$dir/include" "$dir/lib" "$dir/pkgconfig" "$dir/recipe"
mkdir -p "$dir/pkgconfig"
mv "$work/out/usr/include" "$dir/include"
mkdir "$dir/lib"
mv "$work/out/usr/lib/libvpx.a" "$work/out/usr/lib/libopus.a" "$dir/lib/"
# Its configure turns _FORTIFY_SOURCE on, whose functions mingw-w64 has in a library of their own.
mkdir "$work/ssp"
(cd "$work/ssp" && $cross-ar x "$($cross-gcc-posix -print-file-name=libssp.a)" && $cross-ar rsD "$dir/lib/libopus.a" ./*.o*)
describe() { # describe NAME CFLAGS
	local version
	version=$(sed -n 's/^Version: //p' "$work/out/usr/lib/pkgconfig/$1.pc")
	printf 'Name: %s\nDescription: %s, linked statically\nVersion: %s\nCflags: %s\nLibs: -L%s -l%s\n' \
		"$1" "$1" "$version" "$2" "$dir/lib" "$1" >"$dir/pkgconfig/$1.pc"
}
describe vpx "-I$dir/include"
describe opus "-I$dir/include/opus"
echo "$recipe" >"$dir/recipe"

#!/usr/bin/env bash
# package-linux.sh [DIR]: builds what is committed, as people get it, and writes
# tar.xz, deb and rpm into DIR (build/packages), and beside them in CycloneDX what they
# are made of. The same commit and VERSION give the same bytes (scripts/reproducible.sh).
# For another architecture:
#
#   GOARCH=arm64 CC=aarch64-linux-gnu-gcc \
#       PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig make package-linux
#
# VERSION is x.y.z or vx.y.z; without one it is that of FyneApp.toml, as a version
# before it. UPDATE_URL and UPDATE_KEY are the Makefile's. HOMEPAGE is where the project is found, and MAINTAINER who answers for the
# packages: "Foyer maintainers" of the homepage if not given.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/packages}
. scripts/packages/tree.sh
tools=$PWD/.tools/bin
arch=$("$go" env GOARCH)
export HOMEPAGE=${HOMEPAGE:-}
host=${HOMEPAGE#*://}
host=${host%%/*}
# A package must have an address; nobody reads this one.
export MAINTAINER=${MAINTAINER:-Foyer maintainers <noreply@${host:-example.org}>}

# The codecs are linked statically; the files that say so know their architecture.
PKG_CONFIG_PATH='' scripts/pkgconfig.sh "$work/pkgconfig"
export PKG_CONFIG_PATH=$work/pkgconfig
# fyne adds the flags of a release to these, and its own description of the program,
# from FyneApp.toml. Its archive has the time and the owner of every file, so the
# archive is made here.
flags="-buildvcs=false ${written[*]/#/-ldflags=-X=}"
build() { # build TREE OUTPUT
	(cd "$1" && GO=$go GOFLAGS=$flags \
		"$tools/fyne" build --release --tags migrated_fynedo -o "$2")
}
build "$work/tree" "$work/foyer"
say "built $version for $arch"

# Which libraries the program needs is part of what is promised.
scripts/check-binary.sh "$work/foyer"

# It writes the files beside it itself. One for another processor cannot run here.
native=$work/foyer
if [ "$arch" != "$("$go" env GOHOSTARCH)" ]; then
	native=$work/native
	(
		unset GOARCH CC CXX PKG_CONFIG_LIBDIR
		PKG_CONFIG_PATH='' scripts/pkgconfig.sh "$work/pkgconfig-native"
		PKG_CONFIG_PATH=$work/pkgconfig-native build "$work/tree" "$native"
	)
fi

# Everything else is of that commit, too.
cd "$work/tree"

[ "$("$native" version | cut -d' ' -f2)" = "$version" ] || fail "the program calls itself $("$native" version)"

# archive: a folder with the program and a Makefile that installs it.
name=foyer-$version-linux-$arch
mkdir "$work/$name"
install -m 755 "$work/foyer" "$work/$name/foyer"
cat packaging/linux/archive.mk packaging/linux/install.mk >"$work/$name/Makefile"
install -m 644 LICENSE CHANGELOG.md docs/install.md "$work/$name/"
"$native" version --licences >"$work/$name/LICENCES-OF-LIBRARIES.txt"
# Filtered for what machine code repeats, it is smaller.
xz=(-T1 --lzma2=preset=6)
[ "$arch" != amd64 ] || xz=(-T1 --x86 --lzma2=preset=6)
tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
	--mode='go-w' -C "$work" "$name" |
	xz "${xz[@]}" >"$out/$name.tar.xz"
say "wrote $name.tar.xz"

bill "$work/foyer" "$name"

# stage KIND: lays out what the package of that kind installs.
stage() {
	export STAGE=$work/$1
	mkdir -p "$STAGE/usr/bin"
	install -m 755 "$work/foyer" "$STAGE/usr/bin/foyer"
	"$native" files --program /usr/bin/foyer "$STAGE/usr" >/dev/null
	local doc=$STAGE/usr/share/doc/foyer
	cat >"$doc/copyright" <<-EOF
		Foyer
		Copyright 2026 the Foyer contributors

		Licensed under the Apache License, Version 2.0. Debian has its text in
		/usr/share/common-licenses/Apache-2.0. The licences of the libraries that the
		program is made of are in licences.txt.gz beside this file.
	EOF
	[ "$1" = deb ] || install -m 644 LICENSE "$doc/"
	if [ "$1" = deb ]; then
		# Debian's zsh looks elsewhere.
		mkdir -p "$STAGE/usr/share/zsh/vendor-completions"
		mv "$STAGE/usr/share/zsh/site-functions/_foyer" "$STAGE/usr/share/zsh/vendor-completions/"
		rmdir "$STAGE/usr/share/zsh/site-functions"
		cat <<-EOF | gzip -9n >"$doc/changelog.gz"
			foyer ($version) stable; urgency=medium

			  * What is new is in upstream.gz beside this file.

			 -- $MAINTAINER  $(date -R -d "@$SOURCE_DATE_EPOCH")
		EOF
		gzip -9nc CHANGELOG.md >"$doc/upstream.gz"
	fi
}

# compress DEB: as dpkg-deb does, with the filter.
compress() {
	local deb=$1 parts=$work/members
	mkdir "$parts"
	(cd "$parts" && ar x "$deb" && xz "${xz[@]}" data.tar)
	rm "$deb"
	(cd "$parts" && ar rcD "$deb" debian-binary control.tar.* data.tar.xz)
}

export VERSION=$version ARCH=$arch
for kind in deb rpm; do
	stage "$kind"
	"$tools/nfpm" package --config packaging/linux/nfpm.yaml --packager "$kind" --target "$out/$name.$kind" >&2
	[ "$kind" != deb ] || compress "$out/$name.deb"
	say "wrote $name.$kind"
done

most "$name.deb" 30
most "$name.rpm" 35
most "$name.tar.xz" 25

#!/usr/bin/env bash
# pkgconfig.sh DIR: fills DIR with pkg-config files that link libvpx and libopus
# statically, where the static libraries exist, so that the program runs on
# machines without them. Elsewhere DIR stays empty and the system's own files
# are used. Files that are right already are left alone: Go's build cache looks
# at what they say.
set -euo pipefail
dir=${1:?usage: pkgconfig.sh DIR}
mkdir -p "$dir"

static() { # static NAME LIBRARY
	local name=$1 library=$2 libdir archive includes version text
	# Not our own file of the last time.
	libdir=$(PKG_CONFIG_PATH='' pkg-config --variable=libdir "$name" 2>/dev/null) || return 0
	archive=$(${CC:-cc} -print-file-name="$library" 2>/dev/null || true)
	[ -f "$archive" ] || archive=$libdir/$library
	if [ ! -f "$archive" ] || [ "$(uname -s)" != Linux ]; then
		rm -f "$dir/$name.pc"
		return 0
	fi
	includes=$(PKG_CONFIG_PATH='' pkg-config --cflags "$name" | sed 's/ *$//')
	version=$(PKG_CONFIG_PATH='' pkg-config --modversion "$name")
	text="Name: $name
Description: $name, linked statically
Version: $version
Cflags: $includes
Libs: -L$(dirname "$(readlink -f "$archive")") -l:$library -lm -lpthread"
	[ -f "$dir/$name.pc" ] && [ "$(cat "$dir/$name.pc")" = "$text" ] || printf '%s\n' "$text" >"$dir/$name.pc"
}
static vpx libvpx.a
static opus libopus.a

#!/usr/bin/env bash
# check-binary.sh FILE: fails if a program is linked with a library that not every
# desktop has, or needs a newer C library than that of Debian 12.
set -euo pipefail
file=${1:?usage: check-binary.sh FILE}
newest=2.34 # what the packages say that they need
readelf=${READELF:-readelf}

bad=$("$readelf" -dW "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vxE 'libc\.so\.6|libm\.so\.6|libGL\.so\.1|libX11\.so\.6|ld-linux-.*' || true)
if [ -n "$bad" ]; then
	echo "check-binary: $file is linked with" $bad >&2
	exit 1
fi
needs=$("$readelf" -VW "$file" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -1)
if [ -z "$needs" ] || [ "$(printf '%s\n%s\n' "$needs" "$newest" | sort -V | tail -1)" != "$newest" ]; then
	echo "check-binary: $file needs glibc ${needs:-?}, and may need $newest" >&2
	exit 1
fi
if grep -qE '\((RPATH|RUNPATH)\)' <<<"$("$readelf" -dW "$file")"; then
	echo "check-binary: $file looks for libraries in a folder of its own" >&2
	exit 1
fi

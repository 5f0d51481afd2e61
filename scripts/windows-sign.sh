#!/usr/bin/env bash
# windows-sign.sh FILE: signs a program for Windows, in its place. Without
# $FOYER_WINDOWS_CERTIFICATE it does nothing and says so.
#
#   FOYER_WINDOWS_CERTIFICATE    a PKCS#12 file with the certificate and its key
#   FOYER_WINDOWS_PASSWORD_FILE  a file with that file's password
#   FOYER_WINDOWS_TIMESTAMP      the address of a timestamp server (RFC 3161): with a time that
#                                it vouches for, a signature outlives its certificate
set -euo pipefail
file=${1:?usage: windows-sign.sh FILE}
if [ -z "${FOYER_WINDOWS_CERTIFICATE:-}" ]; then
	echo "windows-sign: there is no certificate: ${file##*/} is not signed" >&2
	exit
fi
options=(-pkcs12 "$FOYER_WINDOWS_CERTIFICATE" -h sha256 -n Foyer)
[ -z "${FOYER_WINDOWS_PASSWORD_FILE:-}" ] || options+=(-readpass "$FOYER_WINDOWS_PASSWORD_FILE")
[ -z "${FOYER_WINDOWS_TIMESTAMP:-}" ] || options+=(-ts "$FOYER_WINDOWS_TIMESTAMP")
signed=$(mktemp "$file.XXXXXX")
trap 'rm -f "$signed"' EXIT
rm "$signed" # osslsigncode replaces nothing
osslsigncode sign "${options[@]}" -in "$file" -out "$signed" >&2
cat "$signed" >"$file"

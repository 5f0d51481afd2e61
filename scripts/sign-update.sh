#!/usr/bin/env bash
# sign-update.sh KEY VERSION PAGE: prints what programs read that were built with
# UPDATE_URL and UPDATE_KEY: that VERSION is the newest release, and PAGE where people get
# it. KEY is a file with an Ed25519 key, which "openssl genpkey -algorithm ed25519" makes;
# keep it off the server that hands the answer out. "sign-update.sh KEY" alone prints
# UPDATE_KEY. Whatever is signed later replaces what was signed before, also a higher
# version.
set -euo pipefail
key=${1:?usage: sign-update.sh KEY [VERSION PAGE]}
if [ $# -eq 1 ]; then
	openssl pkey -in "$key" -pubout -outform DER | tail -c 32 | base64
	exit
fi
version=${2#v} page=${3:?usage: sign-update.sh KEY VERSION PAGE}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "sign-update: VERSION is x.y.z" >&2; exit 2; }
[[ $page =~ ^https://[^\"\\[:space:]]+$ ]] || { echo "sign-update: PAGE is an https address" >&2; exit 2; }
text=$(mktemp)
trap 'rm -f "$text"' EXIT
printf '{"program":"foyer","version":"%s","page":"%s","issued":"%s"}\n' \
	"$version" "$page" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$text"
openssl pkeyutl -sign -inkey "$key" -rawin -in "$text" | base64 -w 0
echo
cat "$text"

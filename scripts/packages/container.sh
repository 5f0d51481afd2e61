#!/usr/bin/env bash
# container.sh ROOT.TAR ARTIFACTS: builds the image of the room server with buildah, in
# a folder of its own and on a root of Debian 12 in the place of Debian's image, runs
# it without a daemon, and measures it while it idles. Part of test-packages.sh.
set -euo pipefail
base=$1 artifacts=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/foyer-container.XXXXXX")
container='' server='' pid=''
b=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true # buildah passes no signals on
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" || true
	[ -z "$container" ] || "${b[@]}" umount "$container" >/dev/null 2>&1 || true
	rm -rf --one-file-system "$work"
}
trap finish EXIT
export BUILDAH_ISOLATION=chroot

scripts/container.sh context
from=$("${b[@]}" from scratch)
"${b[@]}" add --quiet "$from" "$base" / >/dev/null
"${b[@]}" commit --quiet "$from" foyer-base >/dev/null
"${b[@]}" rm "$from" >/dev/null
"${b[@]}" build --quiet --format docker --pull-never --build-arg BASE=localhost/foyer-base --tag foyer build/container >"$artifacts/container-build.log" 2>&1 ||
	{ tail -20 "$artifacts/container-build.log" >&2; exit 1; }
"${b[@]}" inspect --type image foyer >"$work/image.json"
node -e '
const c = JSON.parse(require("fs").readFileSync(process.argv[1])).Docker.config;
if (!/^[1-9]/.test(c.User) || !c.Healthcheck || c.Entrypoint[0] != "foyer") { console.error(c); process.exit(1); }
' "$work/image.json"
check=(foyer admin --server https://127.0.0.1:7843 --admin-key-file /data/admin-key.json rooms)
grep -qF "$(printf '"%s", ' "${check[@]}" | sed 's/, $//')" build/container/Containerfile

container=$("${b[@]}" from --pull-never localhost/foyer)
"${b[@]}" run "$container" foyer serve --data /data --media-port 7844 --resume >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 200); do
	grep -q '"event":"ready"' "$work/ready" && break
	kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
	sleep 0.1
done
pid=$(pgrep --uid 7843 --exact foyer) || { ps -eo pid,user,args --forest >"$artifacts/container-ps.log"; echo "nothing runs as its own user" >&2; exit 1; }
"${b[@]}" run "$container" "${check[@]}"
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
sleep 5 # what a start costs is over
before=$(ticks)
sleep 60
used=$(($(ticks) - before))
rss=$(awk '/^VmRSS:/ { print int($2 / 1000) }' "/proc/$pid/status")
echo "idle: $rss MB RSS, $(awk -v t=$used -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f", t / hz / 60 * 100 }') % of a core; size of the program $(($(stat -c %s build/container/foyer) / 1000000)) MB"
[ "$rss" -le 80 ] || { echo "more than 80 MB" >&2; exit 1; }
[ "$used" -le $(($(getconf CLK_TCK) * 60 / 200)) ] || { echo "more than half a percent of a core" >&2; exit 1; }
kill "$pid"
wait "$server" || true
server='' pid=''
if "${b[@]}" run "$container" "${check[@]}" 2>/dev/null; then
	echo "the health check of a server that is gone succeeds" >&2
	exit 1
fi

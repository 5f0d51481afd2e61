#!/usr/bin/env bash
# exit-matrix.sh [windows]: takes every way out of a room with every device, here and,
# for the camera, in a virtual machine (vm-run.sh), and writes the times into
# docs/leaving.md. With "windows" it takes those alone that need no virtual machine:
# from a window, of its lobby, and of joins that fail. The program is measured as
# people get it, without the race detector, which makes everything ten times slower.
# Takes about ten minutes, or five; nothing else should run meanwhile.
set -euo pipefail
part=${1:-}
tests='ClosingTheWindow|AFailedJoin|LeavingTheLobby'
[ -n "$part" ] || tests+='|EveryWayOut|ALostConnection'
cd "$(dirname "$0")/.."
out=$PWD/artifacts/exit-matrix
rm -rf "$out"
mkdir -p "$out" build
go build -o build/foyer-bench .
FOYER_BIN=$PWD/build/foyer-bench FOYER_ARTIFACTS=$out \
	go test -count=1 -timeout 10m -v -run "$tests" ./e2e -matrix.all | grep -v '^=== '
[ -n "$part" ] || FOYER_ARTIFACTS=$out scripts/vm-test.sh matrix
# The rows come in the order in which they are met.
cd "$out"
tables=(exit-matrix.json exit-matrix-lost.json exit-matrix-window.json exit-matrix-failed.json exit-matrix-lobby.json)
[ -z "$part" ] || tables=(exit-matrix-window.json exit-matrix-failed.json exit-matrix-lobby.json)
for t in *.json; do
	[[ " ${tables[*]} " == *" $t "* ]] || tables+=("$t")
done
cd - >/dev/null
go run ./internal/matrix/leavingtable ${part:+-part} docs/leaving.md "${tables[@]/#/$out/}"

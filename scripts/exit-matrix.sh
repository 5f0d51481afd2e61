#!/usr/bin/env bash
# exit-matrix.sh: takes every way out of a room with every device, here and, for
# the camera, in a virtual machine (vm-run.sh), and writes the times into
# docs/leaving.md. The program is measured as people get it, without the race
# detector, which makes everything ten times slower. Takes about five minutes;
# nothing else should run meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/artifacts/exit-matrix
rm -rf "$out"
mkdir -p "$out" build
go build -o build/foyer-bench .
FOYER_BIN=$PWD/build/foyer-bench FOYER_ARTIFACTS=$out \
	go test -count=1 -timeout 10m -v -run 'EveryWayOut|ALostConnection|ClosingTheWindow|AFailedJoin|LeavingTheLobby' ./e2e | grep -v '^=== '
FOYER_ARTIFACTS=$out scripts/vm-test.sh matrix
# The rows come in the order in which they are met.
cd "$out"
tables=(exit-matrix.json exit-matrix-lost.json exit-matrix-window.json exit-matrix-failed.json exit-matrix-lobby.json)
for t in *.json; do
	[[ " ${tables[*]} " == *" $t "* ]] || tables+=("$t")
done
cd - >/dev/null
go run ./internal/matrix/leavingtable docs/leaving.md "${tables[@]/#/$out/}"

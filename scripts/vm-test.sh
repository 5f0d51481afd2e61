#!/usr/bin/env bash
# vm-test.sh [matrix]: the tests that need a camera of the kernel's, in a virtual
# machine with one (vm-run.sh); with "matrix" only those that measure the ways
# out. The tables go to FOYER_ARTIFACTS (artifacts/). Everything is built outside,
# without the race detector: the machine is emulated and slow.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${FOYER_ARTIFACTS:-$PWD/artifacts}
mkdir -p build/vm "$out"
go build -o build/vm/foyer .
go test -c -o build/vm/e2e.test ./e2e
run() { # run TEST-BINARY PATTERN
	scripts/vm-run.sh -t "${VM_LIMIT:-1500}" -o "$out" -e FOYER_VM=1 -e FOYER_BIN="$PWD/build/vm/foyer" \
		-e FOYER_ARTIFACTS="$out" -- "$PWD/build/vm/$1" -test.v -test.timeout 20m -test.run "$2"
}
if [ "${1:-}" != matrix ]; then
	go test -c -o build/vm/hw.test ./engine/devices/hw
	run hw.test VM
fi
run e2e.test FreesTheCamera

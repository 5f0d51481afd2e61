#!/usr/bin/env bash
# vm-test.sh: the tests that need a camera of the kernel's, in a virtual machine
# with one (vm-run.sh). The tables go to artifacts/. Everything is built outside,
# without the race detector: the machine is emulated and slow.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/vm artifacts
go build -o build/vm/foyer .
go test -c -o build/vm/e2e.test ./e2e
go test -c -o build/vm/hw.test ./engine/devices/hw
run() { # run TEST-BINARY PATTERN
	scripts/vm-run.sh -t "${VM_LIMIT:-1500}" -o "$PWD/artifacts" -e FOYER_VM=1 -e FOYER_BIN="$PWD/build/vm/foyer" \
		-e FOYER_ARTIFACTS="$PWD/artifacts" -- "$PWD/build/vm/$1" -test.v -test.timeout 20m -test.run "$2"
}
run hw.test VM
run e2e.test TestEveryWayOutFreesTheCamera

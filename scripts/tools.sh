#!/usr/bin/env bash
# tools.sh DIR: builds the pinned linter into DIR, once.
set -euo pipefail
dir=${1:?usage: tools.sh DIR}
version=v2.12.2
stamp=$dir/golangci-lint-$version
[ -x "$dir/golangci-lint" ] && [ -e "$stamp" ] && exit
mkdir -p "$dir"
echo "tools: building golangci-lint $version" >&2
# Without our flags: the linter needs no race detector.
GOFLAGS='' GOBIN=$(cd "$dir" && pwd) "${GO:-go}" install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
rm -f "$dir"/golangci-lint-v*
touch "$stamp"

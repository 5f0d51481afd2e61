#!/usr/bin/env bash
# lint.sh LINTER: runs the linter over the tree, in one folder for every clone.
# golangci-lint keeps findings by the content of a package and with the absolute
# path at which it saw them: one that comes from a clone that is gone has lost its
# nolint comment and is reported. A cache for each clone would take seven minutes.
set -euo pipefail
linter=$(realpath "${1:?usage: lint.sh LINTER}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/foyer-lint
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
rm -rf "$cache/tree"
mkdir "$cache/tree"
git ls-files -co --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory="$cache/tree"
cd "$cache/tree"
GOLANGCI_LINT_CACHE=$cache/findings "$linter" run ./...

#!/usr/bin/env bash
# fuzz.sh [TIME [PATTERN]]: runs every fuzz target whose file or name matches for TIME
# (20s if not given). The smallest inputs that reached new code are kept in
# testdata/fuzz, where go test runs them each time. Go keeps one that fails there itself.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}
keep=24 # inputs per target
most=2048 # bytes of one of them
cache=$(go env GOCACHE)/fuzz
failed=()
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	echo "== $target in $dir"
	if ! nice -n 10 go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$dir" | grep -v '^fuzz: elapsed'; then
		failed+=("$dir $target")
	fi
	found=$cache/$(go list -f '{{.ImportPath}}' "./$dir")/$target
	[ -d "$found" ] || continue
	into=$dir/testdata/fuzz/$target
	mkdir -p "$into"
	# The smallest ones say most; names are hashes of the content.
	find "$found" -type f -size -"$most"c -printf '%s %p\n' | sort -n | head -n "$keep" | cut -d' ' -f2- |
		xargs -r cp -t "$into"
done < <(git grep -oE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | sed 's/:func /:/' | grep -E "${2:-.}" | sort)
if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed: %s\n' "${failed[@]}"
	exit 1
fi

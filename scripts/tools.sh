#!/usr/bin/env bash
# tools.sh DIR [TOOL...]: builds pinned tools into DIR, each once: golangci-lint
# unless others are named; fyne, of the version that go.mod has of the library; nfpm.
set -euo pipefail
dir=${1:?usage: tools.sh DIR [TOOL...]}
shift
go=${GO:-go}

tool() { # tool NAME VERSION MODULE/PATH
	local name=$1 version=$2 from=$3 stamp=$dir/$1-$2
	[ -x "$dir/$name" ] && [ -e "$stamp" ] && return
	mkdir -p "$dir"
	echo "tools: building $name $version" >&2
	# Without our flags: a tool needs no race detector.
	GOFLAGS='' GOOS='' GOARCH='' CC='' GOBIN=$(cd "$dir" && pwd) "$go" install "$from@$version"
	rm -f "$dir/$name"-v*
	touch "$stamp"
}

for name in "${@:-golangci-lint}"; do
	case $name in
	golangci-lint) tool golangci-lint v2.12.2 github.com/golangci/golangci-lint/v2/cmd/golangci-lint ;;
	fyne) tool fyne "$("$go" list -m -f '{{.Version}}' fyne.io/fyne/v2)" fyne.io/fyne/v2/cmd/fyne ;;
	nfpm) tool nfpm v2.43.0 github.com/goreleaser/nfpm/v2/cmd/nfpm ;;
	*) echo "tools: there is no $name here" >&2; exit 2 ;;
	esac
done

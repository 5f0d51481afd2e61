#!/usr/bin/env bash
# container.sh: builds the room server and an image of it, foyer:VERSION and
# foyer:latest, with podman, docker or buildah. Only "context" as the argument: build
# nothing but the folder that the image is made of, build/container.
# FOYER_BASE is another image of Debian 12 to begin with.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
version=${VERSION:-0.1.0-dev}
context=build/container
mkdir -p "$context"
# The codecs are linked statically, wherever this is called from: the image has none.
scripts/pkgconfig.sh build/pkgconfig
export PKG_CONFIG_PATH=$PWD/build/pkgconfig
# Fyne's tag ci leaves OpenGL out, which a server has no use for.
GOFLAGS=-buildvcs=false "$go" build -trimpath -tags migrated_fynedo,ci,release \
	-ldflags "-s -w -X foyer/app.Version=$version" -o "$context/foyer" .
scripts/check-binary.sh "$context/foyer"
cp packaging/Containerfile "$context/"
[ "${1:-}" = context ] && exit

tag=$(printf '%s' "$version" | tr -c 'A-Za-z0-9_.-' -)
arguments=(--file "$context/Containerfile" --tag "foyer:$tag" --tag foyer:latest)
[ -z "${FOYER_BASE:-}" ] || arguments+=(--build-arg "BASE=$FOYER_BASE")
# Health checks are not part of the OCI's format.
if command -v podman >/dev/null; then
	podman build --format docker "${arguments[@]}" "$context"
elif command -v docker >/dev/null; then
	docker build "${arguments[@]}" "$context"
elif command -v buildah >/dev/null; then
	buildah build --format docker "${arguments[@]}" "$context"
else
	echo "container: podman, docker or buildah is needed" >&2
	exit 1
fi

# cross.sh: Go for Windows, on Linux. Part of package-windows.sh and test-windows.sh, which
# are in the root of the repository.
# shellcheck shell=bash

go=${GO:-go}
cross=x86_64-w64-mingw32
codecs=$PWD/build/windows

# windows_go COMMAND ARGUMENT...: with the flags of what people get, so that everything is
# compiled once.
windows_go() {
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=$cross-gcc-posix CXX=$cross-g++-posix AR=$cross-ar \
		PKG_CONFIG_LIBDIR=$codecs/pkgconfig PKG_CONFIG_PATH='' GOFLAGS=-buildvcs=false \
		"$go" "$1" -trimpath -tags migrated_fynedo,release "${@:2}"
}

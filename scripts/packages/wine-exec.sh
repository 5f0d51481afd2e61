#!/bin/sh
# wine-exec.sh PROGRAM ARGUMENT...: for go test -exec.
exec wine "$@"

#!/usr/bin/env bash
# check-exe.sh FILE: fails if a program for Windows needs a library that Windows does not have, opens a
# console, or lacks its icon, its version or its manifest.
set -euo pipefail
file=${1:?usage: check-exe.sh FILE}
objdump=x86_64-w64-mingw32-objdump
fail() { echo "check-exe: $file $*" >&2; exit 1; }

head=$("$objdump" -p "$file") # grep -q ends a pipe that objdump still writes to
ours=$(sed -n 's/^\tDLL Name: //p' <<<"$head" | tr '[:upper:]' '[:lower:]' | sort -u |
	grep -vxE '(kernel32|user32|gdi32|shell32|ole32|oleaut32|opengl32|msvcrt|winmm|quartz|advapi32|ws2_32|imm32|version)\.dll|api-ms-win-.*' || true)
[ -z "$ours" ] || fail "needs" $ours
grep -q '^Subsystem.*(Windows GUI)' <<<"$head" || fail "opens a console"
for name in longPathAware PerMonitorV2; do
	LC_ALL=C grep -qa "$name" "$file" || fail "has no $name in its manifest"
done
# Strings of a version are UTF-16.
LC_ALL=C grep -qaP 'P\x00r\x00o\x00d\x00u\x00c\x00t\x00V\x00e\x00r\x00s\x00i\x00o\x00n\x00' "$file" || fail "has no version"
grep -qi 'GLFW_ICON' <<<"$head" || LC_ALL=C grep -qaP 'G\x00L\x00F\x00W\x00_\x00I\x00C\x00O\x00N\x00' "$file" || fail "has no icon"

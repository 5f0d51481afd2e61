#!/bin/bash
# Runs a command in a throw-away virtual machine that has a real V4L2 camera.
#
#   scripts/vm-run.sh [options] -- COMMAND [ARG...]
#
# Containers and build machines have no camera and may not load kernel modules.
# This boots Debian's stock kernel in QEMU (software emulation, so it needs no
# rights and runs anywhere, about 15 s) and loads vivid, the kernel's own test
# camera, as /dev/video0. COMMAND runs there as root, in the copy of the current
# folder: the guest sees this computer's files read-only, what it writes is
# forgotten. Output and exit status come back.
#
# It is slow: use it to test how devices are released and which errors there are,
# never how fast frames come.
#
#   -o DIR   a folder that the guest may write to, under the same name
#   -t SEC   limit (300)            -m MB    memory (2048)       -c N   processors (2)
#   -v OPTS  options for vivid      -s       a sound card as well (snd-aloop)
#   -x       Xvfb on :99 as well    -e K=V   environment of COMMAND (repeatable)
#   -n       no camera              -k       the kernel's messages on stderr
#
# Exit status: that of COMMAND, 124 after the limit, 125 if there was no machine.
# The kernel comes from Debian's package (apt-get download) and is kept in
# VM_CACHE (~/.cache/foyer-vm).
set -uo pipefail

cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/foyer-vm}
limit=300 memory=2048 processors=2 share= sound=0 display=0 console=0
camera="n_devs=1 node_types=0x1 num_inputs=1 input_types=0"
environment=()

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
die() { echo "vm-run: $*" >&2; exit 125; }

while [ $# -gt 0 ]; do
	case $1 in
	-o) share=$(realpath "$2") || exit 2; shift 2 ;;
	-t) limit=$2; shift 2 ;;
	-m) memory=$2; shift 2 ;;
	-c) processors=$2; shift 2 ;;
	-v) camera=$2; shift 2 ;;
	-e) environment+=("$2"); shift 2 ;;
	-s) sound=1; shift ;;
	-x) display=1; shift ;;
	-n) camera=none; shift ;;
	-k) console=1; shift ;;
	--) shift; break ;;
	-*) usage ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || usage
command -v qemu-system-x86_64 >/dev/null || die "needs qemu: apt-get install qemu-system-x86"

# guest_init prints the first program of the guest. It joins the host's files
# (read-only) with memory, so that the job can write, and runs the job there.
guest_init() {
	cat <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc p /proc
mount -t sysfs s /sys
mount -t devtmpfs d /dev
for m in virtio_pci 9pnet_virtio 9p overlay virtio_console; do modprobe $m; done
grep -q vm.sound=1 /proc/cmdline && modprobe snd-aloop
share=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o $share,cache=loose,ro host /host || poweroff -f
mount -t 9p -o $share,cache=none ctl /ctl
[ "$(cat /ctl/camera)" = none ] || modprobe vivid $(cat /ctl/camera)
mkdir -p /mnt
mount -t tmpfs -o size=70% t /mnt
mkdir -p /mnt/upper /mnt/work
mount -t overlay -o lowerdir=/host,upperdir=/mnt/upper,workdir=/mnt/work o /new
mkdir -p /new/dev /new/proc /new/sys /new/run /new/tmp
mount --move /dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm
ln -s /proc/self/fd /new/dev/fd
mount -t devpts p /new/dev/pts
mount -t tmpfs s /new/dev/shm
mount -t proc p /new/proc
mount -t sysfs s /new/sys
mount -t tmpfs r /new/run
rm -rf /new/tmp/.X*-lock /new/tmp/.X11-unix
mkdir -p -m1777 /new/tmp/.X11-unix
ip link set lo up
hostname vm
mkdir -p /new/run/ctl
mount --move /ctl /new/run/ctl
out=$(cat /new/run/ctl/share)
if [ -n "$out" ]; then
	mkdir -p "/new$out"
	mount -t 9p -o $share,cache=none,rw out "/new$out"
fi
for p in /sys/class/virtio-ports/*; do
	case $(cat $p/name) in
	vm.out) stdout=${p##*/} ;;
	vm.err) stderr=${p##*/} ;;
	esac
done
chroot /new /bin/bash /run/ctl/job </new/dev/null >/new/dev/$stdout 2>/new/dev/$stderr
echo $? >/new/run/ctl/status.tmp
mv /new/run/ctl/status.tmp /new/run/ctl/status
sync
poweroff -f
INIT
}

# build makes kernel and initramfs in the cache.
build() {
	local image version modules files work=$cache/build root=$cache/build/root
	rm -rf "$work"
	mkdir -p "$cache/debs" "$work" || return 1
	kernel_package() { apt-cache depends linux-image-amd64 | awk '/Depends:/ { print $2; exit }'; }
	image=$(kernel_package)
	if [ -z "$image" ]; then
		apt-get update -q >&2
		image=$(kernel_package)
	fi
	(cd "$cache/debs" && { ls "$image"_*.deb busybox-static_*.deb kmod_*.deb >/dev/null 2>&1 ||
		apt-get -q download "$image" busybox-static kmod >&2; }) || return 1
	mkdir "$work/kernel" "$work/busybox" "$work/kmod"
	dpkg-deb --fsys-tarfile "$cache"/debs/"$image"_*.deb | tar -x -C "$work/kernel" --wildcards \
		'./boot/vmlinuz*' './lib/modules/*/modules.*' '*/drivers/virtio/*' '*/drivers/char/*' '*/kernel/fs/*' \
		'*/kernel/net/9p/*' '*/kernel/lib/*' '*/drivers/media/*' '*/kernel/sound/*' '*/crypto/*' || return 1
	dpkg-deb -x "$cache"/debs/busybox-static_*.deb "$work/busybox" || return 1
	dpkg-deb -x "$cache"/debs/kmod_*.deb "$work/kmod" || return 1
	version=${image#linux-image-}
	modules=$work/kmod/bin/kmod
	(exec -a depmod "$modules" -b "$work/kernel" "$version") || return 1

	mkdir -p "$root"/{bin,proc,sys,dev,host,ctl,new,"lib/modules/$version"}
	cp "$work/busybox/bin/busybox" "$root/bin/"
	files=$(for m in virtio_pci 9pnet_virtio 9p overlay virtio_console vivid snd-aloop; do
		(exec -a modprobe "$modules" -d "$work/kernel" -S "$version" --show-depends $m 2>/dev/null) | awk '/^insmod/ { print $2 }'
	done | sort -u)
	for f in $files; do
		install -D -m644 "$f" "$root/${f#"$work/kernel/"}" || return 1
	done
	(exec -a depmod "$modules" -b "$root" "$version") 2>/dev/null
	cp "$work/kernel/boot/vmlinuz-$version" "$cache/vmlinuz" || return 1
	guest_init >"$root/init" && chmod +x "$root/init"
	(cd "$root" && find . | ./bin/busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$cache/initrd.gz") || return 1
	rm -rf "$work"
	sha256sum <"$0" >"$cache/built-by"
}

built() { [ "$(cat "$cache/built-by" 2>/dev/null)" = "$(sha256sum <"$0")" ]; }

if ! built; then
	mkdir -p "$(dirname "$cache")"
	(flock 9 && { built || build; }) 9>"$cache.lock" || die "cannot prepare the machine"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/vm-run.XXXXXX") || die "no temporary folder"
qemu=
trap '[ -n "$qemu" ] && kill -9 $qemu 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
ctl=$work/ctl
mkdir "$ctl"
echo "$camera" >"$ctl/camera"
echo "$share" >"$ctl/share"
{
	printf 'export PATH=%q HOME=%q LANG=C.UTF-8 IN_VM=1\n' "$PATH" "$HOME"
	for e in ${environment[@]+"${environment[@]}"}; do printf 'export %q\n' "$e"; done
	printf 'cd %q || cd /\n' "$PWD"
	if [ $display = 1 ]; then
		echo 'exec 9< <(exec Xvfb :99 -displayfd 1 -screen 0 1280x800x24 -noreset -nolisten tcp 2>/dev/null)'
		echo 'read -r -u 9 && export DISPLAY=:99'
	fi
	printf '%q ' "$@"
	echo
} >"$ctl/job"

# Nehalem: with more, llvmpipe's code generator fails under software emulation.
arguments=(-accel tcg,thread=multi,tb-size=512 -cpu Nehalem -M pc -m "$memory" -smp "$processors"
	-nodefaults -no-user-config -display none -no-reboot
	-kernel "$cache/vmlinuz" -initrd "$cache/initrd.gz"
	-append "console=ttyS0 panic=-1 mitigations=off nokaslr audit=0 random.trust_cpu=on vm.sound=$sound $([ $console = 1 ] || echo quiet)"
	-device virtio-rng-pci
	-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap
	-device virtio-9p-pci,fsdev=host,mount_tag=host
	-fsdev "local,id=ctl,path=$ctl,security_model=none" -device virtio-9p-pci,fsdev=ctl,mount_tag=ctl
	-device virtio-serial-pci
	-chardev file,id=out,path=/dev/fd/3,append=on -device virtserialport,chardev=out,name=vm.out
	-chardev file,id=err,path=/dev/fd/4,append=on -device virtserialport,chardev=err,name=vm.err)
if [ -n "$share" ]; then
	arguments+=(-fsdev "local,id=share,path=$share,security_model=none" -device virtio-9p-pci,fsdev=share,mount_tag=out)
fi
if [ $console = 1 ]; then
	arguments+=(-chardev file,id=console,path=/dev/fd/4,append=on -serial chardev:console)
else
	arguments+=(-serial "file:$work/console")
fi

exec 5>&1 6>&2
{ qemu-system-x86_64 "${arguments[@]}" 3> >(cat >&5) 4> >(cat >&6) & } 2>/dev/null
qemu=$!
( sleep "$limit" && touch "$work/late" && kill -9 $qemu ) >/dev/null 2>&1 5>&- 6>&- &
watchdog=$!
wait $qemu 2>/dev/null
qemu=
pkill -P $watchdog 2>/dev/null
kill $watchdog 2>/dev/null
wait $watchdog 2>/dev/null

if [ -f "$ctl/status" ]; then
	exit "$(cat "$ctl/status")"
elif [ -f "$work/late" ]; then
	echo "vm-run: stopped after ${limit} s" >&2
	exit 124
fi
tail -20 "$work/console" >&2 2>/dev/null
die "the machine ended without an answer"

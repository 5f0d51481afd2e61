package hw

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From linux/videodev2.h.
const (
	vidiocQuerycap        = 0x80685600
	v4l2CapVideoCapture   = 0x00000001
	v4l2CapDeviceCaps     = 0x80000000
	capabilityCardOffset  = 16
	capabilityCardLength  = 32
	capabilityCapsOffset  = 84
	capabilityOwnOffset   = 88
	capabilityTotalLength = 104
)

// nodes knows the files of this computer's cameras. A camera has several, of which
// one has its frames: which one that is, udev has asked when it was plugged in. Where
// there is no udev we ask once.
type nodes struct {
	dev, sys, udev string // folders
	// query asks an open file; it is a test's.
	query func(path string) (cameraFile, error)

	known map[string]knownNode // by the file's name
}

func newNodes() *nodes {
	return &nodes{dev: "/dev", sys: "/sys/class/video4linux", udev: "/run/udev/data", query: queryNode}
}

// cameraNode is a camera.
type cameraNode struct {
	id   string // its name in /dev/v4l/by-id, else in by-path, else that of its file
	file string
	name string
}

// cameraFile is what a file says of itself.
type cameraFile struct {
	card     string
	captures bool
}

// knownNode is what was found out about a file, as long as it is that file: one that
// is plugged in again, or that we may open now, is another one.
type knownNode struct {
	stamp string
	cameraFile
}

// list lists the cameras in the order in which mediadevices has them: the first file
// comes first, then by their IDs.
func (n *nodes) list() []cameraNode {
	var list []cameraNode
	known := map[string]knownNode{}
	seen := map[string]bool{}
	for _, pattern := range []string{"v4l/by-id/*", "v4l/by-path/*", "video*"} {
		paths, _ := filepath.Glob(filepath.Join(n.dev, pattern)) // the pattern is good
		for _, path := range paths {
			file := filepath.Base(path)
			if target, err := os.Readlink(path); err == nil {
				file = filepath.Base(target)
			}
			if seen[file] {
				continue
			}
			seen[file] = true
			k, ok := n.look(file)
			if ok {
				known[file] = k
			}
			if ok && k.captures {
				id := filepath.Base(path)
				list = append(list, cameraNode{id: id, file: file, name: cmp.Or(strings.TrimSpace(k.card), n.label(file), id)})
			}
		}
	}
	n.known = known
	slices.SortFunc(list, func(a, b cameraNode) int {
		if first := "video0"; (a.file == first) != (b.file == first) {
			return map[bool]int{true: -1, false: 1}[a.file == first]
		}
		return cmp.Compare(a.id, b.id)
	})
	return list
}

// file is the file of a camera now.
func (n *nodes) file(id string) (file string, known bool) {
	for _, c := range n.list() {
		if c.id == id {
			return c.file, true
		}
	}
	return "", false
}

// look finds out what a file is, unless that is known. A file that cannot be asked is
// asked again the next time, and is no camera until then.
func (n *nodes) look(file string) (k knownNode, ok bool) {
	path := filepath.Join(n.dev, file)
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return knownNode{}, false
	}
	stamp := fmt.Sprint(s.Ino, s.Rdev, s.Ctim.Nano())
	if k, ok := n.known[file]; ok && k.stamp == stamp {
		return k, true
	}
	k.stamp = stamp
	if k.cameraFile, ok = n.ask(s.Rdev); ok {
		return k, true
	}
	var err error
	switch k.cameraFile, err = n.query(path); {
	case err == nil:
		return k, true
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.EBUSY):
		// It stays in the list, so that choosing it says why it cannot be opened.
		k.captures = true
		return k, true
	default:
		return knownNode{}, false
	}
}

// label is the kernel's name of a camera.
func (n *nodes) label(file string) string {
	name, err := os.ReadFile(filepath.Join(n.sys, file, "name"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

// ask looks up what udev knows of a device.
func (n *nodes) ask(device uint64) (f cameraFile, ok bool) {
	path := filepath.Join(n.udev, fmt.Sprintf("c%d:%d", unix.Major(device), unix.Minor(device)))
	data, err := os.Open(path)
	if err != nil {
		return cameraFile{}, false
	}
	defer func() { _ = data.Close() }()
	lines := bufio.NewScanner(data)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		switch key {
		case "E:ID_V4L_CAPABILITIES":
			f.captures, ok = strings.Contains(value, ":capture:"), true
		case "E:ID_V4L_PRODUCT":
			f.card = value
		}
	}
	return f, ok
}

// queryNode opens a file and asks its driver.
func queryNode(path string) (cameraFile, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return cameraFile{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	var c [capabilityTotalLength]byte
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), vidiocQuerycap, uintptr(unsafe.Pointer(&c))); errno != 0 {
		return cameraFile{}, errno
	}
	caps := *(*uint32)(unsafe.Pointer(&c[capabilityCapsOffset]))
	if caps&v4l2CapDeviceCaps != 0 {
		caps = *(*uint32)(unsafe.Pointer(&c[capabilityOwnOffset]))
	}
	card, _, _ := strings.Cut(string(c[capabilityCardOffset:capabilityCardOffset+capabilityCardLength]), "\x00")
	return cameraFile{card: card, captures: caps&v4l2CapVideoCapture != 0}, nil
}

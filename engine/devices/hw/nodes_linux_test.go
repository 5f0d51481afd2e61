package hw

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// shelf is a computer with cameras, whose files are asked by the test.
type shelf struct {
	*nodes
	t     *testing.T
	asked []string // files, since the last look
	says  map[string]cameraFile
	fails map[string]error
}

func newShelf(t *testing.T) *shelf {
	root := t.TempDir()
	s := &shelf{t: t, says: map[string]cameraFile{}, fails: map[string]error{}}
	s.nodes = &nodes{
		dev: filepath.Join(root, "dev"), sys: filepath.Join(root, "sys"), udev: filepath.Join(root, "udev"),
		query: func(path string) (cameraFile, error) {
			file := filepath.Base(path)
			s.asked = append(s.asked, file)
			return s.says[file], s.fails[file]
		},
	}
	return s
}

func (s *shelf) write(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// plug adds a file that says that of itself.
func (s *shelf) plug(file string, says cameraFile) {
	s.t.Helper()
	s.says[file] = says
	s.write(filepath.Join(s.dev, file), "")
}

func (s *shelf) unplug(file string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dev, file)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) link(folder, name, file string) {
	s.t.Helper()
	dir := filepath.Join(s.dev, "v4l", folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink("../../"+file, filepath.Join(dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// want lists the cameras as "id name", and the files that were asked for it.
func (s *shelf) want(when string, cameras, asked []string) {
	s.t.Helper()
	s.asked = nil
	var got []string
	for _, c := range s.list() {
		got = append(got, c.id+" "+c.name)
	}
	if !slices.Equal(got, cameras) || !slices.Equal(s.asked, asked) {
		s.t.Errorf("%s: %q, asked %q; want %q, asked %q", when, got, s.asked, cameras, asked)
	}
}

// A camera's file is opened once, when it is new: not again while somebody chooses
// among the cameras, and not because another one was plugged in.
func TestCamerasAreOpenedOnce(t *testing.T) {
	s := newShelf(t)
	s.want("nothing there", nil, nil)
	s.plug("video1", cameraFile{card: "Webcam"})
	s.plug("video0", cameraFile{card: "Webcam", captures: true})
	s.link("by-id", "usb-webcam-index0", "video0")
	s.link("by-id", "usb-webcam-index1", "video1")
	s.link("by-path", "pci-index0", "video0")
	webcam := []string{"usb-webcam-index0 Webcam"}
	s.want("plugged in", webcam, []string{"video0", "video1"})
	s.want("again", webcam, nil)
	s.plug("video2", cameraFile{card: "Another", captures: true})
	both := []string{"usb-webcam-index0 Webcam", "video2 Another"}
	s.want("another one", both, []string{"video2"})
	s.want("again", both, nil)
	if file, ok := s.file("usb-webcam-index0"); !ok || file != "video0" {
		t.Errorf("its file is %q, %v", file, ok)
	}
	s.unplug("video2")
	s.want("unplugged", webcam, nil)
	s.plug("video2", cameraFile{card: "A third", captures: true})
	s.want("another in its place", []string{"usb-webcam-index0 Webcam", "video2 A third"}, []string{"video2"})
}

// A camera that we may not open, or that is busy, stays in the list by the kernel's name,
// and is left alone until something about it changes. What is broken is asked again.
func TestCamerasThatCannotBeOpened(t *testing.T) {
	s := newShelf(t)
	s.plug("video3", cameraFile{})
	s.write(filepath.Join(s.sys, "video3", "name"), "Kernel Cam\n")
	for _, err := range []error{unix.EACCES, unix.EPERM, unix.EBUSY} {
		s.fails["video3"] = err
		s.known = nil
		s.want(fmt.Sprint(err), []string{"video3 Kernel Cam"}, []string{"video3"})
		s.want(fmt.Sprint(err, " again"), []string{"video3 Kernel Cam"}, nil)
	}
	delete(s.fails, "video3")
	s.says["video3"] = cameraFile{card: "Real name", captures: true}
	if err := os.Chmod(filepath.Join(s.dev, "video3"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.want("we may open it now", []string{"video3 Real name"}, []string{"video3"})
	s.plug("video4", cameraFile{captures: true})
	s.fails["video4"] = unix.EIO
	s.want("a broken one", []string{"video3 Real name"}, []string{"video4"})
	delete(s.fails, "video4")
	s.want("mended", []string{"video3 Real name", "video4 video4"}, []string{"video4"})
}

// Where udev has asked a camera, nobody opens it to list it.
func TestCamerasThatUdevKnows(t *testing.T) {
	s := newShelf(t)
	s.plug("video0", cameraFile{})
	s.write(filepath.Join(s.udev, "c0:0"), "S:v4l/by-id/x\nE:ID_V4L_PRODUCT=Integrated Camera\nE:ID_V4L_CAPABILITIES=:capture:\n")
	s.want("known to udev", []string{"video0 Integrated Camera"}, nil)
	s.known = nil
	s.write(filepath.Join(s.udev, "c0:0"), "E:ID_V4L_CAPABILITIES=:\n")
	s.want("metadata", nil, nil)
}

// A file that is no camera at all is no camera, and is closed again.
func TestQueryNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video0")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := queryNode(path); err == nil {
		t.Errorf("an empty file is %+v", f)
	}
	if isOpen(path) {
		t.Error("it is still open")
	}
}

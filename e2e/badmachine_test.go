//go:build linux

package e2e

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// nobody is the user that owns nothing (Debian, Fedora and Arch agree on it).
const nobody = 65534

// ownRace keeps the race detector from reading our list of suppressions, which
// nobody may not.
const ownRace = "GORACE="

// asNobody is the program as run by somebody without rights, because root may
// read everything; a user who is not root already is that somebody.
func asNobody(t *testing.T) drive.Foyer {
	t.Helper()
	f := testenv.Foyer(t)
	if os.Geteuid() != 0 {
		return f
	}
	home, err := os.MkdirTemp("", "foyer-nobody-") //nolint:usetesting // only its owner may go through t.TempDir
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	must(t, os.Chown(home, nobody, nobody))
	f.Bin, f.Work, f.UID = copyProgram(t, f.Bin, home), home, nobody
	return f
}

func copyProgram(t *testing.T, program, dir string) string {
	t.Helper()
	from, err := os.Open(program)
	must(t, err)
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "foyer"), os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(to, from)
	must(t, err)
	must(t, to.Close())
	return to.Name()
}

// reachable is a folder within f's reach that is not f's own.
func reachable(t *testing.T, f drive.Foyer) string {
	t.Helper()
	dir := filepath.Join(f.Work, "not-yours")
	must(t, os.Mkdir(dir, 0o755))
	return dir
}

// A device that cannot be had is said, and the stay goes on. A camera that
// another program has needs a device of the kernel's: the tests of
// engine/devices/hw in a virtual machine (make vm-test) have that case.
func TestDevicesThatCannotBeHad(t *testing.T) {
	f := asNobody(t)
	server := testenv.Serve(t, testenv.Foyer(t), drive.ServeOptions{})
	link := server.Invite("devices")
	dir := reachable(t, f)
	garbage, forbidden := filepath.Join(dir, "garbage.ivf"), filepath.Join(dir, "forbidden.y4m")
	must(t, os.WriteFile(garbage, []byte("DKIF but not really"), 0o644))
	must(t, os.Rename(writeY4M(t, 32, 32, 2), forbidden))
	must(t, os.Chmod(forbidden, 0))
	silent := []string{"PULSE_SERVER=unix:/nonexistent", "XDG_RUNTIME_DIR=" + dir, "DISPLAY=", ownRace}
	for _, c := range []struct {
		name, source, device string
		want                 error
	}{
		{"no such camera", "camera", "Nikon D1", call.ErrDeviceMissing},
		{"no such file", "camera", "/nonexistent/film.ivf", call.ErrFileMissing},
		{"a damaged file", "camera", garbage, call.ErrFileUnreadable},
		{"a forbidden file", "camera", forbidden, call.ErrFileForbidden},
		{"no such sound file", "microphone", "/nonexistent/voice.wav", call.ErrFileMissing},
		{"no sound server", "microphone", "default", call.ErrNoSoundServer},
		{"no display", "screen", "default", call.ErrDeviceMissing},
		{"no such source", "smell", "default", call.ErrBadArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			profile := filepath.Join(f.Work, "profile of "+c.name)
			p := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", Profile: profile, Env: silent})
			p.Await("joined")
			p.Say(map[string]any{"cmd": "publish", "source": c.source, "device": c.device})
			failed := p.Await("command_failed")
			if failed.Text("command") != "publish" {
				t.Errorf("it says %s", failed.Raw)
			}
			says(t, failed.Text("error"), deviceSentence(c.source, c.device, c.want))
			p.Say(map[string]any{"cmd": "leave"})
			if left := p.Await("left"); left.Text("reason") != "left" {
				t.Errorf("the stay did not go on: %s", left.Raw)
			}
			if status := p.Ended(); status != 0 {
				t.Errorf("status %d, want 0", status)
			}
		})
	}
}

// deviceSentence is what must be said of a device that could not be published.
func deviceSentence(source, device string, err error) string {
	s, unknown := call.ParseSource(source)
	if unknown != nil {
		return words.Error(err).String()
	}
	if device == "default" {
		device = ""
	}
	err = &call.DeviceError{Source: s, Device: device, Err: err}
	return words.Command(call.CommandFailed{Command: "publish", Source: s, Err: err}).String()
}

// A server that cannot begin says why in a sentence, with status 1. What takes no
// rights is in the scripts of app.
func TestServeThatCannotBegin(t *testing.T) {
	t.Parallel()
	t.Run("a full disk", func(t *testing.T) {
		serveFails(t, testenv.Foyer(t), fullDisk(t), call.ErrDataFull, "space")
	})
	t.Run("a data folder of somebody else", func(t *testing.T) {
		theirs := asNobody(t)
		folder := reachable(t, theirs)
		if theirs.UID != 0 {
			must(t, os.Chmod(folder, 0o700))
		} else {
			must(t, os.Chmod(folder, 0)) // our own: not even for us
		}
		serveFails(t, theirs, folder, call.ErrDataFolder, folder)
	})
}

func serveFails(t *testing.T, f drive.Foyer, data string, want error, word string) {
	t.Helper()
	stdout, stderr := runFails(t, f, 1, "serve", "--listen", "127.0.0.1:0", "--data", data)
	if stdout != "" {
		t.Errorf("stdout %q, want nothing", stdout)
	}
	says(t, stderr, words.Error(want).String())
	says(t, stderr, word)
}

// fullDisk is a folder on a file system without room for anything.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k,mode=0700"); err != nil {
		t.Skipf("a full disk has to be mounted; runs as root: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	must(t, os.WriteFile(filepath.Join(dir, "full"), make([]byte, 4096), 0o600))
	return dir
}

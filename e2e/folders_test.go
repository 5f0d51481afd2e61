//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// commandLines are the command lines of all processes, as every user sees them.
func commandLines(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	lines := map[string]string{}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // else it has ended
			lines[filepath.Base(filepath.Dir(file))] = strings.ReplaceAll(string(text), "\x00", " ")
		}
	}
	return lines
}

// A profile or data folder that others can get at is refused, by name and with
// what to do, and nothing is written there.
func TestFoldersOfOthers(t *testing.T) {
	f := testenv.Foyer(t)
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string) (path string)
		err     error
	}{
		"somebody else's": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "theirs")
			must(t, os.Mkdir(path, 0o755))
			giveAway(t, path)
			return path
		}, call.ErrFolderForeign},
		"made by somebody else below a folder for all": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "foyer")
			must(t, os.Mkdir(path, 0o777))
			must(t, os.Chmod(dir, 0o777|os.ModeSticky))
			giveAway(t, path)
			return filepath.Join(path, "data")
		}, call.ErrFolderForeign},
		"somebody else's link": {func(t *testing.T, dir string) string {
			must(t, os.Mkdir(filepath.Join(dir, "ours"), 0o700))
			must(t, os.Symlink("ours", filepath.Join(dir, "link")))
			must(t, os.Chmod(dir, 0o777|os.ModeSticky))
			giveAway(t, filepath.Join(dir, "link"))
			return filepath.Join(dir, "link")
		}, call.ErrFolderLink},
		"open to a group": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "group")
			must(t, os.Mkdir(path, 0o700))
			must(t, os.Chmod(path, 0o770))
			return path
		}, call.ErrFolderOpen},
		"in a folder open to all": {func(t *testing.T, dir string) string {
			must(t, os.Chmod(dir, 0o777))
			return filepath.Join(dir, "new")
		}, call.ErrFolderOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := c.prepare(t, dir)
			before := everything(t, dir)
			_, data := runFails(t, f, 1, "serve", "--listen", "127.0.0.1:0", "--data", path)
			_, profile := runFails(t, f, 1, "join", noLink, "--name", "Ada", "--profile", path)
			for _, said := range []string{data, profile} {
				says(t, said, words.Error(c.err).Next)
				says(t, said, dir)
			}
			if after := everything(t, dir); after != before {
				t.Errorf("something was made there:\n%s\nwas\n%s", after, before)
			}
		})
	}
}

// noLink leads nowhere.
const noLink = "ws://127.0.0.1:1/?token=e30.eyJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIiwidmlkZW8iOnsicm9vbSI6InIifX0.c2ln"

func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away; runs as root")
	}
	must(t, os.Lchown(path, nobody, nobody))
}

func everything(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			all = append(all, path+" "+info.Mode().String()+" "+strconv.FormatInt(info.Size(), 10))
		}
		return err
	}))
	return strings.Join(all, "\n")
}

// What somebody once planted in a folder that is ours now is not written through.
func TestLinksPlantedInAFolder(t *testing.T) {
	f := testenv.Foyer(t)
	for _, name := range []string{"door.pem", "admin-key.json", "livekit-key.json", "foyer.db", "foyer.db-wal", "serve.lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planted(t, f, name, "serve", "--listen", "127.0.0.1:0", "--data")
		})
	}
	t.Run("profile's key", func(t *testing.T) {
		t.Parallel()
		planted(t, f, "key", "join", noLink, "--name", "Ada", "--profile")
	})
}

// planted runs a command whose last argument is a folder with a link in it.
func planted(t *testing.T, f drive.Foyer, name string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	must(t, os.WriteFile(victim, []byte("dear"), 0o600))
	folder := filepath.Join(dir, "ours")
	must(t, os.Mkdir(folder, 0o700))
	must(t, os.Symlink(victim, filepath.Join(folder, name)))
	_, stderr := runFails(t, f, 1, append(args, folder)...)
	says(t, stderr, words.Error(call.ErrFileLink).Next)
	says(t, stderr, filepath.Join(folder, name))
	if text, err := os.ReadFile(victim); err != nil || string(text) != "dear" {
		t.Errorf("written through the link: %q, %v", text, err)
	}
}

// Whatever the umask is, files are their owner's alone; a key that others could
// read is closed to them, and the log names it.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	loose := f
	loose.Bin = script(t, `umask 000; exec "$0.real" "$@"`, f.Bin)
	server := testenv.Serve(t, loose, drive.ServeOptions{Data: filepath.Join(t.TempDir(), "new", "data")})
	profile := filepath.Join(t.TempDir(), "new", "profile")
	ada := testenv.Join(t, loose, drive.JoinOptions{Link: server.Invite("modes"), Name: "Ada", Profile: profile})
	ada.Await("joined")
	for _, dir := range []string{server.Drive.Data, profile, filepath.Dir(profile)} {
		must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		}))
	}
	ada.Say(map[string]any{"cmd": "leave"})
	ada.Ended()
	must(t, server.Signal(syscall.SIGTERM))
	server.Ended()

	for _, file := range []string{server.Drive.AdminKeyFile, filepath.Join(profile, "key")} {
		must(t, os.Chmod(file, 0o644))
	}
	again := testenv.Serve(t, f, drive.ServeOptions{Data: server.Drive.Data})
	back := testenv.Join(t, f, drive.JoinOptions{Link: again.Invite("modes"), Name: "Ada", Profile: profile})
	back.Await("joined")
	for file, log := range map[string]string{server.Drive.AdminKeyFile: again.Log, filepath.Join(profile, "key"): back.Log} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", file, info.Mode(), err)
		}
		text, err := os.ReadFile(log)
		must(t, err)
		says(t, string(text), file)
	}
}

// script is a shell script that runs a program as its own name and ".real".
func script(t *testing.T, text, program string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "foyer")
	must(t, os.Symlink(program, name+".real"))
	must(t, os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return name
}

// A data folder has one server. A second one says which process the first is, and
// changes nothing; after a crash of the first the next one starts at once.
func TestADataFolderHasOneServer(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("one")
	ada := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada"})
	ada.Await("joined")
	for range 2 {
		stdout, stderr := runFails(t, f, 1, "serve", "--listen", "127.0.0.1:0", "--data", server.Drive.Data)
		if stdout != "" {
			t.Errorf("stdout %q", stdout)
		}
		says(t, stderr, "process "+strconv.Itoa(server.PID))
		says(t, stderr, server.Drive.Data)
	}
	bob := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Bob"})
	bob.Await("joined")
	ada.Await("participant_joined")
	must(t, server.Signal(syscall.SIGKILL))
	server.Ended()
	testenv.Serve(t, f, drive.ServeOptions{Data: server.Drive.Data})
}

// A link is on no command line: it was given on stdin, where commands follow it, or in
// the environment, or it was erased.
func TestLinkOnStdin(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("stdin")
	p, err := drive.Start(drive.Command{
		Name: "join-stdin", Path: f.Bin, Logs: f.Work, Args: []string{"join", "-", "--name", "Ada", "--profile", t.TempDir()},
	})
	must(t, err)
	ada := testenv.Adopt(t, p)
	must(t, ada.SendLine(link))
	ada.Await("joined")
	ada.Say(map[string]any{"cmd": "chat", "text": "hello"})
	ada.Await("chat")
	bob, err := drive.Start(drive.Command{
		Name: "join-environment", Path: f.Bin, Logs: f.Work, Args: []string{"join", "--name", "Bob", "--profile", t.TempDir()}, Env: []string{"FOYER_LINK=" + link},
	})
	must(t, err)
	testenv.Adopt(t, bob)
	ada.Await("participant_joined")
	carl, err := drive.Start(drive.Command{ // as the desktop opens a link
		Name: "join-argument", Path: f.Bin, Logs: f.Work, Args: []string{"join", link, "--name", "Carl", "--profile", t.TempDir()},
	})
	must(t, err)
	testenv.Adopt(t, carl).Await("joined")
	for pid, line := range commandLines(t) {
		if strings.Contains(line, link) {
			t.Errorf("process %s shows the link: %s", pid, line)
		}
	}
	ada.Say(map[string]any{"cmd": "leave"})
	if status := ada.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}

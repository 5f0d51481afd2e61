//go:build linux

package attack_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/internal/attack"
	"foyer/internal/drive"
)

// localAttacks come from another user of the host's or the guest's computer, or
// from the computer itself.
func localAttacks() []attempt {
	return []attempt{
		{"a second server on the data", local, "split the room in two", secondServer},
		{"data folder behind a link", local, "let the server write elsewhere", linkedData},
		{"data folder of all", local, "own the keys: a folder that everybody can write to", openData},
		{"keys behind links", local, "let the server overwrite a file of its owner's", linkedKeys},
		{"profile of somebody else", local, "read or give the key of a guest", foreignProfile},
		{"256 descriptors", outsider, "keep everybody out with 400 half handshakes", fewDescriptors},
	}
}

// startLimit is how long a program may take to end that must not start.
const startLimit = 20 * time.Second

// serves starts a server that must refuse, and returns its sentence.
func (s *stage) serves(data string) (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	port, err := drive.FreePort()
	if err != nil {
		return "", err
	}
	stdout, stderr, status, err := s.foyer.Run(ctx, nil, "serve", "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "--data", data)
	return s.oneSentence(stdout, stderr, status, err)
}

// oneSentence is why a program did not start, without the folder of this test.
func (s *stage) oneSentence(stdout, stderr string, status int, err error) (string, error) {
	line := strings.ReplaceAll(strings.TrimSpace(stderr), s.foyer.Work, "...")
	switch {
	case strings.Contains(stdout, `"ready"`) || strings.Contains(stdout, `"joined"`):
		return "", reached("it works there")
	case err != nil:
		return "", err
	case status == 0 || line == "" || strings.Contains(line, "goroutine "):
		return "", reached("status %d: %.300q", status, stderr)
	}
	return fmt.Sprintf("status %d: %.120s", status, strings.ReplaceAll(strings.Split(line, "\n")[0], "|", "/")), nil
}

func secondServer(s *stage) (string, error) { return s.serves(s.server.Drive.Data) }

// workFolder is a folder of this attack's.
func (s *stage) workFolder() (string, error) {
	dir, err := os.MkdirTemp(s.foyer.Work, "local-")
	if err == nil {
		s.later(func() { _ = os.RemoveAll(dir) })
	}
	return dir, err
}

func linkedData(s *stage) (string, error) {
	dir, err := s.workFolder()
	if err != nil {
		return "", err
	}
	elsewhere, data := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "data")
	if err := errors.Join(os.Mkdir(elsewhere, 0o777), os.Chmod(elsewhere, 0o777), os.Symlink(elsewhere, data)); err != nil {
		return "", err
	}
	said, err := s.serves(data)
	if left, _ := os.ReadDir(elsewhere); err == nil && len(left) > 0 {
		return said, reached("%d files were written through the link", len(left))
	}
	return said, err
}

func openData(s *stage) (string, error) {
	dir, err := s.workFolder()
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.Mkdir(data, 0o777), os.Chmod(data, 0o777)); err != nil {
		return "", err
	}
	return s.serves(data)
}

// linkedKeys puts links where the server writes its keys, in a folder that is
// its own otherwise.
func linkedKeys(s *stage) (string, error) {
	dir, err := s.workFolder()
	if err != nil {
		return "", err
	}
	names, err := os.ReadDir(s.server.Drive.Data)
	if err != nil {
		return "", err
	}
	var said string
	for _, name := range names {
		if name.IsDir() || name.Name() == "port" { // a server that is told its port does not touch the last one
			continue
		}
		data, victim := filepath.Join(dir, "data-"+name.Name()), filepath.Join(dir, "victim-"+name.Name())
		const precious = "precious"
		if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(victim, []byte(precious), 0o600), os.Symlink(victim, filepath.Join(data, name.Name()))); err != nil {
			return "", err
		}
		said, err = s.serves(data)
		if text, _ := os.ReadFile(victim); string(text) != precious {
			return said, reached("%s was written through a link", name.Name())
		}
		if err != nil {
			return said, fmt.Errorf("%s: %w", name.Name(), err)
		}
	}
	return said, nil
}

// foreignProfile joins with profiles that somebody else made or can write to.
func foreignProfile(s *stage) (said string, err error) {
	dir, err := s.workFolder()
	if err != nil {
		return "", err
	}
	writable, linked := filepath.Join(dir, "writable"), filepath.Join(dir, "linked")
	elsewhere := filepath.Join(dir, "elsewhere")
	if err := errors.Join(os.Mkdir(writable, 0o777), os.Chmod(writable, 0o777), os.Mkdir(elsewhere, 0o777), os.Chmod(elsewhere, 0o777), os.Symlink(elsewhere, linked)); err != nil {
		return "", err
	}
	profiles := []string{writable, linked}
	if os.Getuid() == 0 {
		theirs := filepath.Join(dir, "theirs")
		const nobody = 65534
		if err := errors.Join(os.Mkdir(theirs, 0o700), os.Chown(theirs, nobody, nobody)); err != nil {
			return "", err
		}
		profiles = append(profiles, theirs)
	}
	for _, profile := range profiles {
		ctx, cancel := context.WithTimeout(s.ctx, startLimit)
		stdout, stderr, status, err := s.foyer.Run(ctx, nil, "join", s.links[call.RoleParticipant].String(), "--name", "Eve", "--profile", profile)
		cancel()
		if said, err = s.oneSentence(stdout, stderr, status, err); err != nil {
			return said, fmt.Errorf("%s: %w", filepath.Base(profile), err)
		}
	}
	return said, nil
}

// fewDescriptors has a server of its own, with the limit that desktops had for
// long.
func fewDescriptors(s *stage) (string, error) {
	few, err := s.limited(256)
	if err != nil {
		return "", err
	}
	server := attack.Door{URL: few.URL, From: s.door.From}
	s.door.URL = few.URL
	first := hello()
	all := s.hold(400, func() (net.Conn, error) {
		conn, err := server.Dial(s.ctx)
		if err == nil {
			_, err = conn.Write(first)
		}
		return conn, err
	})
	other := attack.Door{URL: few.URL}
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	a, err := other.Request(ctx, "GET", "/foyer/v1/health", "", nil)
	if err != nil || !a.In() {
		return "", reached("others are not answered while %d handshakes are open: %v %v", len(all), a, err)
	}
	return fmt.Sprintf("%d half handshakes, others are answered", len(all)), nil
}

// limited starts a server that may have so many descriptors, on every address.
func (s *stage) limited(descriptors uint64, args ...string) (*drive.Server, error) {
	// A child inherits the limit; the runtime raises a soft limit that Go has
	// lowered itself, not one of which it was born with.
	wrapped := filepath.Join(s.foyer.Work, "few")
	script := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n", descriptors, s.foyer.Bin)
	if err := os.WriteFile(wrapped, []byte(script), 0o700); err != nil {
		return nil, err
	}
	f := s.foyer
	f.Bin = wrapped
	server, err := f.Serve(s.ctx, drive.ServeOptions{Listen: ":0", Args: args})
	if err == nil {
		s.later(func() { server.Close(drive.CloseGrace) })
	}
	return server, err
}

//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// bareDisplay is an X server with other flags than usual.
func bareDisplay(t *testing.T, flags ...string) *drive.Display {
	t.Helper()
	d, err := drive.StartDisplay(t.Context(), false, flags...)
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

// A window that cannot come up says so in one sentence, names the ways without
// one and ends; it holds the profile no longer, opens nothing and takes no link.
func TestNoDisplay(t *testing.T) {
	f := testenv.Foyer(t)
	cookies := filepath.Join(t.TempDir(), "cookies")
	must(t, os.WriteFile(cookies, cookie(), 0o600))
	for name, env := range map[string]func(t *testing.T) []string{
		"no display":            func(*testing.T) []string { return []string{"DISPLAY="} },
		"a display of the past": func(*testing.T) []string { return []string{"DISPLAY=:4711"} },
		"a display without OpenGL": func(t *testing.T) []string {
			return bareDisplay(t, "-extension", "GLX").Env()
		},
		"a display that lets nobody in": func(t *testing.T) []string {
			return append(bareDisplay(t, "-auth", cookies).Env(), "XAUTHORITY=/nonexistent")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pulse := testenv.Pulse(t)
			profile := t.TempDir()
			settings := `{"name":"Ada","camera":"test","preview_asked":true,"camera_on":true}`
			must(t, os.WriteFile(filepath.Join(profile, "settings.json"), []byte(settings), 0o600))
			all := append(append(env(t), pulse.Env()...), "WAYLAND_DISPLAY=")
			var starts sync.WaitGroup
			for _, args := range [][]string{nil, {"foyer://127.0.0.1:1/r?s=x"}, nil} {
				starts.Go(func() { cannotOpen(t, f, all, profile, args...) })
			}
			starts.Wait()
			log, err := os.ReadFile(filepath.Join(profile, "foyer.log"))
			must(t, err)
			if n := bytes.Count(log, []byte("\n")); n != 3 || bytes.Count(log, []byte("foyer try")) != 3 {
				t.Errorf("three starts leave the log\n%s", log)
			}
			if open := append(pulse.SourceOutputs(), pulse.SinkInputs()...); len(open) != 0 {
				t.Errorf("sound is open: %v", open)
			}
		})
	}
}

// cookie is an X authority file that has one, for any display (Xau(3)).
func cookie() []byte {
	file := []byte{0xff, 0xff}
	for _, field := range []string{"", "", "MIT-MAGIC-COOKIE-1", "sixteen bytes !!"} {
		file = binary.BigEndian.AppendUint16(file, uint16(len(field)))
		file = append(file, field...)
	}
	return file
}

func cannotOpen(t *testing.T, f drive.Foyer, env []string, profile string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	stdout, stderr, status, err := f.Run(ctx, env, append([]string{"--profile", profile}, args...)...)
	if err != nil || status != 1 || stdout != "" {
		t.Errorf("%v: status %d (%v), stdout %q", args, status, err, stdout)
	}
	if says(t, stderr, words.Error(call.ErrNoDisplay).String()); strings.Count(stderr, "\n") != 1 {
		t.Errorf("it says more than a sentence:\n%s", stderr)
	}
	if strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "foyer://") {
		t.Errorf("it says\n%s", stderr)
	}
}

// Three starts at once are one window.
func TestStartsAtOnceAreOneWindow(t *testing.T) {
	f := testenv.Foyer(t)
	w := openWindow(t, f, "once")
	profile := t.TempDir()
	before := len(w.Windows(t.Context(), "Foyer"))
	var all []*testenv.Process
	for range 3 {
		all = append(all, w.launch(profile))
	}
	ended := 0
	w.until("two of three have ended", func() bool {
		ended = 0
		for _, p := range all {
			select {
			case <-p.Done():
				ended++
			default:
			}
		}
		return ended == 2
	})
	for _, p := range all {
		select {
		case <-p.Done():
			if status := p.Ended(); status != 0 {
				t.Errorf("a later start ended with status %d", status)
			}
		default:
		}
	}
	if n := len(w.Windows(t.Context(), "Foyer")) - before; n != 1 {
		t.Errorf("%d windows", n)
	}
}

// `foyer try` needs no display, shows everything that it promises, and leaves
// nothing behind.
func TestTry(t *testing.T) {
	f := testenv.Foyer(t)
	t.Run("to its end", func(t *testing.T) {
		p, temporary := try(t, f, "--json", "--seconds", "1")
		result := p.AwaitFor(2*testenv.Limit, "result")
		var steps []string
		for _, e := range p.Events() {
			if e.Name == "step" {
				steps = append(steps, e.Text("step"))
			}
			if e.Get("ok") != true {
				t.Errorf("not as promised: %s", e.Raw)
			}
		}
		const want = "server started joined sees hears sees hears chat chat left receipt told left receipt cleared"
		if got := strings.Join(steps, " "); got != want {
			t.Errorf("steps\n%s, want\n%s", got, want)
		}
		if status := p.Ended(); status != 0 {
			log, _ := os.ReadFile(p.Log)
			t.Errorf("status %d, %s\n%s", status, result.Raw, log)
		}
		leavesNothing(t, temporary)
	})
	t.Run("interrupted", func(t *testing.T) {
		p, temporary := try(t, f, "--json", "--seconds", "600")
		p.AwaitFor(2*testenv.Limit, "step")
		p.AwaitWhere("step", func(e drive.Event) bool { return e.Text("step") == "joined" })
		must(t, p.Signal(os.Interrupt))
		if status := p.Ended(); status != 1 {
			t.Errorf("status %d", status)
		}
		leavesNothing(t, temporary)
	})
	t.Run("in words", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*testenv.Limit)
		defer cancel()
		out, errs, status, err := f.Run(ctx, []string{"DISPLAY=", "WAYLAND_DISPLAY=", "TMPDIR=" + t.TempDir()}, "try", "--seconds", "1")
		if err != nil || status != 0 || errs != "" {
			t.Errorf("status %d (%v), stderr %q", status, err, errs)
		}
		for _, want := range []string{"You were removed by Ada", "Camera released", "Grace was removed", "Everything was as promised"} {
			says(t, out, want)
		}
		if strings.Contains(out, "{") {
			t.Errorf("not for people:\n%s", out)
		}
	})
	t.Run("instead of a window", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*testenv.Limit)
		defer cancel()
		out, errs, status, err := f.Run(ctx, []string{"DISPLAY=", "WAYLAND_DISPLAY=", "TMPDIR=" + t.TempDir()}, "--or-try", "--profile", t.TempDir())
		if err != nil || status != 0 {
			t.Errorf("status %d (%v)", status, err)
		}
		says(t, errs, words.Error(call.ErrNoDisplay).String())
		says(t, out, "Everything was as promised")
	})
}

// try starts a trial with a folder of its own for temporary files.
func try(t *testing.T, f drive.Foyer, args ...string) (p *testenv.Process, temporary string) {
	t.Helper()
	temporary = t.TempDir()
	started, err := drive.Start(drive.Command{
		Name: "try", Path: f.Bin, Args: append([]string{"try"}, args...), Logs: f.Work,
		Env: []string{"DISPLAY=", "WAYLAND_DISPLAY=", "PULSE_SERVER=unix:/nonexistent", "TMPDIR=" + temporary},
	})
	must(t, err)
	return testenv.Adopt(t, started), temporary
}

// leavesNothing checks that a trial has left neither files nor processes.
func leavesNothing(t *testing.T, temporary string) {
	t.Helper()
	left, err := os.ReadDir(temporary)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	for pid, line := range commandLines(t) {
		if strings.Contains(line, temporary) {
			t.Errorf("process %s is left: %s", pid, line)
		}
	}
}

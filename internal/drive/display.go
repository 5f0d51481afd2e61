//go:build unix

package drive

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Display is a private X server of 1280x800, with a window manager on request.
type Display struct {
	Name string // ":N"

	xvfb, wm *exec.Cmd
}

// StartDisplay starts Xvfb, and openbox when managed is set: without a window
// manager no window can be closed politely or get the keyboard. flags are more of
// Xvfb's.
func StartDisplay(ctx context.Context, managed bool, flags ...string) (*Display, error) {
	if err := Need("Xvfb", "openbox", "xprop", "xdotool", "xclip"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, StartLimit)
	defer cancel()
	number, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer number.Close()
	// The server picks a free number itself and tells it once it is ready.
	// -noreset, or it would start anew, and break the screen capture, when the
	// last client goes.
	flags = append([]string{"-displayfd", "3", "-screen", "0", "1280x800x24", "-noreset", "-nolisten", "tcp"}, flags...)
	d := &Display{xvfb: exec.Command("Xvfb", flags...)}
	d.xvfb.ExtraFiles = []*os.File{theirs}
	Bind(d.xvfb)
	err = d.xvfb.Start()
	theirs.Close()
	if err != nil {
		return nil, fmt.Errorf("start Xvfb: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { number.Close() })
	line, err := bufio.NewReader(number).ReadString('\n')
	stop()
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("wait for Xvfb: %w", err)
	}
	d.Name = ":" + strings.TrimSpace(line)
	if managed {
		err = d.manage(ctx)
	}
	if err != nil {
		d.Close()
	}
	return d, err
}

func (d *Display) manage(ctx context.Context) error {
	// It says that it is there before it takes over windows: one that opens in between
	// is never shown. What it starts last marks the moment from which on none is lost.
	const ready = "FOYER_MANAGED"
	d.wm = exec.Command("openbox", "--startup", "xprop -root -f "+ready+" 8s -set "+ready+" yes")
	d.wm.Env = append(os.Environ(), d.Env()...)
	Bind(d.wm)
	if err := d.wm.Start(); err != nil {
		return fmt.Errorf("openbox: %w", err)
	}
	err := Until(ctx, func() bool {
		out, err := d.Command(ctx, "xprop", "-root", ready).Output()
		return err == nil && strings.Contains(string(out), "yes")
	})
	if err != nil {
		return fmt.Errorf("openbox did not start: %w", err)
	}
	return nil
}

// Env is what a client needs to show itself here and nowhere else, in English.
func (d *Display) Env() []string { return []string{"DISPLAY=" + d.Name, "LANGUAGE=en"} }

// Command prepares a program that runs on this display.
func (d *Display) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(Without(os.Environ(), "WAYLAND_DISPLAY"), d.Env()...)
	return cmd
}

// Freeze stops the X server where it is, as one that hangs; Thaw lets it go on.
func (d *Display) Freeze() error { return d.xvfb.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (d *Display) Thaw() error { return d.xvfb.Process.Signal(syscall.SIGCONT) }

// Close ends the X server and the window manager. Safe to call twice.
func (d *Display) Close() {
	for _, c := range []*exec.Cmd{d.wm, d.xvfb} {
		if c != nil && c.Process != nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
}

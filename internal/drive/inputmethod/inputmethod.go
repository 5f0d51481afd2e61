//go:build unix

// Package inputmethod starts input methods for tests of typing.
package inputmethod

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"foyer/internal/drive"
)

// lookEvery is how often an input method is asked whether it is there: each look is
// two programs.
const lookEvery = 200 * time.Millisecond

// endLimit is how long an input method may take to end by itself.
const endLimit = 3 * time.Second

// Input methods that can be started.
const (
	Fcitx = "fcitx"
	IBus  = "ibus"
)

// Method is a private input method for Chinese (pinyin) on a display.
type Method struct {
	name    string
	display *drive.Display
	home    string // its settings
	bus     *exec.Cmd
}

// fcitxFiles are its settings: pinyin alone, and on.
func fcitxFiles() map[string]string {
	return map[string]string{
		"profile": "[Groups/0]\nName=Default\nDefault Layout=us\nDefaultIM=pinyin\n\n" +
			"[Groups/0/Items/0]\nName=pinyin\nLayout=\n\n[GroupOrder]\n0=Default\n",
		"config": "[Behavior]\nActiveByDefault=True\n",
	}
}

// Start starts [Fcitx] or [IBus] with pinyin, on a D-Bus of its own.
func Start(ctx context.Context, d *drive.Display, name string) (*Method, error) {
	if err := drive.Need("dbus-run-session", "fcitx5", "ibus-daemon", "ibus"); err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "foyer-ime-")
	if err != nil {
		return nil, err
	}
	m := &Method{name: name, display: d, home: home}
	program := []string{"fcitx5", "--replace"}
	if name == IBus {
		program = []string{"ibus-daemon", "--xim", "--replace", "--panel", "disable", "--cache", "none"}
	}
	folder := filepath.Join(home, ".config", "fcitx5")
	err = os.MkdirAll(folder, 0o700)
	for file, text := range fcitxFiles() {
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600)
		}
	}
	m.bus = exec.Command("dbus-run-session", append([]string{"--"}, program...)...)
	m.bus.Env = m.env()
	drive.Bind(m.bus)
	if err == nil {
		err = m.bus.Start()
	}
	if err == nil {
		err = m.ready(ctx)
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("input method %s: %w", name, err)
	}
	return m, nil
}

// ready waits until the method serves programs, with pinyin.
func (m *Method) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drive.StartLimit)
	defer cancel()
	return drive.UntilEvery(ctx, lookEvery, func() bool {
		out, err := m.display.Command(ctx, "xprop", "-root", "XIM_SERVERS").Output()
		if err != nil || !strings.Contains(string(out), "server="+m.name) {
			return false
		}
		return m.name != IBus || m.selects(ctx, "libpinyin")
	})
}

// selects makes an engine of IBus the one in use, and reports whether it is.
func (m *Method) selects(ctx context.Context, engine string) bool {
	ibus := func(args ...string) string {
		cmd := exec.CommandContext(ctx, "ibus", append([]string{"engine"}, args...)...)
		cmd.Env = m.env()
		out, _ := cmd.Output() // its status says nothing: the engine may be there all the same
		return strings.TrimSpace(string(out))
	}
	ibus(engine)
	return ibus() == engine
}

func (m *Method) env() []string {
	return append(drive.Without(os.Environ(), "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"),
		append(m.display.Env(),
			"HOME="+m.home, "XDG_CONFIG_HOME="+filepath.Join(m.home, ".config"), "XDG_RUNTIME_DIR="+m.home,
			"LC_ALL=C.UTF-8", "GSETTINGS_BACKEND=memory")...)
}

// Env is what a program needs to use it.
func (m *Method) Env() []string { return []string{"XMODIFIERS=@im=" + m.name, "LC_ALL=C.UTF-8"} }

// Close ends it. Safe to call twice.
func (m *Method) Close() {
	if m.bus.Process != nil {
		if m.name == IBus { // its daemon leaves the group that is killed here
			ctx, cancel := context.WithTimeout(context.Background(), endLimit)
			defer cancel()
			end := exec.CommandContext(ctx, "ibus", "exit")
			end.Env = m.env()
			_ = end.Run() // one that is gone already is what is wanted
		}
		drive.KillGroup(m.bus.Process.Pid) // the session and what runs in it
		_ = m.bus.Wait()
	}
	_ = os.RemoveAll(m.home)
}

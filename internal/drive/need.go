package drive

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// packages names the Debian package of every program that is driven.
var packages = map[string]string{
	"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "parec": "pulseaudio-utils",
	"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool", "xclip": "xclip", "xprop": "x11-utils",
	"import": "imagemagick", "espeak-ng": "espeak-ng", "sox": "sox", "chromium": "chromium",
	"initdb": "postgresql", "redis-server": "redis-server", "node": "nodejs", "npm": "npm",
	"ip": "iproute2", "nft": "nftables", "pebble": "pebble", "pebble-challtestsrv": "pebble",
	"dbus-daemon": "dbus-daemon", "dbus-run-session": "dbus-daemon",
	"fcitx5": "fcitx5 fcitx5-chinese-addons", "ibus": "ibus-libpinyin", "ibus-daemon": "ibus",
}

// Need fails with the install line of the programs that are missing.
func Need(programs ...string) error {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil && !slices.Contains(missing, packages[p]) {
			missing = append(missing, packages[p])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("programs are missing: make deps-test, or apt-get install %s", strings.Join(missing, " "))
}

// pollEvery is how often the state of another process is looked at where it
// sends no event.
const pollEvery = 5 * time.Millisecond

// Until waits until cond holds. It is for the state of other processes, which
// tell us nothing by themselves.
func Until(ctx context.Context, cond func() bool) error {
	return UntilEvery(ctx, pollEvery, cond)
}

// UntilEvery is [Until] for what takes much of a processor to look at.
func UntilEvery(ctx context.Context, pause time.Duration, cond func() bool) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Without returns env without the named variables.
func Without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(names, name)
	})
}

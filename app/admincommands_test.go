package app

import (
	"slices"
	"strings"
	"testing"
)

// TestAdminHelp: each command's help has its flags and those of all, and no other.
func TestAdminHelp(t *testing.T) {
	help := func(args ...string) string {
		t.Helper()
		status, out, errs := run(append(append([]string{"admin"}, args...), "--help")...)
		if status != exitOK || out != "" {
			t.Errorf("%v --help: status %d, stdout %q", args, status, out)
		}
		return errs
	}
	flags := func(help string) (all []string) {
		for line := range strings.Lines(help) {
			if strings.HasPrefix(line, "  -") {
				all = append(all, strings.TrimPrefix(strings.Fields(line)[0], "-"))
			}
		}
		return all
	}
	always := []string{"admin-key-file", "json", "log-level", "server"}
	general := help()
	if got := flags(general); !slices.Equal(got, always) {
		t.Errorf("admin --help has the flags %v", got)
	}
	for _, unknown := range [][]string{{"fly"}, {"--json"}} {
		if help(unknown...) != general {
			t.Errorf("%v --help is not that of admin", unknown)
		}
	}
	for _, c := range adminCommands() {
		want := slices.Sorted(slices.Values(append(strings.Fields(c.flags), always...)))
		own := help("--server", "https://127.0.0.1:1", string(c.op), "room")
		if got := flags(own); !slices.Equal(got, want) {
			t.Errorf("%s --help has the flags %v, want %v", c.op, got, want)
		}
		if first, _, _ := strings.Cut(own, "\n"); !strings.Contains(first, " "+string(c.op)) {
			t.Errorf("%s --help begins with %q", c.op, first)
		}
		if !strings.Contains(own, c.about) || !strings.Contains(general, c.about) {
			t.Errorf("no help says that %s is for: %s", c.op, c.about)
		}
		for _, name := range strings.Fields(c.flags) {
			if !strings.Contains(c.takes, "--"+name) {
				t.Errorf("the usage of %s does not name --%s", c.op, name)
			}
		}
	}
}

package app

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every command and every flag has its place in the manual and in the completion of
// each shell.
func TestManualHasEverything(t *testing.T) {
	m := programManual()
	pages := m.Man()
	shells := map[string]string{"bash": m.Bash(), "zsh": m.Zsh(), "fish": m.Fish()}
	if len(m.Pages) != 1+len(subcommands())+len(adminCommands()) {
		t.Fatalf("there are %d pages", len(m.Pages))
	}
	for _, p := range m.Pages {
		page, name := pages["foyer.1"], p.Name
		if name != "" {
			if !strings.Contains(page, `\fBfoyer `+p.Command()+`\fR`) {
				t.Errorf("foyer(1) does not name %s", p.Command())
			}
			page = pages["foyer-"+p.Command()+".1"]
		}
		if p.Synopsis == "" || len(p.Flags) == 0 {
			t.Errorf("the page of %q is %+v", name, p)
		}
		for _, f := range p.Flags {
			if !strings.Contains(page, `\fB\-\-`+strings.ReplaceAll(f.Name, "-", `\-`)+`\fR`) {
				t.Errorf("the page of %q has no --%s", name, f.Name)
			}
			if f.Usage == "" {
				t.Errorf("%q --%s is not explained", name, f.Name)
			}
		}
		for shell, text := range shells {
			for _, word := range strings.Fields(name) {
				if !strings.Contains(text, word) {
					t.Errorf("%s does not complete %s", shell, name)
				}
			}
			for _, f := range p.Flags {
				flag := "--" + f.Name
				if shell == "fish" {
					flag = "-l " + f.Name
				}
				if !strings.Contains(text, flag) {
					t.Errorf("%s does not complete %q %s", shell, name, flag)
				}
			}
		}
	}
}

// What bash offers, asked as the shell itself asks.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("this computer has no bash; runs on Debian and Ubuntu")
	}
	script := programManual().Bash()
	for _, c := range []struct {
		line string // the last word is to be completed
		want []string
		not  []string
	}{
		{"foyer ", []string{"serve", "join", "--profile", "--register-links"}, []string{"--listen", "ban"}},
		{"foyer se", []string{"serve"}, []string{"join"}},
		{"foyer serve --l", []string{"--listen", "--livekit", "--lifeline"}, []string{"--data"}},
		{"foyer join --camera ", []string{"none", "test"}, []string{"--mic"}},
		{"foyer join --speaker = d", []string{"default"}, []string{"none"}},
		{"foyer admin b", []string{"ban", "bans"}, []string{"remove"}},
		{"foyer admin ban --t", []string{"--text", "--tell"}, nil},
	} {
		words := strings.Split(c.line, " ")
		run := exec.CommandContext(t.Context(), bash, "-c", script+`
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_foyer && printf '%s\n' "${COMPREPLY[@]}"`, "bash")
		run.Args = append(run.Args, words...)
		run.Dir = t.TempDir()
		var errs bytes.Buffer
		run.Stderr = &errs
		out, err := run.Output()
		if err != nil || errs.Len() > 0 {
			t.Errorf("%q: %v, %s", c.line, err, &errs)
		}
		got := strings.Fields(string(out))
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%q is not completed to %s: %v", c.line, w, got)
			}
		}
		for _, w := range c.not {
			if slices.Contains(got, w) {
				t.Errorf("%q is completed to %s", c.line, w)
			}
		}
	}
}

// man finds nothing to complain about.
func TestManPagesAreWellFormed(t *testing.T) {
	man, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("this computer has no groff; runs on Debian and Ubuntu, as part of make test-packages too")
	}
	for name, text := range programManual().Man() {
		cmd := exec.CommandContext(t.Context(), man, "-man", "-Kutf8", "-Tutf8", "-ww", "-z")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// Where files are written, they are removed again.
func TestFilesAreInstalledAndRemoved(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "里 x")
	status, out, errs := run("files", folder, "--program", "/opt/foyer")
	if status != exitOK || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	written := strings.Split(strings.TrimSpace(out), "\n")
	status, out, _ = run("files", "--remove", folder)
	if removed := strings.Split(strings.TrimSpace(out), "\n"); status != exitOK || !slices.Equal(written, removed) {
		t.Errorf("wrote\n%v\nremoved\n%v", written, removed)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

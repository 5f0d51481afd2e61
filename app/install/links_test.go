package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func home(t *testing.T) Home {
	t.Helper()
	// Nothing of this computer's is asked to refresh a menu.
	t.Setenv("PATH", t.TempDir())
	folder := t.TempDir()
	return Home{Data: filepath.Join(folder, "share"), Config: filepath.Join(folder, "config")}
}

// The user's file comes back as it was, whatever was in it.
func TestLinksAreRegisteredAndTakenBack(t *testing.T) {
	const ours = "x-scheme-handler/foyer=app.foyer.Foyer.desktop"
	for _, c := range []struct{ name, before, during, after string }{
		{"no file", "", "[Default Applications]\n" + ours + "\n", ""},
		{
			"another section", "[Added Associations]\ntext/plain=a.desktop;\n",
			"[Added Associations]\ntext/plain=a.desktop;\n\n[Default Applications]\n" + ours + "\n",
			"[Added Associations]\ntext/plain=a.desktop;\n\n[Default Applications]\n",
		},
		{
			"other defaults", "# mine\n[Default Applications]\ntext/html=b.desktop\n\n[Removed Associations]\nx-scheme-handler/foyer=c.desktop\n",
			"# mine\n[Default Applications]\n" + ours + "\ntext/html=b.desktop\n\n[Removed Associations]\nx-scheme-handler/foyer=c.desktop\n",
			"# mine\n[Default Applications]\ntext/html=b.desktop\n\n[Removed Associations]\nx-scheme-handler/foyer=c.desktop\n",
		},
		{
			"another program", "[Default Applications]\nx-scheme-handler/foyer = c.desktop;\n",
			"[Default Applications]\n" + ours + ";c.desktop\n",
			"[Default Applications]\nx-scheme-handler/foyer=c.desktop\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := home(t)
			name := h.defaultsFile()
			if c.before != "" {
				if err := replace(name, []byte(c.before)); err != nil {
					t.Fatal(err)
				}
			}
			first, err := h.Register(t.Context(), "/opt/foyer")
			if err != nil || !slices.Contains(first, name) {
				t.Fatalf("wrote %v, %v", first, err)
			}
			second, err := h.Register(t.Context(), "/opt/foyer")
			if err != nil || slices.Contains(second, name) {
				t.Errorf("wrote %v again, %v", second, err)
			}
			if got := read(t, name); got != c.during {
				t.Errorf("registered: %q, want %q", got, c.during)
			}
			entry := read(t, filepath.Join(h.Data, "applications", "app.foyer.Foyer.desktop"))
			if !strings.Contains(entry, "\nExec=/opt/foyer %u\n") || !strings.Contains(entry, "\nMimeType=x-scheme-handler/foyer;\n") {
				t.Errorf("the entry is\n%s", entry)
			}
			removed, err := h.Unregister(t.Context())
			if err != nil || len(removed) != len(first) {
				t.Errorf("wrote %v, removed %v: %v", first, removed, err)
			}
			if got := read(t, name); got != c.after {
				t.Errorf("taken back: %q, want %q", got, c.after)
			}
			if entries, err := os.ReadDir(h.Data); err != nil || len(entries) > 0 {
				t.Errorf("%v are left, %v", entries, err)
			}
			if removed, err := h.Unregister(t.Context()); err != nil || len(removed) != 0 {
				t.Errorf("removed %v again, %v", removed, err)
			}
		})
	}
}

// Taking links back keeps the program that is installed in the same folders.
func TestUnregisterKeepsAnInstallation(t *testing.T) {
	h := home(t)
	kept, err := Write(filepath.Dir(h.Data), []File{{licences, nil}})
	if err != nil || filepath.Base(h.Data) != "share" {
		t.Fatal(h.Data, err)
	}
	if _, err := h.Register(t.Context(), "foyer"); err != nil {
		t.Fatal(err)
	}
	removed, err := h.Unregister(t.Context())
	if want := []string{h.defaultsFile()}; err != nil || !slices.Equal(removed, want) {
		t.Errorf("changed %v, want %v: %v", removed, want, err)
	}
	if read(t, filepath.Join(h.Data, "applications", ID+".desktop")) == "" || read(t, kept[0]) != "" {
		t.Error("the installation is not as it was")
	}
}

// A file that is a link stays one: what it leads to is changed.
func TestDefaultsBehindALink(t *testing.T) {
	h := home(t)
	kept := filepath.Join(t.TempDir(), "kept")
	if err := replace(kept, []byte("[Default Applications]\ntext/html=b.desktop\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(h.Config, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kept, h.defaultsFile()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Register(t.Context(), "foyer"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(h.defaultsFile()); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	if got := read(t, kept); !strings.Contains(got, scheme) || !strings.Contains(got, "text/html") {
		t.Errorf("it leads to %q", got)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// The window's switch: on, moved, off, and as it is after another program has taken the
// links.
func TestOpener(t *testing.T) {
	h := home(t)
	o := &Opener{h, "/opt/foyer"}
	is := func(when string, want bool) {
		t.Helper()
		if o.Registered() != want {
			t.Errorf("%s: registered is %v", when, !want)
		}
	}
	is("at first", false)
	for range 2 {
		if err := o.Register(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		is("on", true)
	}
	moved := &Opener{h, "/home/ada/foyer"}
	if moved.Registered() {
		t.Error("it was registered for a program in another place")
	}
	other := "[Default Applications]\nx-scheme-handler/foyer=other.desktop;" + ID + ".desktop\n"
	if err := os.WriteFile(h.defaultsFile(), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	is("taken by another", false)
	if err := o.Register(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	is("off", false)
}

// Where a package has the links there is nothing to switch.
func TestNoOpenerBesideAPackage(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "home"))
	t.Setenv("XDG_DATA_DIRS", "relative:"+filepath.Join(dir, "share"))
	if NewOpener() == nil {
		t.Error("there is no switch")
	}
	entry := filepath.Join(dir, "share", "applications", ID+".desktop")
	if err := os.MkdirAll(filepath.Dir(entry), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entry, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if NewOpener() != nil {
		t.Error("there is a switch for what a package has done")
	}
}

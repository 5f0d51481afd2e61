package app

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	fyneapp "fyne.io/fyne/v2/app"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/app/install"
	"foyer/ui"
	"foyer/ui/words"
)

func TestSettingsComeBack(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{profile: p, log: log}
	if got, err := s.Load(); err != nil || !reflect.DeepEqual(got, ui.Settings{}) {
		t.Errorf("first start: %+v, %v", got, err)
	}
	want := ui.Settings{Name: "Ada", Camera: "test", Asked: true, Recent: []ui.Recent{{Room: "r", Title: "Review", At: time.Now().UTC().Truncate(time.Second)}}}
	if err := s.Save(want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v (%v)", got, want, err)
	}
	if info, err := os.Stat(p.path(settingsName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("settings carry invitations, mode is %v (%v)", info.Mode(), err)
	}
}

// Settings that cannot be used are put aside, as they were, and the window is told
// why. They are not written over, whatever happens.
func TestSettingsAreKeptAside(t *testing.T) {
	for name, tt := range map[string]struct {
		file, aside string
		want        error
	}{
		"damaged":     {`{"name":`, ".damaged", words.ErrSettingsDamaged},
		"wrong types": {`{"name": 7}`, ".damaged", words.ErrSettingsDamaged},
		"newer":       {`{"version": 99, "name": "Ada", "rooms": {}}`, ".version99", words.ErrSettingsNewer},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := openProfile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			log, _ := test.NewNullLogger()
			s := &settingsFile{profile: p, log: log}
			if err := os.WriteFile(p.path(settingsName), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Load(); !errors.Is(err, tt.want) || !reflect.DeepEqual(got, ui.Settings{}) {
				t.Errorf("got %+v, %v", got, err)
			}
			if err := s.Save(ui.Settings{Name: "Grace"}); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(p.path(settingsName) + tt.aside); err != nil || string(data) != tt.file {
				t.Errorf("the file is lost: %q, %v", data, err)
			}
			if got, err := s.Load(); err != nil || got.Name != "Grace" {
				t.Errorf("the next start has %+v, %v", got, err)
			}
		})
	}
}

// Settings of before there was a version are read; in a folder that cannot be
// written to, saving says so.
func TestOldAndReadOnlySettings(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{profile: p, log: log}
	if err := os.WriteFile(p.path(settingsName), []byte(`{"name": "Ada", "microphone_off": true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load(); err != nil || got.Name != "Ada" || !got.MicOff {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.Remove(p.path(settingsName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.path(settingsName), 0o700); err != nil { // root may write everywhere
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.path(settingsName), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ui.Settings{}); !errors.Is(err, words.ErrSettingsUnsaved) {
		t.Errorf("saving: %v", err)
	}
}

// Another version of Fyne may have another last hook, or none. See runApp.
func TestNoLastHookIsLeftToFyne(t *testing.T) {
	none := filepath.Join(os.DevNull, "none") // Fyne would save preferences after the test
	t.Setenv("HOME", none)
	t.Setenv("XDG_CONFIG_HOME", none)
	a := fyneapp.NewWithID(install.ID)
	if takeLastHook(a) == nil {
		t.Error("Fyne has no last hook any more")
	}
	if takeLastHook(a) != nil {
		t.Error("a last hook is left to Fyne")
	}
}

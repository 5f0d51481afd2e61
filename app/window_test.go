package app

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	fyneapp "fyne.io/fyne/v2/app"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/ui"
)

func TestSettingsComeBack(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{p, log}
	if got := s.Load(); !reflect.DeepEqual(got, ui.Settings{}) {
		t.Errorf("first start: %+v", got)
	}
	want := ui.Settings{Name: "Ada", Camera: "test", Asked: true, Recent: []ui.Recent{{Room: "r", Title: "Review", At: time.Now().UTC().Truncate(time.Second)}}}
	if err := s.Save(want); err != nil {
		t.Fatal(err)
	}
	if got := s.Load(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if info, err := os.Stat(p.path(settingsName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("settings carry invitations, mode is %v (%v)", info.Mode(), err)
	}
}

func TestDamagedSettingsAreKeptAside(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{p, log}
	if err := os.WriteFile(p.path(settingsName), []byte(`{"name":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.Load(); !reflect.DeepEqual(got, ui.Settings{}) {
		t.Errorf("got %+v from a damaged file", got)
	}
	if data, err := os.ReadFile(p.path(settingsName) + ".damaged"); err != nil || string(data) != `{"name":` {
		t.Errorf("the damaged file is lost: %q, %v", data, err)
	}
}

// Another version of Fyne may have another last hook, or none. See runApp.
func TestNoLastHookIsLeftToFyne(t *testing.T) {
	none := filepath.Join(os.DevNull, "none") // Fyne would save preferences after the test
	t.Setenv("HOME", none)
	t.Setenv("XDG_CONFIG_HOME", none)
	a := fyneapp.NewWithID(appID)
	if takeLastHook(a) == nil {
		t.Error("Fyne has no last hook any more")
	}
	if takeLastHook(a) != nil {
		t.Error("a last hook is left to Fyne")
	}
}

package ui

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// lasting is the one App that all tests share. Fyne reads every font anew for each
// App and for each theme that is set, which takes longer than most tests here: it is
// told of those alone that look another way.
type lasting struct{ fyne.App }

func (a lasting) Settings() fyne.Settings { return lastingSettings{a.App.Settings()} }

type lastingSettings struct{ fyne.Settings }

func (s lastingSettings) SetTheme(t fyne.Theme) {
	if !reflect.DeepEqual(t, s.Theme()) {
		s.Settings.SetTheme(t)
	}
}

var shared = sync.OnceValue(test.NewApp)

// newApp returns it, with the windows that the test opens gone at its end.
func newApp(t testing.TB) fyne.App {
	t.Helper()
	app := shared()
	before := slices.Clone(app.Driver().AllWindows())
	t.Cleanup(func() {
		for _, w := range slices.Clone(app.Driver().AllWindows()) {
			if !slices.Contains(before, w) {
				w.SetOnClosed(nil)
				w.Close()
			}
		}
	})
	return lasting{app}
}

package testenv

import (
	"context"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/screenreader"
)

// lookEvery is how often a window is asked what it has.
const lookEvery = 50 * time.Millisecond

// Access is an assistive program that ends with the test.
type Access struct {
	*screenreader.Reader
	t testing.TB
}

// Reader starts the registry of assistive programs on a bus and a display.
func Reader(t testing.TB, b *drive.Bus, d *drive.Display) *Access {
	t.Helper()
	a, err := screenreader.Start(t.Context(), b, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &Access{a, t}
}

// All lists the controls of the program.
func (a *Access) All() []screenreader.Control {
	a.t.Helper()
	all, err := a.Controls(a.t.Context(), "Foyer")
	if err != nil {
		a.t.Fatal(err)
	}
	return all
}

// Find waits for a control of that role and name.
func (a *Access) Find(role, name string) (found screenreader.Control) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), Limit)
	defer cancel()
	var last []screenreader.Control
	err := drive.UntilEvery(ctx, lookEvery, func() bool {
		all, err := a.Controls(ctx, "Foyer")
		if err == nil {
			last = all
		}
		for _, c := range all {
			if c.Role == role && c.Name == name {
				found = c
				return true
			}
		}
		return false
	})
	if err != nil {
		var names []string
		for _, c := range last {
			names = append(names, c.Role+" "+c.Name)
		}
		a.t.Fatalf("no %s is called %q: there are %q; said was %q", role, name, names, a.Said())
	}
	return found
}

// Press waits for a button and presses it.
func (a *Access) Press(name string) {
	a.t.Helper()
	a.press("button", name)
}

// Choose waits for a line of a menu and presses it.
func (a *Access) Choose(name string) {
	a.t.Helper()
	a.press("menu item", name)
}

func (a *Access) press(role, name string) {
	a.t.Helper()
	if done, err := a.Find(role, name).Press(a.t.Context()); err != nil || !done {
		a.t.Fatalf("%q was not pressed: %v", name, err)
	}
}

// Hears waits until something is said for which match holds, and returns it.
func (a *Access) Hears(match func(string) bool) string {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), Limit)
	defer cancel()
	said, err := a.UntilSaid(ctx, match)
	if err != nil {
		a.t.Fatal(err)
	}
	return said
}

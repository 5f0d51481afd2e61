//go:build linux

package window

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"foyer/bench/internal/harness"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

// Colours of the window's buttons (ui/theme).
func accent() color.RGBA { return color.RGBA{0xF2, 0xA3, 0x3A, 255} }
func danger() color.RGBA { return color.RGBA{0xC9, 0x3B, 0x3B, 255} }

// seat is a display with a window on it.
type seat struct {
	display *drive.Display
	eyes    *desktop.Desktop
	window  *drive.Process

	settings map[string]any // of the window, beside those that all have
}

func newSeat(ctx context.Context) (*seat, error) {
	display, err := drive.StartDisplay(ctx, true)
	if err != nil {
		return nil, err
	}
	eyes, err := desktop.Open(display)
	if err != nil {
		display.Close()
		return nil, err
	}
	return &seat{display: display, eyes: eyes}, nil
}

func (s *seat) close() {
	if s.window != nil {
		s.window.Close(drive.CloseGrace)
	}
	s.eyes.Close()
	s.display.Close()
}

// seated calls f in a room of its own with a seat, and ends both.
func seated(ctx context.Context, b *harness.Bench, room string, f func(*harness.Room, *seat) error) error {
	r, err := b.OpenRoom(ctx, room)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := newSeat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	return f(r, s)
}

// open starts the program's window; nothing is on but what is received. env says where
// it has its audio: a window without it shows a card over the tiles.
func (s *seat) open(b *harness.Bench, env []string, args ...string) error {
	profile, err := b.Folder("profile")
	if err != nil {
		return err
	}
	// The own video would lie over the number that a tile carries.
	all := map[string]any{
		"name": "Viewer", "preview_asked": true, "microphone_off": true, "self_hidden": true,
		"camera": "test", "microphone": "test",
	}
	maps.Copy(all, s.settings)
	settings, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "settings.json"), settings, 0o600); err != nil {
		return err
	}
	s.window, err = drive.Start(drive.Command{
		Name: "window", Path: b.Foyer.Bin, Args: append(args, "--profile", profile), Logs: b.Foyer.Work,
		Env: slices.Concat(s.display.Env(), env, []string{"FYNE_SCALE=1", "FYNE_THEME=dark", "WAYLAND_DISPLAY="}),
	})
	return err
}

// enter opens the window and joins a room.
func (s *seat) enter(ctx context.Context, b *harness.Bench, r *harness.Room) error {
	if err := s.open(b, r.Pulse.Env(), r.Link); err != nil {
		return err
	}
	return s.join(ctx)
}

// join clicks into the room of the link.
func (s *seat) join(ctx context.Context) error {
	join, err := s.find(ctx, accent())
	if err != nil {
		return fmt.Errorf("the join button: %w", err)
	}
	if err := s.eyes.Click(ctx, join.Centre()); err != nil {
		return err
	}
	if _, err := s.find(ctx, danger()); err != nil {
		return fmt.Errorf("the room: %w", err)
	}
	return nil
}

// find waits for a button of that colour.
func (s *seat) find(ctx context.Context, c color.RGBA) (found desktop.Blob, err error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	var failed error
	err = drive.Until(ctx, func() bool {
		img, err := s.eyes.Screen()
		if err != nil {
			failed = err
			return true
		}
		for _, b := range desktop.Blobs(img, c, 6, 800) {
			if b.Pixels > found.Pixels {
				found = b
			}
		}
		return found.Pixels > 0
	})
	return found, errors.Join(err, failed)
}

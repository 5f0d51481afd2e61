//go:build linux

package window

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/testpicture"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

const (
	eyesRoom   = "eyes"
	eyesWhat   = "Camera to screen, loopback"
	eyesMost   = 100 // ms, of the median
	eyesEvery  = 2 * time.Millisecond
	eyesSettle = 6 * time.Second
	eyesLook   = 10 * time.Second
	eyesFilm   = 5 * people.FilmFPS // frames of a browser's film, which begins again
)

// Eyes measures how long it takes from a camera to the screen, and collects the times.
type Eyes struct{ Times *report.Beside }

// Foyer measures it from the camera driver of an engine in this process, which sends
// nothing else, to the pixels of the program's window.
func (e Eyes) Foyer(ctx context.Context, b *harness.Bench) error {
	return seated(ctx, b, eyesRoom, func(r *harness.Room, s *seat) (err error) {
		if err := s.enter(ctx, b, r); err != nil {
			return err
		}
		film := people.NewNumberedFilm(call.SourceCamera, people.FilmFPS)
		sender, err := people.NewStation(devices.Drivers{Camera: film}, people.SizedDevices)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sender.Stop()) }()
		link, err := call.ParseLink(r.Link)
		if err != nil {
			return err
		}
		camera := engine.Choice{Microphone: call.DeviceNone, Speaker: call.DeviceNone}
		if err := sender.Do(engine.Join{Link: link, Name: "Sender", Identity: "sender", Devices: camera}); err != nil {
			return err
		}
		seen, err := sightings(ctx, s.eyes)
		if err != nil {
			return err
		}
		taken := film.Taken()
		var took report.Times
		for _, f := range seen {
			if f.number < len(taken) { // far fewer than the numbers of a strip
				took.Add(f.at.Sub(taken[f.number]))
			}
		}
		return e.add(b, report.Foyer, took, len(seen))
	})
}

// Chromium measures it from the browser's camera, whose frames it dates itself, to the
// pixels of another one.
func (e Eyes) Chromium(ctx context.Context, b *harness.Bench) error {
	return seated(ctx, b, eyesRoom, func(r *harness.Room, s *seat) error {
		film := filepath.Join(b.Foyer.Work, "numbers.y4m")
		if err := writeNumbers(film); err != nil {
			return err
		}
		viewer, err := r.Browse(ctx, b.Root, drive.BrowserOptions{
			Room: eyesRoom, ID: "viewer", Headful: true, Env: append(s.display.Env(), r.Pulse.Env()...),
		})
		if err != nil {
			return err
		}
		defer viewer.Close(drive.CloseGrace)
		sender, err := r.Browse(ctx, b.Root, drive.BrowserOptions{Room: eyesRoom, ID: "sender", Camera: film})
		if err != nil {
			return err
		}
		defer sender.Close(drive.CloseGrace)
		if _, err := harness.Wait(ctx, sender, "publishing", 0, nil); err != nil {
			return err
		}
		if err := sender.Send(map[string]string{"cmd": "film"}); err != nil {
			return err
		}
		if _, err := harness.Wait(ctx, sender, "film", 0, nil); err != nil {
			return err
		}
		seen, err := sightings(ctx, s.eyes)
		if err != nil {
			return err
		}
		took, err := dated(ctx, sender, seen)
		if err != nil {
			return err
		}
		return e.add(b, report.Chromium, took, len(seen))
	})
}

// dated asks a browser when its camera's frames were taken.
func dated(ctx context.Context, sender *drive.Process, seen []sighting) (took report.Times, err error) {
	if err := sender.Send(map[string]string{"cmd": "taken"}); err != nil {
		return nil, err
	}
	answer, err := harness.Wait(ctx, sender, "taken", 0, nil)
	if err != nil {
		return nil, err
	}
	var taken struct {
		Frames []struct {
			Number int
			At     float64 // ms since 1970
		}
	}
	if err := answer.Decode(&taken); err != nil {
		return nil, err
	}
	for _, f := range seen {
		// The newest of that number: the film begins again after some seconds, and a browser
		// does not note every frame.
		for i := len(taken.Frames) - 1; i >= 0; i-- {
			at := time.UnixMicro(int64(1000 * taken.Frames[i].At))
			age := f.at.Round(0).Sub(at)
			if taken.Frames[i].Number == f.number && age > 0 && age < eyesFilm*time.Second/people.FilmFPS/2 {
				took.Add(age)
				break
			}
		}
	}
	return took, nil
}

// add tells what was measured, if most of what was seen could be dated.
func (e Eyes) add(b *harness.Bench, who report.Who, took report.Times, seen int) error {
	if len(took) < int(eyesLook.Seconds())*people.FilmFPS/4 {
		return fmt.Errorf("in %v only %d frames were seen, and %d of them dated", eyesLook, seen, len(took))
	}
	e.Times.Add(b.Table, eyesWhat, who, took, eyesMost)
	return nil
}

// writeNumbers writes the film of a browser's camera.
func writeNumbers(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fmt.Fprintf(f, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", people.FilmWidth, people.FilmHeight, people.FilmFPS)
	painter, frame := testpicture.NewPainter(people.FilmWidth, people.FilmHeight), new(call.VideoFrame)
	for n := range eyesFilm {
		painter.Draw(frame, n)
		for _, part := range [][]byte{[]byte("FRAME\n"), frame.Y, frame.U, frame.V} {
			if _, err := f.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// sighting is the first look at which the screen showed a frame.
type sighting struct {
	number int
	at     time.Time
}

// sightings looks at the one tile that the screen shows.
func sightings(ctx context.Context, eyes *desktop.Desktop) (all []sighting, err error) {
	if err := harness.Pause(ctx, eyesSettle); err != nil {
		return nil, err
	}
	strips, err := findTiles(ctx, eyes, 1)
	if err != nil {
		return nil, err
	}
	for start := time.Now(); time.Since(start) < eyesLook; {
		img, err := eyes.Look(strips[0])
		if err != nil {
			return nil, err
		}
		at := time.Now()
		number, ok := testpicture.ReadImage(line{img, strips[0]})
		if ok && (len(all) == 0 || all[len(all)-1].number != number) {
			all = append(all, sighting{number, at})
		}
		if err := harness.Pause(ctx, eyesEvery); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no number can be read from the tile")
	}
	return all[1:], nil // nobody knows since when the first was there
}

// line is a frame of which only the line with the number is known.
type line struct {
	*image.RGBA
	strip image.Rectangle
}

// Bounds implements [image.Image]: those of the whole frame.
func (l line) Bounds() image.Rectangle {
	w := l.strip.Dx() * 10 / 8
	return image.Rect(0, 0, w, w*people.FilmHeight/people.FilmWidth)
}

// At implements [image.Image].
func (l line) At(x, _ int) color.Color {
	x = max(l.strip.Min.X, min(l.strip.Min.X+x-l.Bounds().Dx()/10, l.strip.Max.X-1))
	return l.RGBA.At(x, l.strip.Min.Y)
}

package devices

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"foyer/engine/call"
)

// What the owners have not given back is open; what the system names beside that
// is, too, if it does not pass; and an opening that the driver has not come back
// from is as open as the system says.
func TestHeldComparesTheBooksWithTheSystem(t *testing.T) {
	camera := newFake(t, call.SourceCamera, "cam")
	gate := make(chan struct{})
	var system func() ([]call.Device, error)
	d := newDevices(t, Drivers{Camera: camera, Held: func(map[string]call.Device) ([]call.Device, error) { return system() }})
	free := func() ([]call.Device, error) { return nil, nil }
	busy := func() ([]call.Device, error) {
		return []call.Device{{Source: call.SourceCamera, ID: "id-cam", Name: "/dev/video0"}}, nil
	}
	want := func(when string, names ...string) {
		t.Helper()
		held, err := d.Held(t.Context())
		var got []string
		for _, h := range held {
			got = append(got, h.Name)
		}
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%s: %v (%v), want %v", when, got, err, names)
		}
	}
	system = free
	want("nothing")
	c, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera})
	if err != nil {
		t.Fatal(err)
	}
	want("open, and the system does not see it", "cam")
	system = busy
	want("open", "cam")
	system = func() ([]call.Device, error) {
		return []call.Device{
			{Source: call.SourceCamera, ID: "id-other", Name: "/dev/video2"}, {Source: call.SourceCamera, ID: "id-cam", Name: "/dev/video0"},
		}, nil
	}
	want("open, beside another that nobody owns up to", "/dev/video2", "cam")
	system = func() ([]call.Device, error) {
		one, _ := busy()
		return append(one, one...), nil
	}
	want("open twice, and once by its owner", "/dev/video0", "cam")
	system = busy
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want("closed, and the system still sees it", "/dev/video0")
	looks := 0
	system = func() ([]call.Device, error) {
		if looks++; looks < 3 {
			return busy()
		}
		return nil, nil
	}
	want("seen for a moment")

	camera.set(func() { camera.openGate = gate })
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error, 1)
	go func() {
		_, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceCamera})
		opened <- err
	}()
	for d.opening() == 0 { // until the owner has been started
		runtime.Gosched()
	}
	cancel()
	if err := <-opened; err == nil {
		t.Error("it opened")
	}
	system = free
	want("the driver has not got it yet")
	system = busy
	want("the driver has it, and does not come back", "cam")
	system = func() ([]call.Device, error) {
		one, _ := busy()
		return append(one, call.Device{Source: call.SourceCamera, ID: "id-other", Name: "/dev/video2"}), nil
	}
	want("the driver has it, and somebody another one", "/dev/video2", "cam")
	close(gate)
	d.wg.Wait()
	system = free
	want("it came back, and was closed at once")
	system = func() ([]call.Device, error) { return nil, errors.New("no /proc") }
	if _, err := d.Held(t.Context()); err == nil {
		t.Error("an answer from nobody")
	}
}

// opening counts what is being opened.
func (d *Devices) opening() int {
	_, opening, _ := d.books()
	return len(opening)
}

func TestFilesThatStoodInForDevicesAreLookedFor(t *testing.T) {
	dir := t.TempDir()
	film, link := filepath.Join(dir, "film.y4m"), filepath.Join(dir, "link.y4m")
	if err := errors.Join(os.WriteFile(film, nil, 0o600), os.Symlink(film, link)); err != nil {
		t.Fatal(err)
	}
	var asked map[string]call.Device
	d := newDevices(t, Drivers{Held: func(files map[string]call.Device) ([]call.Device, error) {
		asked = files
		return nil, nil
	}})
	_, _ = d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: link})
	_, _ = d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: filepath.Join(dir, "missing.wav")})
	if _, err := d.Held(t.Context()); err != nil {
		t.Error(err)
	}
	real, err := filepath.EvalSymlinks(film)
	if err != nil || len(asked) != 1 || asked[real] != (call.Device{Source: call.SourceCamera, ID: link, Name: link}) {
		t.Errorf("looked for %v (%v), want the film where it lies", asked, err)
	}
	for range 2 * maxFiles {
		f, err := os.CreateTemp(dir, "*.y4m")
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		d.playsFrom(call.Device{Source: call.SourceCamera, ID: f.Name()})
	}
	if n := len(d.files); n != maxFiles {
		t.Errorf("%d files are remembered, want %d", n, maxFiles)
	}
}

package hw

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/silent"
	"foyer/internal/testenv"
)

func sourcesOf(list []call.Device) []call.Source {
	var all []call.Source
	for _, d := range list {
		all = append(all, d.Source)
	}
	slices.Sort(all)
	return all
}

// What the process has open is read from the kernel: while a stream or a file is
// open, not afterwards, and also when nobody in the program knows of it.
func TestL2_HeldIsWhatTheSystemSays(t *testing.T) {
	pulse := testenv.UsePulse(t)
	s := newAudio(silent.Log())
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: devices.Drivers{Audio: s, Held: heldBy(s, &cameras{})}})
	t.Cleanup(func() { _ = d.Close() })
	want := func(when string, sources ...call.Source) {
		t.Helper()
		held, err := d.Held(t.Context())
		if got := sourcesOf(held); err != nil || !slices.Equal(got, sources) {
			t.Errorf("%s: %v (%v), want %v", when, held, err, sources)
		}
	}
	want("nothing is open")
	mic, speaker := openMic(t, d, ""), openSpeaker(t, d, "")
	want("both are open", call.SourceMicrophone, call.SourceSpeaker)
	if err := mic.Close(); err != nil {
		t.Error(err)
	}
	want("the microphone is closed", call.SourceSpeaker)
	if err := speaker.Close(); err != nil {
		t.Error(err)
	}
	want("both are closed")
	if _, err := d.List(t.Context()); err != nil {
		t.Error(err)
	}
	want("the devices were listed")

	server, _ := strings.CutPrefix(pulse.Server, "unix:")
	leak, err := net.Dial("unix", server)
	if err != nil {
		t.Fatal(err)
	}
	want("a connection was forgotten", call.SourceMicrophone)
	_ = leak.Close()
	want("it is closed")

	film := filepath.Join(t.TempDir(), "film.y4m")
	if err := os.WriteFile(film, []byte("not a film"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: film}); err == nil {
		t.Error("it opened")
	}
	want("a broken film")
	f, err := os.Open(film)
	if err != nil {
		t.Fatal(err)
	}
	want("a film was left open", call.SourceCamera)
	_ = f.Close()
	want("the film is closed")
}

// Two of a kind are told apart: what is open beside what its owner has is seen, however
// much is open of the same source, and by whatever path.
func TestL2_HeldTellsDevicesOfOneSourceApart(t *testing.T) {
	pulse := testenv.UsePulse(t)
	s, c := newAudio(silent.Log()), &cameras{}
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: devices.Drivers{Audio: s, Held: heldBy(s, c)}})
	t.Cleanup(func() { _ = d.Close() })
	dir := t.TempDir()
	film := func(name string) string {
		path := filepath.Join(dir, name)
		clip := "YUV4MPEG2 W2 H2 F10:1 Ip A1:1 C420jpeg\nFRAME\n" + strings.Repeat("\x80", 6)
		if err := os.WriteFile(path, []byte(clip), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mine, other := film("mine.y4m"), film("other.y4m")
	link := filepath.Join(dir, "link.y4m")
	if err := os.Symlink(mine, link); err != nil {
		t.Fatal(err)
	}
	camera, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: link})
	if err != nil {
		t.Fatal(err)
	}
	mic := openMic(t, d, "")
	names := func() (all []string) {
		t.Helper()
		held, err := d.Held(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range held {
			all = append(all, h.Name)
		}
		return all
	}
	both := names()
	if len(both) != 2 {
		t.Errorf("a film and a microphone are open, and %q is said", both)
	}
	// A film that was tried, and is still open though nobody knows of it.
	second, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: other})
	if err == nil {
		err = second.Close()
	}
	leak, e := os.Open(other)
	if err = errors.Join(err, e); err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != 3 || !slices.Contains(got, other) {
		t.Errorf("another film is open, and %q is said", got)
	}
	_ = leak.Close()
	again, err := os.Open(mine)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != 3 {
		t.Errorf("the same film is open once more, and %q is said", got)
	}
	_ = again.Close()
	// A stream of the sound system's that its owner has forgotten.
	forgotten, err := s.OpenMicrophone("", func([]int16, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != 3 {
		t.Errorf("a second stream from %s is open, and %q is said", pulse.Server, got)
	}
	if err := errors.Join(forgotten.Close(), mic.Close(), camera.Close()); err != nil {
		t.Error(err)
	}
	if got := names(); len(got) != 0 {
		t.Errorf("everything is closed, and %q is said", got)
	}
}

// A camera's file has the ID that it was opened by, and a card's file is a stream's.
func TestCamerasAreHeldByTheirIDs(t *testing.T) {
	t.Parallel()
	c := &cameras{}
	c.ids.Store("/dev/video2", "usb-Webcam")
	for target, want := range map[string]call.Device{
		"/dev/video2":         {Source: call.SourceCamera, ID: "usb-Webcam", Name: "/dev/video2"},
		"/dev/video0":         {Source: call.SourceCamera, ID: "/dev/video0", Name: "/dev/video0"},
		"/dev/snd/pcmC0D0c":   {Source: call.SourceMicrophone, ID: "/dev/snd/pcmC0D0c", Name: "/dev/snd/pcmC0D0c"},
		"/dev/snd/pcmC0D0p":   {Source: call.SourceSpeaker, ID: "/dev/snd/pcmC0D0p", Name: "/dev/snd/pcmC0D0p"},
		"/films/a.y4m":        {Source: call.SourceCamera, ID: "a.y4m", Name: "a.y4m"},
		"/dev/snd/controlC0":  {},
		"/proc/self/fd/17":    {},
		"socket:[1234567890]": {},
	} {
		got := c.heldFile(target, map[string]call.Device{"/films/a.y4m": {Source: call.SourceCamera, ID: "a.y4m", Name: "a.y4m"}})
		if got.Source != want.Source || want.Source != call.SourceUnknown && got != want {
			t.Errorf("%s: %+v, want %+v", target, got, want)
		}
	}
}

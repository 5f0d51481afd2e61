package hw

import (
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
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: devices.Drivers{Audio: s, Held: heldBy(s)}})
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

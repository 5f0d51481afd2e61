//go:build linux

package hw

import (
	"strings"
	"testing"

	"foyer/engine/call"
)

// A computer without a sound server has ALSA: scripts/vm-run.sh -s gives the
// guest a sound card.
func TestVMAudioWithoutServer(t *testing.T) {
	needVM(t)
	if !hasCards() {
		t.Skip("needs a sound card without a sound server; runs in scripts/vm-run.sh -s")
	}
	t.Setenv("PULSE_SERVER", "unix:/nonexistent")
	d := audioDevices(t)
	list, err := d.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		t.Logf("listed %+v", e)
		if e.ID == "null" || strings.Contains(e.Name, "Plugin") {
			t.Errorf("%q is no sound card", e.Name)
		}
	}
	for _, choice := range []string{"", ":0,0"} {
		m := openMic(t, d, choice)
		if err := m.ReadAudio(make([]int16, call.SampleRate/10)); err != nil {
			t.Error(err)
		}
		s := openSpeaker(t, d, choice)
		closeTimed(t, m)
		closeTimed(t, s)
		if n := holders(t, soundCardFiles); n != 0 {
			t.Errorf("%d descriptors of audio devices are left", n)
		}
	}
}

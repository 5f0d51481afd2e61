//go:build linux

package hw

import (
	"os"
	"strings"
	"testing"

	"foyer/engine/call"
)

// A computer without a sound server has ALSA: scripts/vm-run.sh -s gives the
// guest a sound card.
func TestVMSoundWithoutServer(t *testing.T) {
	needVM(t)
	if !hasCards() {
		t.Skip("needs the sound card of scripts/vm-run.sh -s")
	}
	t.Setenv("PULSE_SERVER", "unix:/nonexistent")
	d := soundDevices(t)
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
		if n := soundHolders(t); n != 0 {
			t.Errorf("%d descriptors of sound devices are left", n)
		}
	}
}

func soundHolders(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, "/dev/snd/") {
			n++
		}
	}
	return n
}

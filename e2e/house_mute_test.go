//go:build linux

package e2e

import (
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// hears waits until two reports in a row, the first after index after, have the
// audio of somebody grow, or stand still. Bytes count what the SFU forwards; nobody
// asks for a track that the host has muted, and then there is none.
func hears(p *person, after int, id string, want bool) drive.Event {
	p.t.Helper()
	had := -1
	return p.AwaitAfter(after, "stats", func(e drive.Event) bool {
		before := had
		had = 0
		for _, r := range remoteTracks(e) {
			if r.ID == id && r.Source == "microphone" {
				had = r.Bytes
			}
		}
		return before >= 0 && had > before == want
	})
}

// TestK10_AMutedMicrophoneIsNotHeard mutes somebody whose real microphone is on:
// nobody gets its audio any more, they are told, and when they may speak again it
// is they who switch it on.
func TestK10_AMutedMicrophoneIsNotHeard(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	pulse := testenv.Pulse(t)
	host := h.comes("host", h.invite("loud", "--role", "host"), drive.JoinOptions{})
	ada := h.comes("ada", h.invite("loud"), drive.JoinOptions{Env: pulse.Env(), Args: []string{"--mic", "default"}})
	gather(host, ada)
	host.awaits("track_subscribed", about("ada"))
	hears(host, host.from, "ada", true)

	host.moderates(map[string]any{"cmd": "mute_participant", "id": "ada"})
	checkMuted(t, ada, host)
	hears(host, host.Mark(), "ada", false)

	ada.from, host.from = ada.Mark(), host.Mark()
	host.moderates(map[string]any{"cmd": "unmute_participant", "id": "ada"})
	ada.awaits("rules", func(e drive.Event) bool { return e.Get("muted") == false })
	silent := hears(host, host.Mark(), "ada", false)
	hears(host, silent.Index, "ada", false)
	host.quietly(host.from, "track_unmuted")
	ada.quietly(ada.from, "track_unmuted")

	ada.Say(map[string]any{"cmd": "unmute", "source": "microphone"})
	host.awaits("track_unmuted", about("ada"))
	hears(host, host.Mark(), "ada", true)
}

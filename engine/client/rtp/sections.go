package rtp

import (
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// LiveKit asks again after each of our offers for as many media sections as it has
// transceivers without one (PCTransport.createAndSendAnswer in
// livekit-server, pkg/rtc/transport.go). A transceiver whose subscription
// ended before its section came never gets one, and so there is no end to its
// asking: a guest who comes and goes, or is muted on and off, would keep everybody
// else negotiating as fast as the network allows.
const (
	// sectionTries is how many requests are met at once, one after the other, while
	// nothing comes of it.
	sectionTries = 4
	// Later ones wait so long, each time twice as long as before.
	sectionWait    = 500 * time.Millisecond
	maxSectionWait = 30 * time.Second
	// MaxSpareSections is how many sections that nothing fills we have at most, beyond
	// those that are asked for.
	MaxSpareSections = 8
)

// Sections is what the server asks for on one transport. The session's loop alone
// uses it.
type Sections struct {
	Audios, Videos int // that it lacks
	Tries          int // since a track has come
}

// Wait returns how long after the last answer the next request is met, which
// nothing came of.
func (n *Sections) Wait() time.Duration {
	if n.Tries < sectionTries {
		return 0
	}
	return min(sectionWait<<min(n.Tries-sectionTries, 10), maxSectionWait)
}

// Expect lets the next requests be met at once: there is a new subscription.
func (n *Sections) Expect() { n.Tries = min(n.Tries, sectionTries-2) }

// SpareSections counts the receiving sections that no track has filled.
func (t *Transport) SpareSections() (audios, videos int) {
	filled := make(map[*webrtc.RTPReceiver]bool, len(t.Remote))
	for _, r := range t.Remote {
		filled[r.receiver] = true
	}
	for _, tr := range t.Pub.PC.GetTransceivers() {
		switch {
		case tr.Direction() != webrtc.RTPTransceiverDirectionRecvonly || filled[tr.Receiver()]:
		case tr.Kind() == webrtc.RTPCodecTypeVideo:
			videos++
		default:
			audios++
		}
	}
	return audios, videos
}

// AddSections adds receiving sections to the next offer.
func (t *Transport) AddSections(audios, videos int) error {
	if audios > maxSections || videos > maxSections {
		return fmt.Errorf("%w: %d media sections", call.ErrServerGarbage, audios+videos)
	}
	if have := len(t.Pub.PC.GetTransceivers()); have+audios+videos > maxTransceivers {
		return fmt.Errorf("%w: %d media sections more than %d", call.ErrServerGarbage, audios+videos, have)
	}
	receive := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for i := range audios + videos {
		kind := webrtc.RTPCodecTypeAudio
		if i >= audios {
			kind = webrtc.RTPCodecTypeVideo
		}
		if _, err := t.Pub.PC.AddTransceiverFromKind(kind, receive); err != nil {
			return fmt.Errorf("add a media section: %w", err)
		}
	}
	return nil
}

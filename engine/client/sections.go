package client

import (
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// LiveKit asks again after each of our offers for as many media sections as it has
// transceivers without one (PCTransport.createAndSendAnswer in
// livekit-server@v1.13.3/pkg/rtc/transport.go). A transceiver whose subscription
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
	// maxSpareSections is how many sections that nothing fills we have at most, beyond
	// those that are asked for.
	maxSpareSections = 8
)

// sections is what the server asks for on one transport. The session's loop alone
// uses it.
type sections struct {
	audios, videos int // that it lacks
	tries          int // since a track has come
}

// wait returns how long after the last answer the next request is met, which
// nothing came of.
func (n *sections) wait() time.Duration {
	if n.tries < sectionTries {
		return 0
	}
	return min(sectionWait<<min(n.tries-sectionTries, 10), maxSectionWait)
}

// onSections meets a request for receiving sections (MediaSectionsRequirement in
// livekit_rtc.proto), now or later. Zero asks for a new offer all the same.
func (s *session) onSections(m *livekit.MediaSectionsRequirement) {
	t := s.transport
	if t == nil || t.sub != nil {
		return
	}
	t.lacking.audios, t.lacking.videos = int(m.GetNumAudios()), int(m.GetNumVideos())
	if wait := t.lacking.wait(); wait == 0 {
		s.offerSections()
	} else if !s.alarms.isSet(alarmSections) {
		s.alarms.set(alarmSections, wait)
	}
}

// offerSections offers what the server lacks.
func (s *session) offerSections() {
	t := s.transport
	if t == nil || t.sub != nil {
		return
	}
	t.lacking.tries++
	audios, videos := t.lacking.audios, t.lacking.videos
	spareAudios, spareVideos := t.spareSections()
	if spareAudios >= audios+maxSpareSections {
		audios = 0
	}
	if spareVideos >= videos+maxSpareSections {
		videos = 0
	}
	if err := t.addSections(audios, videos); err != nil {
		s.lost(err, true)
		return
	}
	s.negotiate()
}

// sectionFilled goes on without waiting: a track has come.
func (s *session) sectionFilled() {
	s.transport.lacking.tries = 0
	if s.alarms.isSet(alarmSections) {
		s.alarms.clear(alarmSections)
		s.offerSections()
	}
}

// spareSections counts the receiving sections that no track has filled.
func (t *transport) spareSections() (audios, videos int) {
	filled := make(map[*webrtc.RTPReceiver]bool, len(t.remote))
	for _, r := range t.remote {
		filled[r.receiver] = true
	}
	for _, tr := range t.pub.pc.GetTransceivers() {
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

func (t *transport) addSections(audios, videos int) error {
	if audios > maxSections || videos > maxSections {
		return fmt.Errorf("%w: %d media sections", call.ErrServerGarbage, audios+videos)
	}
	if have := len(t.pub.pc.GetTransceivers()); have+audios+videos > maxTransceivers {
		return fmt.Errorf("%w: %d media sections more than %d", call.ErrServerGarbage, audios+videos, have)
	}
	receive := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for i := range audios + videos {
		kind := webrtc.RTPCodecTypeAudio
		if i >= audios {
			kind = webrtc.RTPCodecTypeVideo
		}
		if _, err := t.pub.pc.AddTransceiverFromKind(kind, receive); err != nil {
			return fmt.Errorf("add a media section: %w", err)
		}
	}
	return nil
}

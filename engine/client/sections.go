package client

import (
	"github.com/livekit/protocol/livekit"

	"foyer/engine/client/rtp"
)

// onSections meets a request for receiving sections (MediaSectionsRequirement in
// livekit_rtc.proto), now or later. Zero asks for a new offer all the same.
func (ng *negotiation) onSections(m *livekit.MediaSectionsRequirement) {
	t := ng.s.transport
	if t == nil || t.Sub != nil {
		return
	}
	t.Lacking.Audios, t.Lacking.Videos = int(m.GetNumAudios()), int(m.GetNumVideos())
	if wait := t.Lacking.Wait(); wait == 0 {
		ng.offerSections()
	} else if !ng.s.alarms.IsSet(alarmSections) {
		ng.s.alarms.Set(alarmSections, wait)
	}
}

// offerSections offers what the server lacks.
func (ng *negotiation) offerSections() {
	t := ng.s.transport
	if t == nil || t.Sub != nil {
		return
	}
	t.Lacking.Tries++
	audios, videos := t.Lacking.Audios, t.Lacking.Videos
	spareAudios, spareVideos := t.SpareSections()
	if spareAudios >= audios+rtp.MaxSpareSections {
		audios = 0
	}
	if spareVideos >= videos+rtp.MaxSpareSections {
		videos = 0
	}
	if err := t.AddSections(audios, videos); err != nil {
		ng.s.lost(err, true)
		return
	}
	ng.offer()
}

// sectionFilled goes on without waiting: a track has come.
func (ng *negotiation) sectionFilled() {
	ng.s.transport.Lacking.Tries = 0
	ng.waitNoLonger()
}

// expectTrack goes on without waiting: there is a new subscription.
func (ng *negotiation) expectTrack() {
	if ng.s.transport != nil {
		ng.s.transport.Lacking.Expect()
		ng.waitNoLonger()
	}
}

func (ng *negotiation) waitNoLonger() {
	if ng.s.alarms.IsSet(alarmSections) {
		ng.s.alarms.Clear(alarmSections)
		ng.offerSections()
	}
}

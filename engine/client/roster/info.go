package roster

import (
	"strconv"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// JoinedAt is when a participant joined, by the server's clock.
func JoinedAt(info *livekit.ParticipantInfo) time.Time {
	if ms := info.GetJoinedAtMs(); ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Unix(info.GetJoinedAt(), 0)
}

// maxTracks is how many tracks of one participant count for those who observe.
const maxTracks = 64

// mayPublishData is true if the server does not say anything about it.
func mayPublishData(info *livekit.ParticipantInfo) bool {
	return info.GetPermission() == nil || info.GetPermission().GetCanPublishData()
}

func mayPublish(info *livekit.ParticipantInfo) bool {
	return info.GetPermission() == nil || info.GetPermission().GetCanPublish()
}

// participant is a participant as we see them. before are the tracks of theirs
// that we knew.
func (r *Roster) participant(info *livekit.ParticipantInfo, before []call.Track) call.Participant {
	if r.observes {
		p := r.read(info, nil)
		p.Tracks = nil
		for _, t := range info.GetTracks() {
			if hasSID(t) && len(p.Tracks) < maxTracks {
				p.Tracks = append(p.Tracks, trackFrom(t))
			}
		}
		return p
	}
	return r.read(info, before)
}

// read is a participant as the server says them to be.
func (r *Roster) read(info *livekit.ParticipantInfo, before []call.Track) call.Participant {
	p := call.Participant{
		Identity: call.Identity(info.GetIdentity()), SID: call.SID(info.GetSid()),
		Name: call.Label(info.GetName()), JoinedAt: JoinedAt(info), Tracks: admitTracks(info.GetTracks(), before),
		Helper: !isPerson(info.GetKind()), Generation: number(info, doorapi.AttributeGeneration),
		Muted: !mayPublishData(info),
	}
	if r.door {
		p.Role, _ = call.ParseRole(info.GetAttributes()[doorapi.AttributeRole])
		p.Hand = number(info, doorapi.AttributeHand)
		p.Outside = info.GetAttributes()[doorapi.AttributeOutside] == "1"
	}
	return p
}

// isPerson tells people, also those who come by telephone or bridge, from
// programs. A stream that somebody sends in (ingress) is shown as a program's; the
// door, which counts who fills a room as LiveKit does, takes it for one more.
func isPerson(k livekit.ParticipantInfo_Kind) bool {
	return k != livekit.ParticipantInfo_AGENT && k != livekit.ParticipantInfo_EGRESS &&
		k != livekit.ParticipantInfo_INGRESS
}

// number is an attribute that is a number, 0 if it is none.
func number(info *livekit.ParticipantInfo, attribute string) int64 {
	n, err := strconv.ParseInt(info.GetAttributes()[attribute], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

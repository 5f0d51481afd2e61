package printer

import (
	"runtime"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/words"
)

// Fields are those of one line; encoding/json sorts them.
type Fields map[string]any

// describe is the name and the fields of an event's line. The name is empty for
// the window's own events: devices, previews and the server are not part of what
// scripts read.
func describe(e call.Event) (string, Fields) {
	switch e := e.(type) {
	case call.StateChanged:
		return "state", Fields{"state": e.State.String()}
	case call.Joined:
		return "joined", Fields{"room": e.Room, "title": e.Title, "session": e.Session, "id": e.Self.Identity,
			"elapsed_ms": ms(e.Elapsed), "participants": people(e.Participants), "standing": permissions(e.Standing)}
	case call.RoomUpdated:
		return "roster", Fields{"session": e.Session, "participants": people(e.Participants)}
	case call.RulesChanged:
		return "rules", permissions(e.Standing)
	case call.Left:
		return "left", describeLeft(e)

	case call.ParticipantJoined:
		return "participant_joined", person(e.Participant)
	case call.ParticipantUpdated:
		return "participant_updated", person(e.Participant)
	case call.ParticipantLeft:
		f := person(e.Participant)
		f["reason"], f["by"], f["text"] = e.Reason, e.By, e.Text
		return "participant_left", f

	case call.TrackPublished:
		return "track_published", track(e.ID, e.Track, e.Local)
	case call.TrackUnpublished:
		return "track_unpublished", track(e.ID, e.Track, e.Local)
	case call.TrackSubscribed:
		return "track_subscribed", track(e.ID, e.Track, false)
	case call.TrackMuted:
		f := track(e.ID, e.Track, e.Local)
		f["by_host"] = e.ByHost
		return "track_muted", f
	case call.TrackUnmuted:
		return "track_unmuted", track(e.ID, e.Track, e.Local)

	case call.SpeakersChanged:
		return "speakers", Fields{"speakers": orEmpty(e.Speakers)}
	case call.HandsChanged:
		return "hands", Fields{"hands": orEmpty(e.Hands)}
	case call.HandLowered:
		return "hand_lowered", Fields{}
	case call.Reacted:
		return "reaction", Fields{"id": e.ID, "reaction": e.Reaction}
	case call.VolumeChanged:
		return "volume", Fields{"id": e.ID, "percent": e.Percent}
	case call.QualityChanged:
		return "quality", Fields{"id": e.ID, "quality": e.Quality.String()}
	case call.StatsReported:
		return "stats", Fields{"remote": orEmpty(e.Remote), "local": orEmpty(e.Local),
			"goroutines": runtime.NumGoroutine()}

	case call.ChatReceived:
		m := e.Message
		return "chat", Fields{"id": m.ID, "from": m.From, "name": m.Name, "text": m.Text, "history": e.History}
	case call.WaitersChanged:
		return "waiters", Fields{"count": e.Count, "name": e.Name}
	case call.Moderated:
		return "moderated", describeModerated(e)
	case call.CommandFailed:
		return "command_failed", describeFailure(e)
	case call.DeviceLost:
		return "device_lost", Fields{"source": e.Device.Source, "device": e.Device.Name,
			"error": words.Error(e.Err).String()}

	case call.TrackUnsubscribed, call.DataReceived, call.PreviewStarted, call.PreviewStopped, call.DevicesChanged,
		call.DeviceOpened, call.DeviceClosed, call.TestChanged, call.RoomServerStarted, call.RoomServerReached,
		call.RoomServerStopped:
	}
	return "", nil
}

func describeModerated(e call.Moderated) Fields {
	f := Fields{"op": e.Op}
	switch e.Op {
	case call.OpMembers:
		f["members"], f["rules"] = orEmpty(e.Members), e.Rules
	case call.OpBans:
		f["bans"] = orEmpty(e.Bans)
	case call.OpWaiting:
		f["waiting"], f["more"] = orEmpty(e.Waiting), e.More
	case call.OpRules:
		f["rules"] = e.Rules
	case call.OpDismiss:
	default:
		f["results"] = orEmpty(e.Results)
	}
	return f
}

func describeFailure(e call.CommandFailed) Fields {
	f := Fields{"command": e.Command, "error": words.Command(e).String()}
	if e.Source != call.SourceUnknown {
		f["source"] = e.Source
	}
	if e.Text != "" {
		f["text"] = e.Text
	}
	if len(e.Results) > 0 {
		f["results"] = e.Results
	}
	return f
}

// Announced are the tracks that somebody brings along: scripts get the same line
// whether a track came before or after its owner was seen.
func Announced(e call.Event) map[call.Identity][]call.Track {
	var all []call.Participant
	switch e := e.(type) {
	case call.Joined:
		all = e.Participants
	case call.RoomUpdated:
		all = e.Participants
	case call.ParticipantJoined:
		all = []call.Participant{e.Participant}
	default:
	}
	tracks := make(map[call.Identity][]call.Track, len(all))
	for _, p := range all {
		tracks[p.Identity] = p.Tracks
	}
	return tracks
}

func describeLeft(l call.Left) Fields {
	type release struct {
		Device call.Source `json:"device"`
		MS     float64     `json:"ms"`
	}
	released, stuck, open := []release{}, []string{}, []string{}
	for _, r := range l.Released {
		released = append(released, release{r.Source, ms(r.Took)})
	}
	for _, d := range l.Stuck {
		stuck = append(stuck, d.Source.String())
	}
	for _, d := range l.Open {
		open = append(open, d.Source.String())
	}
	f := Fields{"room": l.Room, "reason": l.Reason, "code": nil, "by": l.By, "text": l.Text, "message": Message(l),
		"released": released, "stuck": stuck, "open": open}
	if code, ok := l.Reason.Code(); ok {
		f["code"] = code
	}
	if !l.Until.IsZero() {
		f["until"] = l.Until.UnixMilli()
	}
	if !l.Back.Empty() {
		f["back"] = l.Back.String()
	}
	return f
}

func person(p call.Participant) Fields {
	return Fields{"id": p.Identity, "name": p.Name, "sid": p.SID, "lost": p.Lost, "muted": p.Muted, "role": p.Role,
		"outside": p.Outside}
}

func people(all []call.Participant) []Fields {
	out := []Fields{}
	for _, p := range all {
		out = append(out, person(p))
	}
	return out
}

func track(id call.Identity, t call.Track, local bool) Fields {
	return Fields{"id": id, "sid": t.SID, "source": t.Source, "kind": t.Kind.String(), "muted": t.Muted, "local": local}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Message is the sentence that a left event carries.
func Message(l call.Left) string { return words.Left(l).String() }

func permissions(s call.Standing) Fields {
	return Fields{"role": s.Role, "muted": s.Muted, "chat_stored": !s.ChatOff, "rules": s.Rules}
}

// happened is when an event was: for chat, when it was said.
func happened(s eventqueue.Stamped) time.Time {
	if c, ok := s.Event.(call.ChatReceived); ok && !c.Message.At.IsZero() {
		return c.Message.At
	}
	return s.At
}

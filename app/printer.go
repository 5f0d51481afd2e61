package app

import (
	"encoding/json"
	"io"
	"runtime"
	"sync"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/words"
)

// printer writes events as lines of JSON. Safe from any goroutine.
type printer struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

func newPrinter(w io.Writer) *printer {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &printer{enc: enc}
}

// fields of one line; encoding/json sorts them.
type fields map[string]any

func (p *printer) line(event string, at time.Time, f fields) {
	f["event"], f["ts"] = event, at.UnixMilli()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enc.Encode(f); err != nil && p.err == nil {
		p.err = err
	}
}

// broken tells whether stdout is gone.
func (p *printer) broken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err != nil
}

func (p *printer) commandFailed(command string, err error) {
	p.line("command_failed", time.Now(), fields{"command": command, "error": words.Error(err).String()})
}

// event prints an event that the command line knows; the window's own events
// (devices, previews) are not part of the contract.
func (p *printer) event(s engine.Stamped) {
	if name, f := describe(s.Event); name != "" {
		p.line(name, s.At, f)
	}
	for id, tracks := range announced(s.Event) {
		for _, t := range tracks {
			p.line("track_published", s.At, track(id, t, false))
		}
	}
}

// announced are the tracks that somebody brings along: scripts get the same line
// whether a track came before or after its owner was seen.
func announced(e call.Event) map[call.Identity][]call.Track {
	var all []call.Participant
	switch e := e.(type) {
	case call.Joined:
		all = e.Participants
	case call.RoomUpdated:
		all = e.Participants
	case call.ParticipantJoined:
		all = []call.Participant{e.Participant}
	}
	tracks := make(map[call.Identity][]call.Track, len(all))
	for _, p := range all {
		tracks[p.Identity] = p.Tracks
	}
	return tracks
}

func describe(e call.Event) (string, fields) {
	switch e := e.(type) {
	case call.StateChanged:
		return "state", fields{"state": e.State.String()}
	case call.Joined:
		return "joined", fields{"room": e.Room, "title": e.Title, "session": e.Session, "id": e.Self.Identity,
			"elapsed_ms": ms(e.Elapsed), "participants": people(e.Participants)}
	case call.RoomUpdated:
		return "roster", fields{"session": e.Session, "participants": people(e.Participants)}
	case call.Left:
		return "left", describeLeft(e)
	case call.CommandFailed:
		f := fields{"command": e.Command, "error": words.Command(e).String()}
		if e.Source != call.SourceUnknown {
			f["source"] = e.Source
		}
		return "command_failed", f
	case call.DeviceLost:
		return "device_lost", fields{"source": e.Device.Source, "device": e.Device.Name, "error": words.Error(e.Err).String()}
	case call.SpeakersChanged:
		if e.Speakers == nil {
			e.Speakers = []call.SpeakerLevel{}
		}
		return "speakers", fields{"speakers": e.Speakers}
	case call.QualityChanged:
		return "quality", fields{"id": e.ID, "quality": e.Quality.String()}
	case call.StatsReported:
		return "stats", fields{"remote": orEmpty(e.Remote), "local": orEmpty(e.Local), "goroutines": runtime.NumGoroutine()}
	default:
		return describeOthers(e)
	}
}

func describeOthers(e call.Event) (string, fields) {
	switch e := e.(type) {
	case call.ParticipantJoined:
		return "participant_joined", person(e.Participant)
	case call.ParticipantUpdated:
		return "participant_updated", person(e.Participant)
	case call.ParticipantLeft:
		f := person(e.Participant)
		f["reason"] = e.Reason
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
	default:
		return "", nil
	}
}

func describeLeft(l call.Left) fields {
	type release struct {
		Device call.Source `json:"device"`
		MS     float64     `json:"ms"`
	}
	released, stuck := []release{}, []string{}
	for _, r := range l.Released {
		released = append(released, release{r.Source, ms(r.Took)})
	}
	for _, d := range l.Stuck {
		stuck = append(stuck, d.Source.String())
	}
	f := fields{"room": l.Room, "reason": l.Reason, "code": nil, "by": l.By, "message": message(l), "released": released, "stuck": stuck}
	if code, ok := l.Reason.Code(); ok {
		f["code"] = code
	}
	if !l.Until.IsZero() {
		f["until"] = l.Until.UnixMilli()
	}
	return f
}

func person(p call.Participant) fields {
	return fields{"id": p.Identity, "name": p.Name, "sid": p.SID, "lost": p.Lost}
}

func people(all []call.Participant) []fields {
	out := []fields{}
	for _, p := range all {
		out = append(out, person(p))
	}
	return out
}

func track(id call.Identity, t call.Track, local bool) fields {
	return fields{"id": id, "sid": t.SID, "source": t.Source, "kind": t.Kind.String(), "muted": t.Muted, "local": local}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

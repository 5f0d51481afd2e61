package model

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// feed gives the hint a loudness for a time, as a microphone would, and counts how
// often it comes.
func feed(talk *Talk, from time.Time, d time.Duration, level func(time.Duration) float32) (hints int, until time.Time) {
	const step = 33 * time.Millisecond
	for at := time.Duration(0); at < d; at += step {
		was := talk.Hint()
		talk.Hear(level(at), from.Add(at))
		if talk.Hint() && !was {
			hints++
		}
	}
	return hints, from.Add(d)
}

func TestMutedTalkIsNoticed(t *testing.T) {
	constant := func(level float32) func(time.Duration) float32 {
		return func(time.Duration) float32 { return level }
	}
	// Syllables: loud for 200 ms, nearly silent for as long.
	speech := func(at time.Duration) float32 {
		if at%(400*time.Millisecond) < 200*time.Millisecond {
			return 0.6
		}
		return 0.2
	}
	clicks := func(at time.Duration) float32 { // of a keyboard
		if at%time.Second < 60*time.Millisecond {
			return 0.7
		}
		return 0.15
	}
	for name, tt := range map[string]struct {
		level func(time.Duration) float32
		lasts time.Duration
		want  int
	}{
		"silence":         {constant(0), time.Minute, 0},
		"a fan":           {constant(0.3), time.Minute, 0},
		"between":         {constant(0.4), time.Minute, 0},
		"keys":            {clicks, time.Minute, 0},
		"a word":          {speech, 600 * time.Millisecond, 1},
		"a long speech":   {speech, 35 * time.Second, 4},
		"a steady voice":  {constant(0.5), 25 * time.Second, 3},
		"less than begun": {speech, 400 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if n, _ := feed(&Talk{}, epoch, tt.lasts, tt.level); n != tt.want {
				t.Errorf("%d hints, want %d", n, tt.want)
			}
		})
	}
	talk := &Talk{}
	_, now := feed(talk, epoch, time.Second, speech)
	if !talk.Hint() || !talk.Quiet() || talk.Hint() || talk.Quiet() {
		t.Error("the hint stays when we are heard")
	}
	if n, _ := feed(talk, now, 5*time.Second, speech); n != 0 {
		t.Error("it comes again at once")
	}
}

// Only a microphone that we have muted ourselves is ours to open.
func TestMutedByUs(t *testing.T) {
	local := func(muted bool) call.Event {
		track := call.Track{SID: "L", Source: call.SourceMicrophone, Kind: call.KindAudio}
		if muted {
			return call.TrackMuted{ID: "me", Local: true, Track: track}
		}
		return call.TrackUnmuted{ID: "me", Local: true, Track: track}
	}
	byHost := call.TrackMuted{ID: "me", Local: true, ByHost: true, Track: call.Track{SID: "L", Source: call.SourceMicrophone}}
	rules := func(r call.Role, muted bool) call.Event {
		return call.RulesChanged{Standing: call.Standing{Role: r, Muted: muted}}
	}
	for name, tt := range map[string]struct {
		events []call.Event
		want   bool
	}{
		"on":                      {[]call.Event{local(false)}, false},
		"muted":                   {[]call.Event{local(true)}, true},
		"muted and on":            {[]call.Event{local(true), local(false)}, false},
		"by the host":             {[]call.Event{byHost}, false},
		"by the host, then by us": {[]call.Event{byHost, local(false), local(true)}, true},
		"kept muted":              {[]call.Event{local(true), rules(call.RoleParticipant, true)}, false},
		"kept muted, then not":    {[]call.Event{local(true), rules(call.RoleParticipant, true), rules(call.RoleParticipant, false)}, true},
		"listening":               {[]call.Event{local(true), rules(call.RoleListener, false)}, false},
		"gone":                    {[]call.Event{local(true), call.Left{Reason: call.ReasonLeft}}, false},
	} {
		s := joined()
		apply(s, local(false))
		apply(s, tt.events...)
		if got := MutedByUs(s); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

//go:build linux

package attack_test

import (
	"context"
	"fmt"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

const (
	askEvery = 150 * time.Millisecond
	audible  = 0.01 // level of stats: 60 dB are 1
)

// bystander is an honest person in the room, without a window, who talks.
type bystander struct {
	*testenv.Process
	id string
	subject
}

// report is one remote track in a bystander's stats.
type report struct {
	ID        string
	Source    string
	Bytes     int64
	Level     float64
	Frames    int   `json:"frames_decoded"`
	Concealed int64 `json:"concealed_ms"`
}

func reports(e drive.Event) []report {
	var s struct{ Remote []report }
	_ = e.Decode(&s) // none, then
	return s.Remote
}

// askOften lets bystanders report more often than they do by themselves.
func askOften(ctx context.Context, all ...*bystander) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, b := range all {
				_ = b.Send(map[string]string{"cmd": "stats"}) // one that has died is noticed
			}
		}
	}
}

// silence is the longest time, in the reports from mark to now, in which b heard
// nothing of another one: nothing came, or nothing was in it.
func (b *bystander) silence(mark int, of string) (longest time.Duration, err error) {
	var last report
	var heardAt time.Time
	n := 0
	for _, e := range b.Events()[mark:] {
		if e.Name != "stats" {
			continue
		}
		at := time.UnixMilli(int64(e.Number("ts")))
		now := trackOf(e, of)
		heard := now.Level > audible && (n == 0 || now.Bytes > last.Bytes)
		switch {
		case n == 0:
			heardAt = at
		case heard: // though some of it may have been made up
			longest = max(longest, time.Duration(now.Concealed-last.Concealed)*time.Millisecond)
			heardAt = at
		default:
			longest = max(longest, at.Sub(heardAt))
		}
		n++
		last = now
	}
	if n < 2 {
		return 0, fmt.Errorf("%s reports nothing", b.id)
	}
	return longest, nil
}

func trackOf(e drive.Event, id string) report {
	for _, r := range reports(e) {
		if r.ID == id && r.Source == "microphone" {
			return r
		}
	}
	return report{}
}

// hears reports whether b has heard something of an attacker since mark, of
// whatever source.
func (b *bystander) hears(mark int, id string) bool {
	for _, e := range b.Events()[mark:] {
		if e.Name != "stats" {
			continue
		}
		for _, r := range reports(e) {
			if r.ID == id && r.Level > audible {
				return true
			}
		}
	}
	return false
}

// reads reports whether b was shown a text since mark.
func (b *bystander) reads(mark int, text string) bool {
	for _, e := range b.Events()[mark:] {
		if e.Name == "chat" && e.Text("text") == text {
			return true
		}
	}
	return false
}

package model

import (
	"slices"
	"time"
)

// Times that keep the stage calm.
const (
	// speechBefore is how long somebody speaks before they move into view.
	speechBefore = 1500 * time.Millisecond
	// speechPause is a silence that does not end a speech.
	speechPause = 700 * time.Millisecond
)

// hear records whether somebody is heard.
func (p *Person) hear(level float32, at time.Time) {
	p.Level = level
	switch speaking := level > 0; {
	case speaking && !p.Speaking:
		if at.Sub(p.Silent) > speechPause {
			p.Began = at
		}
		p.Speaking = true
	case !speaking && p.Speaking:
		p.Speaking, p.Silent = false, at
	}
}

// speaks reports whether somebody has been speaking for so long that everybody
// should see them.
func (p *Person) speaks(now time.Time) bool {
	return !p.Self && !p.Lost && p.Speaking && now.Sub(p.Began) >= speechBefore
}

// Settle lets those move into view who have been speaking for a while, and reports
// whether somebody did. We never do by our own voice.
func (s Screens) Settle(now time.Time) bool {
	main := s.settleSpeaker(now)
	return s.settlePages(now) || main
}

// settleSpeaker gives the place of the speaker to whoever speaks, once the one who
// has it is silent.
func (s Screens) settleSpeaker(now time.Time) bool {
	current := s.person(s.Stage.Speaker)
	if current != nil && !current.Self && !current.Lost && (current.Speaking || now.Sub(current.Silent) < speechPause) {
		return false
	}
	var next *Person
	for _, p := range s.People {
		if p.speaks(now) && (next == nil || p.Began.Before(next.Began)) {
			next = p
		}
	}
	switch {
	case next != nil:
	case current != nil && !current.Self:
		return false
	default:
		next = s.lastSpeaker()
	}
	if next == nil || next.ID == s.Stage.Speaker {
		return false
	}
	s.Stage.Speaker = next.ID
	return true
}

// lastSpeaker is who was heard last of the others, the first of them if nobody was.
func (s Screens) lastSpeaker() *Person {
	var last *Person
	for _, p := range s.People {
		if !p.Self && (last == nil || p.Silent.After(last.Silent)) {
			last = p
		}
	}
	return last
}

// settlePages brings one who speaks on another page to the first one, in exchange
// for the one there who has been silent longest. All others stay where they are.
func (s Screens) settlePages(now time.Time) bool {
	if !slices.ContainsFunc(s.People, func(p *Person) bool { return p.speaks(now) }) {
		return false
	}
	a := s.Arrange()
	if a.Pages < 2 {
		return false
	}
	on := map[string]bool{} // the first page, and what is in view
	for _, t := range a.Shown() {
		on[t.Key()] = true
	}
	st := s.Stage
	st.Page = 0
	first := st.arrange(s.Tiles())
	for _, t := range first.Shown() {
		on[t.Key()] = true
	}
	for i, p := range s.People {
		if !p.speaks(now) || on[s.face(p).Key()] {
			continue
		}
		quiet := s.quietest(first.Beside)
		if quiet < 0 {
			return false
		}
		s.People[i], s.People[quiet] = s.People[quiet], s.People[i]
		return true
	}
	return false
}

// quietest is where the one of some tiles is in People who has been silent longest,
// -1 if all of them speak. Of those who have never spoken it is the last one.
func (s Screens) quietest(tiles []Tile) int {
	on := map[string]bool{}
	for _, t := range tiles {
		on[t.Key()] = true
	}
	at := -1
	for i, p := range s.People {
		if p.Self || p.Speaking || !on[s.face(p).Key()] {
			continue
		}
		if at < 0 || !p.Silent.After(s.People[at].Silent) {
			at = i
		}
	}
	return at
}

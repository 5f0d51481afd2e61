package engine

import (
	"cmp"
	"context"
	"slices"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// RaiseHand raises our hand, or lowers it. [call.HandsChanged] tells when it is so
// for everybody.
type RaiseHand struct{ Up bool }

// Word is the command's name on the command line.
func (RaiseHand) Word() string { return "hand" }
func (RaiseHand) command()     {}

// handState is what a stay knows of raised hands.
type handState struct {
	want   bool        // that ours is up
	asked  bool        // what the door was asked last
	asking bool        // one question at a time
	told   []call.Hand // the last that was reported
	due    bool        // they are about to be looked at anew
	lost   bool        // nobody has lowered ours: a reconnect has lost it
}

// hands reports raised hands, and raises ours. The door keeps them, as attributes
// of the participants: nobody raises another one's, and the order is everybody's.
type hands struct{ l *loop }

func (h *hands) doRaiseHand(c RaiseHand) error {
	s, err := h.l.joinedStay(c)
	if err != nil {
		return err
	}
	if s.link.IsLiveKit() {
		return call.ErrNoDoor
	}
	s.hand.want = c.Up
	h.ask(s)
	return nil
}

// ask tells the door what we want. What is wanted meanwhile is told after it.
func (h *hands) ask(s *stay) {
	if s.hand.asking {
		return
	}
	s.hand.asking, s.hand.asked = true, s.hand.want
	session := s.session
	request := doorapi.HandRequest{Room: doorapi.RoomParameter(s.link.Room), Up: s.hand.want}
	h.l.request(s, s.of(opHand), func(ctx context.Context) error {
		return session.Moderate(ctx, call.OpHand, request, &struct{}{})
	}, func(err error) {
		s.hand.asking = false
		switch {
		case err != nil:
			s.hand.want = s.self.Hand != 0
			h.l.emit(call.CommandFailed{Command: RaiseHand{}.Word(), Err: err})
		case s.hand.want != s.hand.asked:
			h.ask(s)
		}
	})
}

// replaced follows the roster of a reconnect. The door has kept our hand for us,
// unless it was away itself: then it is raised again.
func (h *hands) replaced(s *stay) {
	if s.hand.want && s.self.Hand == 0 {
		s.hand.lost = true
		h.ask(s)
	}
	h.changed(s)
}

// changed looks at the hands when everything that has happened just now is known:
// once, however much it was.
func (h *hands) changed(s *stay) {
	soon(h.l, s, noteHands, &s.hand.due, h.report)
}

func (h *hands) report(s *stay) {
	var now []call.Hand
	for _, p := range append([]call.Participant{s.self}, s.roster.List()...) {
		if p.Hand != 0 {
			now = append(now, call.Hand{ID: p.Identity, At: p.Hand})
		}
	}
	slices.SortFunc(now, func(a, b call.Hand) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	if slices.Equal(now, s.hand.told) {
		return
	}
	ours := func(hand call.Hand) bool { return hand.ID == s.self.Identity }
	was, is := slices.ContainsFunc(s.hand.told, ours), slices.ContainsFunc(now, ours)
	lowered := was && !is && s.hand.want && !s.hand.lost
	s.hand.lost = false
	s.hand.told = now
	h.l.emit(call.HandsChanged{Hands: slices.Clone(now)})
	if lowered {
		s.hand.want = false
		h.l.emit(call.HandLowered{})
	}
}

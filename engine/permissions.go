package engine

import (
	"foyer/engine/call"
)

// rulesChanged takes what the room's rules mean for us now.
func (l *loop) rulesChanged(s *stay, now call.Standing) {
	if s.permissions == now {
		return
	}
	s.permissions = now
	refused := s.obeyRules()
	l.emit(call.RulesChanged{Standing: now})
	l.reportRefused(refused)
	l.devices.settleAll()
}

// allows returns nil, or why the rules do not let us show a source or speak. Those of
// a room that we are not in are not known.
func (l *loop) allows(src call.Source) error {
	s := l.active()
	switch {
	case s == nil:
	case s.permissions.Listens():
		return call.ErrListener
	case s.permissions.MutedByHost() && src == call.SourceMicrophone:
		return call.ErrMuted
	}
	return nil
}

// obeyRules takes the wishes back that the rules do not allow. What they allow
// again is the user's to wish for: no microphone is switched on from afar. It
// returns the sources whose wish nobody has heard of yet: no TrackUnpublished
// will tell of those.
func (s *stay) obeyRules() (refused []call.Source) {
	if mic := s.pubs[call.SourceMicrophone]; s.permissions.MutedByHost() && mic.want {
		mic.muted, mic.byHost = true, true
	}
	if !s.permissions.Listens() {
		return nil
	}
	for _, src := range sources {
		p := s.pubs[src] // nil for the speaker
		if p == nil || !p.want {
			continue
		}
		p.want = false
		if p.track == nil {
			refused = append(refused, src)
		}
	}
	return refused
}

// reportRefused reports wishes that a listener may not have.
func (l *loop) reportRefused(refused []call.Source) {
	for _, src := range refused {
		l.failed(Publish{}, src, call.ErrListener)
	}
}

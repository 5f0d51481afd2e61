package engine

import (
	"foyer/engine/call"
)

// doStats answers with what media counts now.
func (l *loop) doStats() error {
	s, err := l.current()
	if err != nil {
		return err
	}
	if !s.joined {
		return call.ErrNotInRoom
	}
	report := call.StatsReported{Line: s.session.Line(), Remote: []call.RemoteStats{}, Local: []call.LocalStats{}}
	for _, r := range s.received() {
		report.Remote = append(report.Remote, r.rx.Stats())
	}
	for _, src := range sources {
		if d := l.devices.working(src); d != nil && d.sending != nil {
			report.Local = append(report.Local, d.pump.Stats())
		}
	}
	l.emit(report)
	return nil
}

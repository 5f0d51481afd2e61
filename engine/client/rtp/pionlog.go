package rtp

import (
	"github.com/pion/logging"
	"github.com/sirupsen/logrus"
)

// PionLog carries pion's messages into the program's log, all of them at debug
// level or below: what matters to the session comes as an error or a state.
type PionLog struct{ Log logrus.FieldLogger }

func (p PionLog) NewLogger(scope string) logging.LeveledLogger {
	return PionLog{p.Log.WithField("pion", scope)}
}

func (p PionLog) Trace(string)              {}
func (p PionLog) Tracef(string, ...any)     {}
func (p PionLog) Debug(string)              {}
func (p PionLog) Debugf(string, ...any)     {}
func (p PionLog) Info(string)               {}
func (p PionLog) Infof(string, ...any)      {}
func (p PionLog) Warn(msg string)           { p.Log.Debug(msg) }
func (p PionLog) Warnf(f string, a ...any)  { p.Log.Debugf(f, a...) }
func (p PionLog) Error(msg string)          { p.Log.Debug(msg) }
func (p PionLog) Errorf(f string, a ...any) { p.Log.Debugf(f, a...) }

package client

import (
	"github.com/pion/logging"
	"github.com/sirupsen/logrus"
)

// pionLog carries pion's messages into the program's log, all of them at debug
// level or below: what matters to the session comes as an error or a state.
type pionLog struct{ log logrus.FieldLogger }

func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.WithField("pion", scope)}
}

func (p pionLog) Trace(string)              {}
func (p pionLog) Tracef(string, ...any)     {}
func (p pionLog) Debug(string)              {}
func (p pionLog) Debugf(string, ...any)     {}
func (p pionLog) Info(string)               {}
func (p pionLog) Infof(string, ...any)      {}
func (p pionLog) Warn(msg string)           { p.log.Debug(msg) }
func (p pionLog) Warnf(f string, a ...any)  { p.log.Debugf(f, a...) }
func (p pionLog) Error(msg string)          { p.log.Debug(msg) }
func (p pionLog) Errorf(f string, a ...any) { p.log.Debugf(f, a...) }

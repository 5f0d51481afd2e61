package rtp

import (
	"github.com/pion/logging"
	"github.com/sirupsen/logrus"
)

// PionLog carries pion's messages into the program's log, all of them at debug
// level or below: what matters to the session comes as an error or a state.
type PionLog struct{ Log logrus.FieldLogger }

// NewLogger implements logging.LoggerFactory.
func (p PionLog) NewLogger(scope string) logging.LeveledLogger {
	return PionLog{p.Log.WithField("pion", scope)}
}

// Trace implements logging.LeveledLogger.
func (p PionLog) Trace(string) {}

// Tracef implements logging.LeveledLogger.
func (p PionLog) Tracef(string, ...any) {}

// Debug implements logging.LeveledLogger.
func (p PionLog) Debug(string) {}

// Debugf implements logging.LeveledLogger.
func (p PionLog) Debugf(string, ...any) {}

// Info implements logging.LeveledLogger.
func (p PionLog) Info(string) {}

// Infof implements logging.LeveledLogger.
func (p PionLog) Infof(string, ...any) {}

// Warn implements logging.LeveledLogger.
func (p PionLog) Warn(msg string) { p.Log.Debug(msg) }

// Warnf implements logging.LeveledLogger.
func (p PionLog) Warnf(f string, a ...any) { p.Log.Debugf(f, a...) }

// Error implements logging.LeveledLogger.
func (p PionLog) Error(msg string) { p.Log.Debug(msg) }

// Errorf implements logging.LeveledLogger.
func (p PionLog) Errorf(f string, a ...any) { p.Log.Debugf(f, a...) }

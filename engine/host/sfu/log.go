package sfu

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/logger/pionlogger"
	"github.com/livekit/protocol/logger/zaputil"
	"github.com/sirupsen/logrus"
)

// LiveKit logs through one logger of the whole process, which must not be
// replaced while its goroutines run. So it is set once and hands on to the
// newest server's log: the only state of a package in this program, because it
// stands for one of LiveKit's.
var (
	logOnce   sync.Once
	logTarget atomic.Pointer[logrus.FieldLogger]
	// logWatcher is the newest server's, too.
	logWatcher atomic.Pointer[watcher]
	logQuota   quota
)

// sendLogsTo makes LiveKit's log part of ours.
func sendLogsTo(log logrus.FieldLogger) {
	logTarget.Store(&log)
	logOnce.Do(func() {
		showReports()
		logger.SetLogger(bridge{}, "livekit")
	})
}

// showReports lets the watcher see lines about reports, which LiveKit leaves out
// before any logger sees them. A filter is a copy of its list, but has the same sets.
func showReports() {
	if set := pionlogger.NewPrefixFilter(nil)["pc"]; set != nil {
		*set = slices.DeleteFunc(*set, func(prefix string) bool { return strings.HasPrefix(reportUnknown, prefix) })
	}
}

// bridge is LiveKit's logger on top of logrus. LiveKit's information is our
// debugging; its warnings and errors keep their level.
type bridge struct {
	name   string
	fields logrus.Fields
}

var _ logger.Logger = bridge{}

// Debugw writes nothing: such lines hold tokens and session descriptions.
func (b bridge) Debugw(msg string, _ ...any) { b.watch(msg) }
func (b bridge) Infow(msg string, kv ...any) {
	b.watch(msg, kv...)
	b.write(logrus.DebugLevel, msg, nil, kv)
}
func (b bridge) Warnw(msg string, err error, kv ...any) {
	b.watch(msg)
	b.write(b.atMost(logrus.WarnLevel), msg, err, kv)
}
func (b bridge) Errorw(msg string, err error, kv ...any) {
	b.watch(msg)
	b.write(b.atMost(logrus.ErrorLevel), msg, err, kv)
}

// watch lets the watcher see a line.
func (b bridge) watch(msg string, kv ...any) {
	if w := logWatcher.Load(); w != nil {
		w.see(msg, guest{b.word(labelRoom), b.word(labelIdentity), b.word(labelSID)}, kv...)
	}
}

func (b bridge) word(key string) string {
	s, _ := b.fields[key].(string)
	return s
}

// atMost lowers the level of pion's own logs: they tell of every candidate that
// does not answer.
func (b bridge) atMost(l logrus.Level) logrus.Level {
	if strings.Contains(b.name, "pion") {
		return logrus.DebugLevel
	}
	return l
}

func (b bridge) write(level logrus.Level, msg string, err error, kv []any) {
	target := *logTarget.Load()
	if l, ok := target.(interface{ IsLevelEnabled(logrus.Level) bool }); ok && !l.IsLevelEnabled(level) {
		return
	}
	lost := 0
	if level <= logrus.WarnLevel {
		var ok bool
		if lost, ok = logQuota.take(msg, time.Now()); !ok {
			return
		}
	}
	fields := make(logrus.Fields, len(b.fields)+len(kv)/2+3)
	for k, v := range b.fields {
		fields[k] = v
	}
	addFields(fields, kv)
	if b.name != "" {
		fields["component"] = b.name
	}
	if err != nil {
		fields["error"] = scrub(err.Error())
	}
	if lost > 0 {
		fields["not_logged"] = lost // of the same text, before this one
	}
	entry, msg := target.WithFields(fields), scrub(msg)
	switch level {
	case logrus.ErrorLevel:
		entry.Error(msg)
	case logrus.WarnLevel:
		entry.Warn(msg)
	default:
		entry.Debug(msg)
	}
}

// addFields takes over simple values only. Whole requests and participants hold
// tokens and addresses.
func addFields(fields logrus.Fields, kv []any) {
	for i := 0; i+1 < len(kv); i += 2 {
		key := fmt.Sprint(kv[i])
		switch v := kv[i+1].(type) {
		case error:
			fields[key] = scrub(v.Error())
		case nil:
		default:
			switch rv := reflect.ValueOf(v); rv.Kind() {
			case reflect.String:
				fields[key] = scrub(rv.String())
			case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
				reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
				fields[key] = v
			default:
			}
		}
	}
}

// token matches a JSON web token: LiveKit quotes the ones it refuses
// (livekit-server pkg/service/auth.go).
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}`)

// maxValueBytes is how much of a message or a value is written, in bytes: guests choose
// many of them.
const maxValueBytes = 512

func scrub(s string) string {
	if len(s) > maxValueBytes {
		s = s[:maxValueBytes] + "..."
	}
	return token.ReplaceAllString(s, "[token]")
}

func (b bridge) WithValues(kv ...any) logger.Logger {
	fields := make(logrus.Fields, len(b.fields)+len(kv)/2)
	for k, v := range b.fields {
		fields[k] = v
	}
	addFields(fields, kv)
	return bridge{b.name, fields}
}

func (b bridge) WithUnlikelyValues(kv ...any) logger.UnlikelyLogger {
	return logger.NewUnlikelyLogger(b, kv...)
}

func (b bridge) WithName(name string) logger.Logger { return b.WithComponent(name) }

func (b bridge) WithComponent(component string) logger.Logger {
	if b.name != "" {
		component = b.name + "." + component
	}
	return bridge{component, b.fields}
}

func (b bridge) WithCallDepth(int) logger.Logger { return b }
func (b bridge) WithItemSampler() logger.Logger  { return b }
func (b bridge) WithoutSampler() logger.Logger   { return b }
func (b bridge) WithDeferredValues() (logger.Logger, logger.DeferredFieldResolver) {
	return b, zaputil.NoOpDeferrer{}
}

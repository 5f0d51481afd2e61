// Package loglevel is the flag --log-level: what is logged, for all parts of the
// program and for single ones. A [Levels] belongs to whoever reads the command line;
// the loggers that it makes may be used by any goroutine.
package loglevel

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// parts are the parts of the program that say in the log who they are. Those of
// the room server are host, door, keeper and sfu.
func parts() []string {
	return []string{
		"atspi", "client", "desktop", "devices", "door", "engine", "host", "instance", "keeper", "media",
		"relay", "router", "sfu", "ui", "update",
	}
}

// Usage is what the help says of the flag.
func Usage() string {
	return "what to log on stderr: error, warn, info or debug; PART=LEVEL for one part only, " +
		"several separated by commas: " + strings.Join(parts(), ", ")
}

// Levels are the levels of --log-level: one for all, and those of single parts.
type Levels struct {
	All   logrus.Level
	parts map[string]logrus.Level
}

// String implements [flag.Value].
func (l *Levels) String() string {
	if l.parts == nil {
		return l.All.String()
	}
	words := []string{l.All.String()}
	for _, part := range slices.Sorted(maps.Keys(l.parts)) {
		words = append(words, part+"="+l.parts[part].String())
	}
	return strings.Join(words, ",")
}

// Set implements [flag.Value].
func (l *Levels) Set(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		part, name, single := strings.Cut(word, "=")
		if !single {
			name = part
		}
		level, err := logrus.ParseLevel(name)
		switch {
		case err != nil:
			return fmt.Errorf("%q is no level: they are error, warn, info and debug", name)
		case !single:
			l.All = level
			continue
		case !slices.Contains(parts(), part):
			return fmt.Errorf("%q is no part: they are %s", part, strings.Join(parts(), ", "))
		}
		if l.parts == nil {
			l.parts = map[string]logrus.Level{}
		}
		l.parts[part] = level
	}
	return nil
}

// Logger logs to w what --log-level asks for.
func (l *Levels) Logger(w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetLevel(l.All)
	if len(l.parts) > 0 {
		log.SetLevel(max(l.All, slices.Max(slices.Collect(maps.Values(l.parts)))))
		log.SetFormatter(partFilter{log.Formatter, *l})
	}
	return log
}

// partFilter writes nothing of what a part's level leaves out.
type partFilter struct {
	logrus.Formatter
	levels Levels
}

// Format implements [logrus.Formatter].
func (f partFilter) Format(e *logrus.Entry) ([]byte, error) {
	level := f.levels.All
	if part, ok := e.Data["part"].(string); ok {
		if own, ok := f.levels.parts[part]; ok {
			level = own
		}
	}
	if e.Level > level {
		return nil, nil
	}
	return f.Formatter.Format(e)
}

package app

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// logParts are the parts of the program that say in the log who they are. Those of
// the room server are host, door, keeper and sfu.
var logParts = []string{
	"client", "desktop", "devices", "door", "engine", "host", "instance", "keeper", "media", "sfu", "ui",
}

const logLevelUsage = "what to log on stderr: error, warn, info or debug; PART=LEVEL for one part alone, " +
	"more of them with commas between: "

// logLevels are the levels of --log-level: one for all, and those of single parts.
type logLevels struct {
	all   logrus.Level
	parts map[string]logrus.Level
}

// String implements [flag.Value].
func (l *logLevels) String() string {
	if l.parts == nil {
		return l.all.String()
	}
	words := []string{l.all.String()}
	for _, part := range slices.Sorted(maps.Keys(l.parts)) {
		words = append(words, part+"="+l.parts[part].String())
	}
	return strings.Join(words, ",")
}

// Set implements [flag.Value].
func (l *logLevels) Set(text string) error {
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
			l.all = level
			continue
		case !slices.Contains(logParts, part):
			return fmt.Errorf("%q is no part: they are %s", part, strings.Join(logParts, ", "))
		}
		if l.parts == nil {
			l.parts = map[string]logrus.Level{}
		}
		l.parts[part] = level
	}
	return nil
}

// logger logs to w what --log-level asks for.
func (c *command) logger(w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetLevel(c.levels.all)
	if len(c.levels.parts) > 0 {
		log.SetLevel(max(c.levels.all, slices.Max(slices.Collect(maps.Values(c.levels.parts)))))
		log.SetFormatter(partFilter{log.Formatter, c.levels})
	}
	return log
}

// partFilter writes nothing of what a part's level leaves out.
type partFilter struct {
	logrus.Formatter
	levels logLevels
}

// Format implements [logrus.Formatter].
func (f partFilter) Format(e *logrus.Entry) ([]byte, error) {
	level := f.levels.all
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

// besideLog is a writer that may be missing: a program started from a desktop
// has no terminal.
type besideLog struct{ w io.Writer }

func (b besideLog) Write(p []byte) (int, error) {
	_, _ = b.w.Write(p)
	return len(p), nil
}

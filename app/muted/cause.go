package muted

import (
	"regexp"
	"strings"
)

// Cause is the cause in a log of Fyne's, or else all that was said, in one line
// and without the times of the log.
func Cause(said string) string {
	var all []string
	for line := range strings.Lines(said) {
		line = logTime().ReplaceAllString(strings.TrimSpace(line), "")
		if _, cause, found := strings.Cut(line, "Cause:"); found {
			return strings.TrimSpace(cause)
		}
		all = append(all, line)
	}
	return strings.Join(all, " ")
}

// logTime is what Go's own log writes before a line.
func logTime() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} `)
}

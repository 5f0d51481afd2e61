package call

import (
	"strings"
	"unicode/utf8"
)

// MaxIDBytes is the size of an identity, a SID or an ID that is taken from the
// network.
const MaxIDBytes = 1024

// Label makes a text from a stranger fit to be shown in one line beside others.
func Label(s string) string {
	return CleanName(Clip(CleanName(Clip(s, MaxIDBytes)), MaxName))
}

// Clip cuts a text from the network at the start of a character.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	// What is cut off must not stay in memory with what is kept.
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.Clone(s[:limit])
}

package prose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"

	"foyer/ui/theme"
)

// span is a part of a text, in bytes.
type span struct{ start, end int }

// breakLines breaks a text at line breaks and blanks, and inside a word only if
// it is wider than a line. Nothing of the text is left out but the blanks at which
// it breaks.
func breakLines(text string, width float32) []span {
	var lines []span
	start := 0
	for {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			return append(lines, wrapLine(text, start, len(text), width)...)
		}
		lines = append(lines, wrapLine(text, start, start+end, width)...)
		start += end + 1
	}
}

func wrapLine(text string, start, end int, width float32) []span {
	var lines []span
	line, used := span{start, start}, float32(0)
	for at := start; at < end; {
		word := nextWord(text, at, end)
		w := textWidth(text[at:word])
		solid := textWidth(strings.TrimRight(text[at:word], " "))
		if line.end > line.start && used+solid > width {
			lines = append(lines, span{line.start, blanksOff(text, line)})
			line, used = span{at, at}, 0
		}
		if solid > width && width > 0 { // of a line of its own
			n := fitting(text[at:word], width)
			lines = append(lines, span{at, at + n})
			at += n
			line = span{at, at}
			continue
		}
		line.end, used, at = word, used+w, word
	}
	if line.start == end && len(lines) > 0 {
		return lines // the last piece of a word filled its line
	}
	return append(lines, span{line.start, blanksOff(text, line)})
}

// nextWord is where the word at `at`, with the blanks after it, ends. Between the
// characters of scripts that are written without blanks, a line may break
// anywhere.
func nextWord(text string, at, end int) int {
	first, n := utf8.DecodeRuneInString(text[at:end])
	i := at + n
	if !wide(first) {
		for i < end {
			r, n := utf8.DecodeRuneInString(text[i:end])
			if r == ' ' || wide(r) {
				break
			}
			i += n
			if strings.ContainsRune("/?&", r) && i < end && !strings.ContainsRune("/?& ", rune(text[i])) {
				break // addresses
			}
		}
	}
	for i < end && text[i] == ' ' {
		i++
	}
	return i
}

func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

func blanksOff(text string, s span) int {
	return s.start + len(strings.TrimRight(text[s.start:s.end], " "))
}

// fitting is how many bytes of a word fit into a line, at least one character
// with its marks.
func fitting(word string, width float32) int {
	low, high := 0, len(word) // low fits, or is empty
	for high-low > 1 {
		mid := characterStart(word, (low+high)/2)
		if mid <= low {
			mid = characterEnd(word, low)
			if mid >= high {
				break
			}
		}
		if textWidth(word[:mid]) <= width {
			low = mid
		} else {
			high = mid
		}
	}
	return max(low, characterEnd(word, 0))
}

// characterStart is the start of the character that i is in.
func characterStart(s string, i int) int {
	for i > 0 && i < len(s) && !starts(s, i) {
		i--
	}
	return i
}

// characterEnd is the end of the character at i.
func characterEnd(s string, i int) int {
	i++
	for i < len(s) && !starts(s, i) {
		i++
	}
	return min(i, len(s))
}

// starts reports whether a character starts at i: a rune that is no mark of the
// one before it.
func starts(s string, i int) bool {
	if !utf8.RuneStart(s[i]) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return !unicode.In(r, unicode.M) && r != '\u200d' && r != '\ufe0f'
}

func textWidth(s string) float32 {
	if s == "" {
		return 0
	}
	return fyne.MeasureText(s, theme.TextSize, fyne.TextStyle{}).Width
}

// CountLines is how many lines a text has at a width, at least one and at most
// most.
func CountLines(text string, width float32, most int) int {
	if strings.Count(text, "\n") >= most {
		return most
	}
	return max(1, min(len(breakLines(text, width)), most))
}

// LineHeight is how tall a line of body text is.
func LineHeight() float32 { return fyne.MeasureText("M", theme.TextSize, fyne.TextStyle{}).Height }

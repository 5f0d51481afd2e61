// Package lines breaks texts into lines, in every script that the window speaks or
// that people write in it.
//
// It holds no state: any goroutine may call it that may call the measure given.
package lines

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Break breaks a text at line breaks and where a line may end, and inside a word
// only if it is wider than a line. Nothing of the text is left out but the blanks at
// which it breaks. measure is how wide a text is.
func Break(text string, width float32, measure func(string) float32) []Span {
	var lines []Span
	start := 0
	for {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			return append(lines, wrap(text, start, len(text), width, measure)...)
		}
		lines = append(lines, wrap(text, start, start+end, width, measure)...)
		start += end + 1
	}
}

func wrap(text string, start, end int, width float32, measure func(string) float32) []Span {
	var lines []Span
	line, used := Span{start, start}, float32(0)
	for at := start; at < end; {
		word := nextWord(text, at, end)
		w := measure(text[at:word])
		solid := measure(strings.TrimRight(text[at:word], " "))
		if line.End > line.Start && used+solid > width {
			lines = append(lines, Span{line.Start, blanksOff(text, line)})
			line, used = Span{at, at}, 0
		}
		if solid > width && width > 0 { // of a line of its own
			n := Fit(text[at:word], width, measure)
			lines = append(lines, Span{at, at + n})
			at += n
			line = Span{at, at}
			continue
		}
		line.End, used, at = word, used+w, word
	}
	if line.Start == end && len(lines) > 0 {
		return lines // the last piece of a word filled its line
	}
	return append(lines, Span{line.Start, blanksOff(text, line)})
}

// nextWord is where the word at `at`, with the blanks after it, ends.
func nextWord(text string, at, end int) int {
	last, n := utf8.DecodeRuneInString(text[at:end])
	i := at + n
	for i < end && text[i] != ' ' {
		r, n := utf8.DecodeRuneInString(text[i:end])
		if starts(text, i) {
			if mayBreak(last, r) {
				break
			}
			last = r
		}
		i += n
	}
	for i < end && text[i] == ' ' {
		i++
	}
	return i
}

// Characters that no line begins or ends with (JIS X 4051 and GB/T 15834: closing
// and opening punctuation, small kana).
const (
	closing = "、。，．：；！？）〕］｝〉》」』】〗〙〞’”…‥—～·・ー々〻ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.!?:;)]}%％°"
	opening = "（〔［｛〈《「『【〖〘〝‘“([{￥＄$"
)

// mayBreak reports whether a line may end between two characters that no blank
// parts: in scripts that are written without blanks, and in addresses.
func mayBreak(before, after rune) bool {
	switch {
	case strings.ContainsRune(opening, before) || strings.ContainsRune(closing, after):
		return false
	case wide(before) || wide(after):
		return true
	default:
		return strings.ContainsRune("/?&", before) && !strings.ContainsRune("/?&", after)
	}
}

// wide reports whether a character belongs to a script that is written without
// blanks, or is its punctuation.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f ||
		r >= 0xff00 && r <= 0xffef
}

func blanksOff(text string, s Span) int {
	return s.Start + len(strings.TrimRight(text[s.Start:s.End], " "))
}

// Fit is how many bytes of a word fit into a width, at least one character with its
// marks.
func Fit(word string, width float32, measure func(string) float32) int {
	low, high := 0, len(word) // low fits, or is empty
	for high-low > 1 {
		mid := characterStart(word, (low+high)/2)
		if mid <= low {
			mid = Next(word, low)
			if mid >= high {
				break
			}
		}
		if measure(word[:mid]) <= width {
			low = mid
		} else {
			high = mid
		}
	}
	return max(low, Next(word, 0))
}

// characterStart is the start of the character that i is in.
func characterStart(s string, i int) int {
	for i > 0 && i < len(s) && !starts(s, i) {
		i--
	}
	return i
}

// Next is the end of the character at i, its marks included.
func Next(s string, i int) int {
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

package model

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"foyer/engine/call"
)

// Link is an address within a text.
type Link struct {
	Start, End int // bytes of the text
	URL        *url.URL
}

// address finds what may be a link of a kind that we open. Which programs other
// schemes start, nobody knows.
var address = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s<>"“”«»]+`)

// Links finds the addresses in a text, in their order: http, https and mailto
// alone.
func Links(text string) []Link {
	var links []Link
	for _, at := range address.FindAllStringIndex(text, -1) {
		found := trimEnd(text[at[0]:at[1]])
		u, err := url.Parse(found)
		if err != nil || !leads(u) {
			continue
		}
		links = append(links, Link{Start: at[0], End: at[0] + len(found), URL: u})
	}
	return links
}

// leads reports whether a link has somewhere to go that can be shown.
func leads(u *url.URL) bool {
	switch u.Scheme {
	case "http", "https":
		return u.Hostname() != "" && call.Visible(u.Host)
	case "mailto":
		return strings.Contains(u.Opaque, "@")
	default:
		return false
	}
}

// trimEnd takes the punctuation of the sentence from the end of an address, and a
// bracket that was opened before it.
func trimEnd(s string) string {
	for {
		r, n := utf8.DecodeLastRuneInString(s)
		closes := map[rune]string{')': "(", ']': "[", '}': "{"}[r]
		open := closes != "" && strings.Count(s, closes) < strings.Count(s, string(r))
		if !open && !strings.ContainsRune(".,;:!?'*_。，！？）", r) || n == 0 {
			return s
		}
		s = s[:len(s)-n]
	}
}

// Host is where a link leads: the computer, or the receiver of the mail.
func (l Link) Host() string {
	if l.URL.Scheme == "mailto" {
		return l.URL.Opaque
	}
	return l.URL.Hostname()
}

// Foreign reports whether where a link leads has letters that are not plain
// Latin ones, which can look like others.
func (l Link) Foreign() bool {
	return strings.ContainsFunc(l.Host(), func(r rune) bool { return r > '~' })
}

package call

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// MaxPasted is how long a text may be in which a link is looked for, in bytes: a
// whole mail.
const MaxPasted = 64 << 10

// Limits of the search.
const (
	maxStarts    = 8
	maxCodes     = 16
	lenLinkCheck = 8 // hexadecimal digits
	codeMark     = "&c="
)

// linkStart finds where an invite link may begin: its scheme, also as it stands
// in the parameter of a web address that a mail gateway has put around it.
var linkStart = regexp.MustCompile(`(?i)` + Scheme + `(:|%3a)`)

// webStart finds where an invite link for browsers begins (Link.Web), also as it stands
// in a parameter, and takes its address apart.
var webStart = regexp.MustCompile(`(?i)https(:|%3a)(?://|%2f%2f)([^\s/?#]+?)((?::|%3a)\d+)?(?:/j/#|%2fj%2f%23)`)

// fromWeb writes invite links for browsers as those for Foyer. Browsers leave the usual
// port out.
func fromWeb(text string) string {
	return webStart.ReplaceAllStringFunc(text, func(start string) string {
		part := webStart.FindStringSubmatch(start)
		if part[3] == "" {
			part[3] = ":443"
		}
		if part[1] == ":" {
			return Scheme + "://" + part[2] + part[3] + "/"
		}
		return Scheme + "%3a%2f%2f" + part[2] + part[3] + "%2f"
	})
}

// linkWrappings undo, one way each, what mail, chat and web pages do to a link.
// The first that makes the check code fit is right; nothing is guessed.
var linkWrappings = []func(string) string{
	func(s string) string { return s },
	linkCharacters,
	func(s string) string { return linkCharacters(softBreak.ReplaceAllString(s, "")) },
	func(s string) string { return linkCharacters(html.UnescapeString(html.UnescapeString(s))) },
	func(s string) string { return linkCharacters(unquotePrintable(s)) },
	func(s string) string { return linkCharacters(html.UnescapeString(unquotePrintable(s))) },
	func(s string) string { return linkCharacters(escapeVisible(s)) },
}

// findInvite looks for the invite link in a text as people paste it. found is
// false if there is nothing that looks like one. Every link that it returns had
// the right check code. Errors are those of [ParseLink].
func findInvite(text string) (l Link, found bool, err error) {
	text, err = fromWeb(text), ErrLinkCut
	var read string // the link that was found, as it was made
	for _, at := range linkStart.FindAllStringSubmatchIndex(text, maxStarts) {
		rest := text[at[1]:]
		if text[at[2]:at[3]] != ":" {
			rest = unescapeLoosely(rest)
		}
		if !leads(rest) {
			continue
		}
		whole, complete := unwrapInvite(rest)
		switch {
		case whole != "" && read == "":
			read = whole
			l, err = parseInvite(whole)
		case whole != "" && whole != read:
			return Link{}, true, fmt.Errorf("%w: two different ones", ErrLinkSeveral)
		case whole == "" && read == "" && complete:
			err = ErrLinkChanged
		}
		found = true
	}
	return l, found, err
}

// MentionsLink reports whether a text seems to have a link in it, readable or
// not.
func MentionsLink(text string) bool {
	text = text[:min(len(text), MaxPasted)]
	_, invite, _ := findInvite(text)
	_, plain := findPlain(text)
	return invite || plain
}

// leads reports whether an address may follow: "foyer: the room next door" is
// no link.
func leads(rest string) bool {
	return strings.HasPrefix(rest, "//") || rest != "" && (rest[0] == '/' || rest[0] == '[' || isAlphanumeric(rest[0]))
}

// unwrapInvite returns the link whose text after the scheme and the colon begins
// rest, and "" if no check code fits; complete reports whether there was a whole
// code.
func unwrapInvite(rest string) (link string, complete bool) {
	for _, undo := range linkWrappings {
		body := Scheme + "://" + strings.TrimLeft(undo(rest), "/")
		body = body[:min(len(body), maxLink)]
		for end, n := len(body), 0; n < maxCodes; n++ {
			at := strings.LastIndex(body[:end], codeMark)
			if at < 0 {
				break
			}
			end = at
			code, ok := checkCode(body[at+len(codeMark):])
			complete = complete || ok
			if ok && code == linkCheck(body[:at]) {
				return body[:at] + codeMark + code, true
			}
		}
	}
	return "", complete
}

// checkCode is the code that s begins with. Whatever follows stood around the link.
func checkCode(s string) (code string, ok bool) {
	if len(s) < lenLinkCheck {
		return "", false
	}
	code = strings.ToLower(s[:lenLinkCheck])
	return code, strings.Trim(code, "0123456789abcdef") == ""
}

// linkCharacters leaves what an invite link consists of: white space, line
// breaks with their quotation marks, and invisible characters are gone.
func linkCharacters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (isAlphanumeric(byte(r)) || strings.ContainsRune("-_.~$&+=:@%[]/?", r)) {
			return r
		}
		return -1
	}, s)
}

// softBreak is a line break of quoted-printable mail (RFC 2045, 6.7).
var softBreak = regexp.MustCompile(`=[ \t]*\r?\n`)

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var quotedPrintable = regexp.MustCompile(`=[0-9A-Fa-f]{2}`)

// unquotePrintable undoes the other half of quoted-printable: =3D is =.
func unquotePrintable(s string) string {
	return quotedPrintable.ReplaceAllStringFunc(softBreak.ReplaceAllString(s, ""), unhex)
}

var percentEncoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescapeLoosely undoes one percent-encoding, and leaves what is none.
func unescapeLoosely(s string) string { return percentEncoded.ReplaceAllStringFunc(s, unhex) }

// unhex is the byte that a mark and two hexadecimal digits mean.
func unhex(s string) string {
	b, err := url.PathUnescape("%" + s[1:])
	if err != nil {
		return s
	}
	return b
}

// escapeVisible undoes that a program has shown a link's escaped letters.
func escapeVisible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > unicode.MaxASCII && unicode.IsGraphic(r) {
			b.WriteString(url.QueryEscape(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plainStart finds where the address of a LiveKit server begins.
var plainStart = regexp.MustCompile(`(?i)\bwss?://`)

// findPlain takes the address of a LiveKit server out of what stands around it.
// Nothing inside is repaired: it has no check code.
func findPlain(text string) (address string, found bool) {
	at := plainStart.FindStringIndex(text)
	if at == nil {
		return "", false
	}
	address = text[at[0]:]
	if end := strings.IndexFunc(address, endsAddress); end >= 0 {
		address = address[:end]
	}
	return strings.TrimRight(strings.ReplaceAll(address, "&amp;", "&"), ".,;:!?)]}*'"), true
}

// endsAddress reports whether no address goes on with r.
func endsAddress(r rune) bool {
	return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune("<>\"`\\^{|}", r)
}

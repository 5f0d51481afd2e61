package stream

import "strings"

const (
	maxSections = 512
	// maxCandidates is for one description: a computer with 20 addresses has 40.
	maxCandidates = 128
	maxLines      = 1 << 16
)

// Media is told what the descriptions of one person are about.
type Media interface {
	// Name takes the name of a track that a session description sends, and whether
	// the section is one of audio. LiveKit takes a track for the one that was announced
	// under that name, of whatever kind that is.
	Name(audio bool, name string) error
	// Sections takes those of an offer for audio and video.
	Sections(all []Section) error
}

// use is what LiveKit does with a description.
type use int

const (
	isMemory use = iota
	isOffer
	isAnswer
)

const candidateLine = "a=candidate"

// sdpCounter counts what a session description asks LiveKit to make.
type sdpCounter struct {
	fresh                       bool // at the start of a line
	cr                          bool // after a carriage return; only a line feed may follow
	line                        [len(candidateLine)]byte
	at                          int
	lines, sections, candidates int

	media    Media
	use      use
	said     []byte    // the current line, up to maxNamed
	now      section   // the current one
	all      []Section // those before it
	carrying int       // of them: how many send streams
}

// maxNamed limits the lines of a description that may hold a track's name, in
// bytes.
const maxNamed = 1 << 10

// endLine looks at a line that has ended.
func (c *sdpCounter) endLine() error {
	line := string(c.said)
	c.said = c.said[:0]
	if len(line) < len("m=") {
		return nil
	}
	switch line[0] {
	case 'm':
		err := c.endSection()
		c.now = begin(line)
		return err
	case 'a':
		return c.endAttribute(line)
	case 'c', 'o', 'r', 't', 'v', 'z':
		// pion reads words of these, and what is left over as the next line.
		if len(line) > maxNamed || strings.Contains(line[len("m="):], "=") {
			return violation(StatusPolicy, "a description with a line within a line")
		}
	}
	return nil
}

// endAttribute looks for the names of tracks as pion does (webrtc,
// trackDetailsFromSDP): between single blanks.
func (c *sdpCounter) endAttribute(line string) error {
	if err := c.now.attribute(line); err != nil {
		return err
	}
	ids, isName := strings.CutPrefix(line, "a=msid:")
	if !isName && strings.HasPrefix(line, "a=ssrc:") {
		if len(line) <= maxNamed && !strings.Contains(strings.ToLower(line), "msid:") {
			return nil
		}
		_, ids, isName = strings.Cut(line, " ")
	}
	switch {
	case c.media == nil || !isName:
		return nil
	case len(line) > maxNamed:
		return violation(StatusPolicy, "a track with a name that is too long")
	case !areNames(line):
		return violation(StatusPolicy, "a track with a name that is none")
	}
	for _, name := range strings.Split(ids, " ")[1:] { // the first is the stream's
		if err := c.media.Name(c.now.audio, name); err != nil {
			return err
		}
	}
	return nil
}

// areNames reports whether a line has visible ASCII and single blanks alone, within
// which nobody reads other names.
func areNames(line string) bool {
	return !strings.Contains(line, "  ") && !strings.HasSuffix(line, " ") &&
		!strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' })
}

// errReturn is a description with a carriage return that ends no line: some readers
// end one there, and others do not.
var errReturn = &Violation{StatusPolicy, "a description with a carriage return within a line"}

// end takes the end of the description.
func (c *sdpCounter) end() error {
	if c.cr {
		return errReturn
	}
	if err := c.endLine(); err != nil {
		return err
	}
	if err := c.endSection(); err != nil {
		return err
	}
	all := c.all
	c.all = nil
	if c.media == nil || c.use != isOffer {
		return nil
	}
	return c.media.Sections(all)
}

func (c *sdpCounter) count(p []byte) error {
	for _, b := range p {
		if c.cr && b != '\n' {
			return errReturn
		}
		if c.cr = b == '\r'; c.cr {
			continue
		}
		if b == '\n' {
			if err := c.endLine(); err != nil {
				return err
			}
			c.lines++
			c.at, c.fresh = 0, true
			continue
		}
		if len(c.said) <= maxNamed {
			c.said = append(c.said, b)
		}
		if !c.fresh {
			continue
		}
		c.line[c.at] = b
		c.at++
		if c.at == 2 && string(c.line[:2]) == "m=" {
			c.sections++
		}
		if c.at == len(c.line) && string(c.line[:]) == candidateLine {
			c.candidates++
		}
		c.fresh = c.at < len(c.line)
	}
	switch {
	case c.sections > maxSections:
		return violation(StatusPolicy, "a description of more than %d tracks", maxSections)
	case c.candidates > maxCandidates:
		return violation(StatusPolicy, "a description with more than %d candidates", maxCandidates)
	case c.lines > maxLines:
		return violation(StatusPolicy, "a description of more than %d lines", maxLines)
	}
	return nil
}

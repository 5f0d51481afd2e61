package stream

import (
	"strings"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	maxDepth    = 12 // of messages within messages
	maxVarint   = 10 // bytes
	maxSections = 512
	// maxCandidates is for one description: a computer with 20 addresses has 40.
	maxCandidates = 128
	maxLines      = 1 << 16
)

// scanner reads a SignalRequest in the wire format of protocol buffers, from
// pieces of any length. It counts what would become objects in LiveKit's memory,
// where two bytes become a hundred, and keeps nothing.
type scanner struct {
	stack [maxDepth]level
	depth int

	state    scanState
	varint   uint64
	varBytes int
	number   protowire.Number
	kind     *kind // of the request; nil before its first byte
	join     bool  // it is a JoinRequest
	fields   int   // of the request, at every depth
	left     uint64
	sdp      bool // the current string is a session description
	text     sdpCounter
	names    Names
}

// Names takes the name of a track that a session description sends, and whether
// the section is one of audio. LiveKit takes a track for the one that was announced
// under that name, of whatever kind that is.
type Names func(audio bool, name string) error

// level is a message within the request.
type level struct {
	desc protoreflect.MessageDescriptor
	left uint64 // its bytes that are to come; of the outermost: unused
}

type scanState uint8

const (
	scanTag scanState = iota
	scanVarint
	scanLength
	scanSkip
)

var (
	requestDescriptor = (&livekit.SignalRequest{}).ProtoReflect().Descriptor()
	joinDescriptor    = (&livekit.JoinRequest{}).ProtoReflect().Descriptor()
)

func (s *scanner) reset() {
	*s = scanner{names: s.names, text: sdpCounter{said: s.text.said[:0]}}
	s.stack[0].desc = requestDescriptor
}

// CheckJoin looks at a join request, which holds what the first messages would.
func CheckJoin(raw []byte, names Names) error {
	s := scanner{join: true, kind: joining, names: names}
	s.stack[0].desc = joinDescriptor
	if err := s.scan(raw); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	var join livekit.JoinRequest
	if proto.Unmarshal(raw, &join) != nil {
		return errMalformed
	}
	if len(join.GetAddTrackRequests()) > maxJoinTracks {
		return violation(StatusPolicy, "a join with more than %d tracks", maxJoinTracks)
	}
	for _, t := range join.GetAddTrackRequests() {
		if err := CheckTrack(t); err != nil {
			return err
		}
	}
	return nil
}

// scan takes the next bytes of the request.
func (s *scanner) scan(p []byte) error {
	for len(p) > 0 {
		n := 1
		var err error
		if s.state == scanSkip {
			n = int(min(s.left, uint64(len(p))))
			s.left -= uint64(n)
			if s.sdp {
				err = s.text.count(p[:n])
			}
			if s.left == 0 {
				if s.sdp && err == nil {
					err = s.text.end()
				}
				s.state, s.sdp = scanTag, false
			}
		} else {
			err = s.step(p[0])
		}
		if err == nil {
			err = s.consume(uint64(n))
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// end reports whether the request is whole.
func (s *scanner) end() error {
	if s.depth != 0 || s.state != scanTag || s.varBytes != 0 {
		return errMalformed
	}
	return nil
}

var errMalformed = &Violation{StatusPolicy, "a message that is no request"}

// consume counts bytes off every message that they are in, and leaves those that
// have ended.
func (s *scanner) consume(n uint64) error {
	for i := s.depth; i > 0; i-- {
		if s.stack[i].left < n {
			return errMalformed // something in it is longer than itself
		}
		s.stack[i].left -= n
	}
	for s.depth > 0 && s.stack[s.depth].left == 0 {
		if s.state != scanTag || s.varBytes != 0 {
			return errMalformed
		}
		s.depth--
	}
	return nil
}

// step takes one byte of a tag, a number or a length.
func (s *scanner) step(b byte) error {
	if s.varBytes++; s.varBytes > maxVarint || s.varBytes == maxVarint && b > 1 {
		return errMalformed
	}
	s.varint |= uint64(b&0x7f) << (7 * (s.varBytes - 1))
	if b&0x80 != 0 {
		return nil
	}
	value := s.varint
	s.varint, s.varBytes = 0, 0
	switch s.state {
	case scanTag:
		return s.tag(value)
	case scanLength:
		return s.enter(value)
	default: // a number
		s.state = scanTag
		return nil
	}
}

func (s *scanner) tag(value uint64) error {
	number, wire := protowire.DecodeTag(value)
	if number < 1 || number > protowire.MaxValidNumber {
		return errMalformed
	}
	if s.depth == 0 && !s.join {
		if s.kind != nil {
			return violation(StatusPolicy, "more than one request in a message")
		}
		s.kind = kindOf(number)
		if s.kind.refused != "" {
			return violation(StatusPolicy, "%s", s.kind.refused)
		}
	}
	if s.fields++; s.fields > s.kind.fields {
		return violation(StatusPolicy, "%s of more than %d fields", s.kind.name, s.kind.fields)
	}
	s.number = number
	switch wire {
	case protowire.VarintType:
		s.state = scanVarint
	case protowire.Fixed32Type:
		s.state, s.left = scanSkip, 4
	case protowire.Fixed64Type:
		s.state, s.left = scanSkip, 8
	case protowire.BytesType:
		s.state = scanLength
	default:
		return errMalformed
	}
	return nil
}

// enter begins a string, or a message within the current one.
func (s *scanner) enter(length uint64) error {
	if length > 1<<31 {
		return errMalformed
	}
	s.state = scanTag
	field := s.stack[s.depth].desc.Fields().ByNumber(s.number)
	if length == 0 {
		return nil
	}
	if field == nil || field.Kind() != protoreflect.MessageKind {
		s.state, s.left = scanSkip, length
		if s.sdp = field != nil && field.Name() == "sdp"; s.sdp {
			s.text = sdpCounter{fresh: true, names: s.names, said: s.text.said[:0]}
		}
		return nil
	}
	if s.depth++; s.depth == maxDepth {
		return errMalformed
	}
	// This byte is counted off the new message, too, in consume.
	s.stack[s.depth] = level{field.Message(), length + 1}
	return nil
}

const candidateLine = "a=candidate"

// sdpCounter counts what a session description asks LiveKit to make.
type sdpCounter struct {
	fresh                       bool // at the start of a line
	cr                          bool // after a carriage return; only a line feed may follow
	line                        [len(candidateLine)]byte
	at                          int
	lines, sections, candidates int

	names Names
	audio bool   // of the current section
	said  []byte // the current line, up to maxNamed
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
		c.audio = strings.HasPrefix(line, "m=audio")
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
	ids, isName := strings.CutPrefix(line, "a=msid:")
	if !isName && strings.HasPrefix(line, "a=ssrc:") {
		if len(line) <= maxNamed && !strings.Contains(strings.ToLower(line), "msid:") {
			return nil
		}
		_, ids, isName = strings.Cut(line, " ")
	}
	switch {
	case c.names == nil || !isName:
		return nil
	case len(line) > maxNamed:
		return violation(StatusPolicy, "a track with a name that is too long")
	case !areNames(line):
		return violation(StatusPolicy, "a track with a name that is none")
	}
	for _, name := range strings.Split(ids, " ")[1:] { // the first is the stream's
		if err := c.names(c.audio, name); err != nil {
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
	return c.endLine()
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

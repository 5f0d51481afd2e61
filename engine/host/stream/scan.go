package stream

import (
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	maxDepth  = 12 // of messages within messages
	maxVarint = 10 // bytes
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
	media    Media
}

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
	*s = scanner{media: s.media, text: sdpCounter{said: s.text.said[:0]}}
	s.stack[0].desc = requestDescriptor
}

// CheckJoin looks at a join request, which holds what the first messages would.
func CheckJoin(raw []byte, media Media) error {
	s := scanner{join: true, kind: joining, media: media}
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

// use is what LiveKit does with the description that begins.
func (s *scanner) use() use {
	switch {
	case s.kind == kinds[offerField], s.join && s.depth == 1 && s.stack[1].desc.Name() == "SessionDescription":
		return isOffer
	case s.kind == kinds[answerField]:
		return isAnswer
	default:
		return isMemory // of what was negotiated before, the server's offers with it
	}
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
			s.text = sdpCounter{fresh: true, media: s.media, use: s.use(), said: s.text.said[:0]}
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

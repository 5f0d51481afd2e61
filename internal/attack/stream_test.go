//go:build linux

package attack_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/internal/attack"
)

// streamAttacks come over the WebSocket of somebody who is in the room.
func streamAttacks() []attempt {
	return []attempt{
		{"compressed zeros, participant", participant, "fill the memory with one compressed message", bomb((*stage).participant)},
		{"compressed zeros, listener", listener, "the same without the right to speak", bomb((*stage).listener)},
		{"compressed zeros, muted", muted, "the same after the host has muted them", bomb((*stage).mutedGuest)},
		{"compressed frame unasked", participant, "send RSV1 though nobody agreed to it", unaskedBomb},
		{"huge message", participant, "fill the memory with one plain message", hugeMessage},
		{"huge length", participant, "announce a message of 2^62 bytes", hugeLength},
		{"endless fragments", participant, "send a message that never ends, a byte a frame", pouring(frame(0x02, []byte{0}), frame(0x00, []byte{0}))},
		{"empty fragments", participant, "the same without a byte", pouring(frame(0x02, nil), frame(0x00, nil))},
		{"tiny messages", participant, "make the server busy with a million of them", pouring(nil, frame(0x82, []byte{0x82, 1, 0}))},
		{"flood of pings", participant, "make the server answer control frames", pouring(nil, frame(0x89, make([]byte, 125)))},
		{"flood of pongs", participant, "make the server read control frames", pouring(nil, frame(0x8a, nil))},
		{"pings inside a message", participant, "hide them between fragments", pouring(frame(0x02, []byte{0}), frame(0x89, nil))},
		{"reserved opcodes", participant, "find a frame that stops a parser", malformed(frame(0x83, []byte{1}), frame(0x8f, nil), frame(0xf2, []byte{1}))},
		{"unmasked frames", participant, "send what a client must not", malformed([]byte{0x82, 1, 0}, []byte{0x81, 2, '{', '}'})},
		{"long control frame", participant, "send a ping of 64 kB, or in pieces", malformed(frame(0x89, make([]byte, 64<<10)), frame(0x09, nil))},
		{"bad close frames", participant, "close with codes and texts that do not exist", malformed(
			frame(0x88, []byte{1}), frame(0x88, []byte{0xff, 0xff}), frame(0x88, append([]byte{3, 0xe8}, 0xff, 0xfe)))},
		{"nested JSON", participant, "overflow the stack of the JSON form of signalling", nestedJSON},
		{"slow reader", participant, "let the server's answers pile up", slowReader},
		{"half a frame", participant, "hold connections with frames that do not end", halfFrames},
	}
}

func (s *stage) participant() (*attack.Guest, error) {
	g, _, err := s.guest(call.RoleParticipant)
	return g, err
}
func (s *stage) listener() (*attack.Guest, error) {
	g, _, err := s.guest(call.RoleListener)
	return g, err
}
func (s *stage) mutedGuest() (*attack.Guest, error) { g, _, err := s.muted(); return g, err }

// frame is one of a client's, with a mask of zeros. first is its first byte: FIN,
// RSV and opcode.
func frame(first byte, payload []byte) []byte {
	f := []byte{first}
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	case n < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	return append(append(f, 0, 0, 0, 0), payload...)
}

// zeros is that many megabytes of them, deflated.
func zeros(megabytes int) []byte {
	var one bytes.Buffer
	w, _ := flate.NewWriter(&one, flate.BestCompression) // the level exists
	_, _ = w.Write(make([]byte, 1<<20))                  // into memory
	_ = w.Flush()
	// What a flush has written refers to nothing before it but zeros.
	all := bytes.Repeat(one.Bytes(), megabytes)
	return all[:len(all)-4] // RFC 7692, section 7.2.1
}

func bomb(come func(*stage) (*attack.Guest, error)) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		s.door.Deflate = true
		g, err := come(s)
		if err != nil {
			return "", err
		}
		said, err := explode(g, many(512, 2600))
		if !g.Deflated {
			said = "compression is not agreed; " + said
		}
		return said, err
	}
}

func unaskedBomb(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	return explode(g, 64)
}

func explode(g *attack.Guest, megabytes int) (string, error) {
	payload := zeros(megabytes)
	if _, err := g.Conn().Write(frame(0xc2, payload)); err != nil {
		return cutText(g, len(payload)), nil
	}
	return untilCut(g, len(payload))
}

// cutLimit is how long a server may take to see that somebody means no good.
const cutLimit = 10 * time.Second

// untilCut waits for the server to hang up.
func untilCut(g *attack.Guest, sent int) (string, error) {
	timer := time.NewTimer(cutLimit)
	defer timer.Stop()
	select {
	case <-g.Done():
		return cutText(g, sent), nil
	case <-timer.C:
		return "", reached("%d kB were taken, and the connection is open", sent>>10)
	}
}

// cutText says how a connection was cut. It waits for the reader to see it.
func cutText(g *attack.Guest, sent int) string {
	<-g.Done()
	how := "without a word"
	var said *websocket.CloseError
	if err := g.Cut(); errors.As(err, &said) {
		how = strings.TrimSpace(fmt.Sprintf("with %d %s", said.Code, said.Text))
	}
	return fmt.Sprintf("cut after %d kB %s", sent>>10, how)
}

// pour writes the same again and again until it is cut, or for as long as it may.
func pour(g *attack.Guest, what []byte, most int) (sent int, cut bool) {
	const batch = 64 << 10
	block := bytes.Repeat(what, max(1, batch/len(what)))
	for sent < most {
		if err := g.Conn().SetWriteDeadline(time.Now().Add(cutLimit)); err != nil {
			return sent, true
		}
		n, err := g.Conn().Write(block)
		sent += n
		if err != nil {
			return sent, true
		}
		if !g.In() {
			return sent, true
		}
	}
	return sent, false
}

// pouring sends first once and then the other without an end. A server cuts it.
func pouring(first, then []byte) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		g, err := s.participant()
		if err != nil {
			return "", err
		}
		if _, err := g.Conn().Write(first); err != nil {
			return "", err
		}
		frames := many(200_000, 2_000_000)
		sent, cut := pour(g, then, frames*len(then))
		if cut {
			return cutText(g, sent), nil
		}
		return untilCut(g, sent)
	}
}

func hugeMessage(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	size := many(256, 2048) << 20
	head := binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, uint64(size))
	if _, err := g.Conn().Write(append(head, 0, 0, 0, 0)); err != nil {
		return "", err
	}
	sent, cut := pour(g, make([]byte, 64<<10), size)
	if cut {
		return cutText(g, sent), nil
	}
	return untilCut(g, sent)
}

func hugeLength(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	head := binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, 1<<62)
	if _, err := g.Conn().Write(append(head, 0, 0, 0, 0)); err != nil {
		return "", err
	}
	return untilCut(g, len(head))
}

// malformed sends each to a connection of its own. All must be cut.
func malformed(frames ...[]byte) func(*stage) (string, error) {
	return func(s *stage) (said string, err error) {
		for _, f := range frames {
			g, err := s.participant()
			if err != nil {
				return said, err
			}
			if _, err := g.Conn().Write(f); err != nil {
				return said, err
			}
			if said, err = untilCut(g, len(f)); err != nil {
				return said, fmt.Errorf("frame %.8x: %w", f, err)
			}
		}
		return fmt.Sprintf("all %d %s", len(frames), said), nil
	}
}

// nestedJSON needs no token for its form: LiveKit reads text frames as JSON.
func nestedJSON(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	depth := many(30_000, 30_000)
	text := strings.Repeat(`{"offer":`, depth) + "0" + strings.Repeat("}", depth)
	if err := g.SayRaw(websocket.TextMessage, []byte(text)); err != nil {
		return cutText(g, len(text)), nil
	}
	text = `{"updateMetadata":{"attributes":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}}"
	if err := g.SayRaw(websocket.TextMessage, []byte(text)); err != nil {
		return cutText(g, len(text)), nil
	}
	return s.goesOn(g)
}

// goesOn tells that a guest is in the room still, or was cut: both hold.
func (s *stage) goesOn(g *attack.Guest) (string, error) {
	if err := s.stats(2); err != nil {
		return "", err
	}
	if g.In() {
		return "taken without harm", nil
	}
	return cutText(g, 0), nil
}

// slowReader asks and never listens.
func slowReader(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	ws, a, err := s.door.Socket(s.ctx, attack.JoinPath, attack.Packed(nil), admitted.Token, nil)
	if err != nil || ws == nil {
		return "", errors.Join(err, fmt.Errorf("%v", a))
	}
	s.later(func() { _ = ws.Close() })
	ask, err := proto.Marshal(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: 1, Rtt: 1}}})
	if err != nil {
		return "", err
	}
	sent := 0
	for range many(100_000, 1_000_000) {
		_ = ws.SetWriteDeadline(time.Now().Add(2 * time.Second))
		if ws.WriteMessage(websocket.BinaryMessage, ask) != nil {
			return fmt.Sprintf("not taken any more after %d messages", sent), nil
		}
		sent++
	}
	return fmt.Sprintf("%d messages were taken", sent), nil
}

func halfFrames(s *stage) (string, error) {
	cut := 0
	guests := make([]*attack.Guest, 0, many(10, 100))
	for range cap(guests) {
		g, err := s.participant()
		if err != nil {
			return "", err
		}
		guests = append(guests, g)
		if _, err := g.Conn().Write([]byte{0x82, 0xfe, 0x40}); err != nil {
			return "", err
		}
	}
	if err := s.stats(4); err != nil {
		return "", err
	}
	for _, g := range guests {
		if !g.In() {
			cut++
		}
	}
	return fmt.Sprintf("%d connections held, %d cut", len(guests)-cut, cut), nil
}

package relaywire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"sync/atomic"
)

// What a datagram between relay and server has, in this order.
const (
	sessionSize = 8
	countSize   = 8 // of datagrams of this direction, from 1 on: none is sealed twice alike
	headSize    = sessionSize + countSize
	flowSize    = 4 // names a guest's address; 0: nobody's, the two ask whether UDP comes through
	tagSize     = 16

	// Room is what stands before a payload, and End what stands behind it.
	Room = headSize + flowSize
	End  = tagSize
	// MaxPayload is the longest that a guest may send: more does not fit into one
	// packet of a usual network.
	MaxPayload = 1500
)

const (
	keySize  = 16
	saltSize = 4
	label    = "EXPORTER-foyer-relay-datagrams" // RFC 8446, 7.5
)

// ErrDatagram says that a datagram is not what the other end has sealed.
var ErrDatagram = errors.New("not a datagram of this session")

// Box seals the datagrams of one direction, or opens them. Seal may be called from any
// goroutine.
type Box struct {
	aead    cipher.AEAD
	salt    [saltSize]byte
	session uint64
	count   atomic.Uint64
}

// Boxes are those of a session, which both ends make of their TLS connection.
func Boxes(state tls.ConnectionState, session uint64) (fromServer, fromRelay *Box, err error) {
	raw, err := state.ExportKeyingMaterial(label, nil, 2*(keySize+saltSize))
	if err != nil {
		return nil, nil, err
	}
	half := len(raw) / 2
	if fromServer, err = newBox(raw[:half], session); err != nil {
		return nil, nil, err
	}
	fromRelay, err = newBox(raw[half:], session)
	return fromServer, fromRelay, err
}

func newBox(raw []byte, session uint64) (*Box, error) {
	block, err := aes.NewCipher(raw[:keySize])
	if err != nil {
		return nil, err
	}
	b := &Box{session: session}
	copy(b.salt[:], raw[keySize:])
	b.aead, err = cipher.NewGCM(block)
	return b, err
}

func (b *Box) nonce(count []byte) (nonce [saltSize + countSize]byte) {
	copy(nonce[:], b.salt[:])
	copy(nonce[saltSize:], count)
	return nonce
}

// Seal makes a datagram in place: the payload is buffer[Room:Room+size], and buffer has
// space for End more.
func (b *Box) Seal(buffer []byte, flow uint32, size int) []byte {
	binary.BigEndian.PutUint64(buffer, b.session)
	binary.BigEndian.PutUint64(buffer[sessionSize:], b.count.Add(1))
	binary.BigEndian.PutUint32(buffer[headSize:], flow)
	nonce := b.nonce(buffer[sessionSize:headSize])
	return b.aead.Seal(buffer[:headSize], nonce[:], buffer[headSize:Room+size], buffer[:headSize])
}

// Open opens one in place. The count says which of two was sealed later.
func (b *Box) Open(datagram []byte) (count uint64, flow uint32, payload []byte, err error) {
	if len(datagram) < Room+End {
		return 0, 0, nil, ErrDatagram
	}
	nonce := b.nonce(datagram[sessionSize:headSize])
	plain, err := b.aead.Open(datagram[headSize:headSize], nonce[:], datagram[headSize:], datagram[:headSize])
	if err != nil {
		return 0, 0, nil, ErrDatagram
	}
	return binary.BigEndian.Uint64(datagram[sessionSize:]), binary.BigEndian.Uint32(plain), plain[flowSize:], nil
}

// SessionOf is the session that a datagram claims; 0: none.
func SessionOf(datagram []byte) uint64 {
	if len(datagram) < Room+End {
		return 0
	}
	return binary.BigEndian.Uint64(datagram)
}

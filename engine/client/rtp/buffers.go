package rtp

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/pion/transport/v4/packetio"

	"foyer/engine/call"
)

// Limits of what has arrived from the network and was not read yet. pion takes a
// megabyte for each stream, and as many streams as a server sends.
const (
	maxRTPUnread  = call.MaxUnread / MaxSubscriptions
	maxRTCPUnread = 16 << 10
	maxBuffers    = 16 * MaxSubscriptions // RTP and RTCP, of tracks past and present
)

// receiveBuffers makes the buffers of one media connection, and counts them.
type receiveBuffers struct {
	open  atomic.Int64
	flood func() // called when there are too many
	once  sync.Once
}

func (b *receiveBuffers) make(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	if b.open.Add(1) > maxBuffers {
		b.once.Do(b.flood)
	}
	buffer := packetio.NewBuffer()
	if kind == packetio.RTPBufferPacket {
		buffer.SetLimitSize(maxRTPUnread)
	} else {
		buffer.SetLimitSize(maxRTCPUnread)
	}
	return &receiveBuffer{Buffer: buffer, owner: b}
}

// receiveBuffer is one of these.
type receiveBuffer struct {
	*packetio.Buffer
	owner *receiveBuffers
	once  sync.Once
}

// Close implements [io.Closer].
func (b *receiveBuffer) Close() error {
	b.once.Do(func() { b.owner.open.Add(-1) })
	return b.Buffer.Close()
}

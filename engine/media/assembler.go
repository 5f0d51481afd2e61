package media

import "time"

// maxFrameBytes is the largest encoded frame that is accepted. A 1080p key
// frame has some 300 kB.
const maxFrameBytes = 4 << 20

// encodedFrame is a whole encoded frame on its way to the decoder. Its buffer
// goes round.
type encodedFrame struct {
	data      []byte
	timestamp uint32
	key       bool
	afterLoss bool      // something before it is missing
	first     time.Time // when its first packet came
	complete  time.Time // when its last one came
}

// assembler makes frames out of packets in order (RFC 7741): from the packet
// that begins the first partition to the one with the marker.
type assembler struct {
	building *encodedFrame
	lost     bool // the next frame comes after a loss
	// The rest of the frame with the timestamp uselessAt is left out.
	useless   bool
	uselessAt uint32
	order     frameOrder
	spare     []*encodedFrame
	ready     []*encodedFrame
}

// add takes the next packet and returns the frames that it completes, in
// order: none, one, or two when a marker is missing. They are valid until
// recycled. ok is false when something turns out to be missing or broken.
func (a *assembler) add(p *packet) (frames []*encodedFrame, ok bool) {
	a.ready = a.ready[:0]
	switch {
	case p.damaged:
		a.lose()
		return nil, false
	case len(p.payload) == 0: // padding
		return nil, true
	}
	ok = true
	if a.building != nil && p.timestamp != a.building.timestamp {
		ok = a.endWithoutMarker(p)
	}
	if p.start {
		ok = a.begin(p) && ok
	}
	if a.building == nil {
		if a.useless && p.timestamp == a.uselessAt {
			return a.ready, ok
		}
		a.lost = true // the rest of a frame whose beginning is missing
		return a.ready, false
	}
	if len(a.building.data)+len(p.payload) > maxFrameBytes {
		a.lose()
		return a.ready, false
	}
	a.building.data = append(a.building.data, p.payload...)
	if p.marker {
		a.finish(p.arrived)
	}
	return a.ready, ok
}

// endWithoutMarker ends the frame because p belongs to another one. Some
// senders set no marker; nothing is missing if p begins a frame.
func (a *assembler) endWithoutMarker(p *packet) (ok bool) {
	if !p.start {
		a.lose()
		return false
	}
	a.finish(p.arrived)
	return true
}

// begin starts a frame.
func (a *assembler) begin(p *packet) (ok bool) {
	ok = true
	if a.building != nil { // a second beginning of the same frame
		a.lose()
		ok = false
	}
	switch a.order.judge(p) {
	case frameMissing:
		a.lost = true
		ok = false
	case frameUseless:
		a.useless, a.uselessAt = true, p.timestamp
		return ok
	case frameFollows:
	}
	a.useless = false
	f := a.take()
	f.timestamp, f.key, f.afterLoss, f.first = p.timestamp, p.key, a.lost, p.arrived
	a.lost = false
	a.building = f
	return ok
}

func (a *assembler) finish(at time.Time) {
	a.building.complete = at
	a.ready = append(a.ready, a.building)
	a.building = nil
}

// lose says that packets are missing here: the frame under construction is
// void, and the next one comes after a loss.
func (a *assembler) lose() {
	if a.building != nil {
		a.recycle(a.building)
		a.building = nil
	}
	a.lost = true
}

func (a *assembler) take() *encodedFrame {
	if n := len(a.spare); n > 0 {
		f := a.spare[n-1]
		a.spare = a.spare[:n-1]
		f.data = f.data[:0]
		return f
	}
	return &encodedFrame{}
}

// keepBytes is the largest buffer that goes round; larger ones are left to the
// garbage collector, so that one huge frame does not stay forever.
const keepBytes = 128 << 10

// keepSpare is how many buffers go round; what waits for its audio may be many.
const keepSpare = 8

// recycle gives a frame's buffer back.
func (a *assembler) recycle(f *encodedFrame) {
	if len(a.spare) < keepSpare && cap(f.data) <= keepBytes {
		a.spare = append(a.spare, f)
	}
}

// held is how many bytes the frame under construction has.
func (a *assembler) held() int {
	if a.building == nil {
		return 0
	}
	return len(a.building.data)
}

// frameOrder watches picture IDs: with all packets there, frames can still
// be missing because a server left them out.
type frameOrder struct {
	seen      bool
	pictureID int
	tl0       int
	upperLost bool // an upper temporal layer has a hole
}

type frameState int

const (
	frameFollows frameState = iota
	frameUseless            // depends on one that was left out; nothing depends on it
	frameMissing            // a frame that it depends on is missing
)

// judge compares the first packet of a frame with the frame before. Holes
// in the upper temporal layers are the server's right; a hole in the base layer
// is a loss.
func (o *frameOrder) judge(p *packet) frameState {
	if p.pictureID == absent {
		o.seen = false
		return frameFollows
	}
	follows := !o.seen || p.key || nextID(o.pictureID, p.pictureID)
	baseWhole := p.tl0 != absent && o.tl0 != absent &&
		(p.temporal == 0 && p.tl0 == (o.tl0+1)&0xff || p.temporal > 0 && p.tl0 == o.tl0)
	o.seen, o.pictureID, o.tl0 = true, p.pictureID, p.tl0
	if p.temporal == 0 || p.sync {
		o.upperLost = false
	}
	switch {
	case follows && o.upperLost && p.temporal > 0:
		return frameUseless
	case follows, baseWhole && (p.temporal == 0 || p.sync):
		return frameFollows
	case baseWhole:
		o.upperLost = true
		return frameUseless
	}
	return frameMissing
}

// nextID reports whether b is the frame after a, or a itself. IDs have 15 bits,
// or 7 in the short form.
func nextID(a, b int) bool {
	if a == b || (a+1)&0x7fff == b {
		return true
	}
	return a == 0x7f && b == 0
}

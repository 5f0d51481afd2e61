package audio

import (
	"fmt"

	"foyer/engine/media/opus"
)

const (
	// Limits of the target delay.
	minDelay = 20 * samplesPerMS
	maxDelay = 400 * samplesPerMS

	delayMargin    = 5 * samplesPerMS
	maxPullJitter  = 100 * samplesPerMS
	pullJitterFall = 5 * samplesPerMS // a second

	// The playout is stretched when the delay is off by more than these: too
	// little of it is heard, too much only felt. They are further apart than
	// a usual period of the voice, so that one splice never asks for another.
	tooLong  = 10 * samplesPerMS
	tooShort = 2 * samplesPerMS
	urgent   = 60 * samplesPerMS // then a worse splice is taken, and more often
	hopeless = 200 * samplesPerMS

	alikeEnough  = 0.75
	alikeUrgent  = 0.4
	stretchPause = 60 * samplesPerMS // of audio between two splices
	urgentPause  = 20 * samplesPerMS

	concealStep = 10 * samplesPerMS
	fadeAfter   = 100 * samplesPerMS // of concealed audio
	fadeOver    = 100 * samplesPerMS
	fadeIn      = 5 * samplesPerMS
	stopFade    = 10 * samplesPerMS
	idleAfter   = 1 * second // without packets the sender counts as paused

	// meanOver is how long the measured delay is averaged.
	meanOver = second / 2
	// astrayFor is for how much audio the delay must be far from its mean to be
	// believed at once.
	astrayFor = second / 10
	// From lossyShare of lost packets on it is worth to wait for the packet
	// after, which carries the FEC, until the share is below calmShare.
	lossyShare = 0.01
	calmShare  = 0.002
	// From heavyShare on it is worth to wait for the packet after that one, if each
	// carries two copies, until the share is below easedShare.
	heavyShare = 0.05
	easedShare = 0.025

	maxPull = 20 * samplesPerMS // frames
)

// jitterBuffer takes the packets of one track as they arrive and yields audio on
// demand. See the package comment; it belongs to the goroutine that pulls.
//
//	idle --first packet has waited for the target delay--> playing
//	playing --no packet for idleAfter, or a new stream--> idle
//
// The playing position is mediaNext + bridged - audio.ready(): mediaNext is the
// timestamp of the next packet to decode, bridged counts what was made up for it
// since it was due. A packet that comes while its absence is bridged is still
// played, so that the delay grows by what was bridged; one that is overtaken is
// lost.
type jitterBuffer struct {
	decoder *opus.Decoder
	packets reorderBuffer
	delay   delayEstimator
	audio   timeline
	fec     bool // FEC is used; only tests turn it off

	playing   bool
	fresh     bool // the decoder must forget the stream before
	splice    bool // the next packet does not continue the audio
	mediaNext int64
	bridged   int64

	offset     float64 // mean of local time minus playing position
	dip        float64 // how far single pulls fall below it
	astray     int     // samples pulled far from the mean, in a row
	pullFrames int     // usual length of a pull
	lossFrame  int64   // length of a frame that carries FEC or copies, 0 if none does
	copies     int     // that the last packet carried
	lossy      bool    // FEC and copies are worth waiting for
	heavy      bool    // second copies are, too
	pause      int     // until the next splice
	concealed  int     // made up since the last good packet
	gain       float32

	stats jitterStats
}

// jitterStats counts since the beginning, in packets and samples.
type jitterStats struct {
	decoded    uint64 // packets
	restored   uint64 // frames from FEC
	recovered  uint64 // packets of which a copy was played
	madeUp     uint64 // samples
	malformed  uint64
	duplicates uint64
	late       uint64
	skipped    uint64 // packets thrown away because the delay was hopeless
	shortened  uint64 // samples
	lengthened uint64 // samples
}

func newJitterBuffer() (*jitterBuffer, error) {
	d, err := opus.NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("jitter buffer: %w", err)
	}
	return &jitterBuffer{decoder: d, fec: true, gain: 0}, nil
}

func (b *jitterBuffer) close() { b.decoder.Close() }

// push takes a packet that came at the local time at. It copies the payload.
func (b *jitterBuffer) push(p rtpPacket, at int64) {
	if !p.red {
		b.copies = 0
		b.pushOpus(p, at)
		return
	}
	red, ok := parseRED(p.payload)
	if !ok {
		b.stats.malformed++
		return
	}
	p.payload = red.primary
	b.pushOpus(p, at)
	b.copies = red.n
	for _, c := range red.copies[:red.n] {
		info, err := opus.Inspect(c.payload)
		if err != nil {
			b.stats.malformed++
			continue
		}
		b.lossFrame = int64(info.Samples)
		b.packets.fill(p, c, info)
	}
}

func (b *jitterBuffer) pushOpus(p rtpPacket, at int64) {
	info, err := opus.Inspect(p.payload)
	if err != nil {
		b.stats.malformed++
		return
	}
	v, ts := b.packets.put(p, info, at)
	switch v {
	case refused:
		b.stats.malformed++
		return
	case duplicate:
		b.stats.duplicates++
		return
	case restarted:
		b.stop()
		b.delay.reset()
		b.fresh = true
	case tooLate:
		b.stats.late++
	case held:
	}
	if info.FEC {
		b.lossFrame = int64(info.FrameSamples)
	}
	b.delay.add(ts, at)
}

// forget ends the stream; the next packet begins a new one.
func (b *jitterBuffer) forget() {
	b.stop()
	b.packets.started = false
}

// pull fills stereo, at most maxPull frames, with the audio that is due at the
// local time at. It reports whether there is anything to be heard.
func (b *jitterBuffer) pull(stereo []int16, at int64) bool {
	n := len(stereo) / 2
	before, wasPlaying := b.position(), b.playing
	audible := b.playing || b.audio.ready() > 0
	b.pullFrames = max(n, b.pullFrames-1)
	if b.playing {
		b.observe(at, n)
		b.adjust(n)
	}
	for b.audio.ready() < n {
		if !b.playing && !b.start(at) {
			break
		}
		audible = true
		b.produce()
	}
	ready := min(n, b.audio.ready())
	b.audio.read(stereo[:2*ready])
	clear(stereo[2*ready:])
	b.pause = max(0, b.pause-n)
	if b.playing && wasPlaying {
		b.offset -= float64(b.position() - before - int64(n)) // what stretching and bridging moved
	}
	return audible
}

// position is the timestamp of the next sample to be played.
func (b *jitterBuffer) position() int64 {
	return b.mediaNext + b.bridged - int64(b.audio.ready())
}

// target is the delay that the network needs at present.
func (b *jitterBuffer) target() float64 {
	t := float64(b.delay.lateness) + b.dip + float64(b.pullFrames+delayMargin)
	if b.lossy {
		t += float64(b.lossFrame)
	}
	if b.heavy && b.copies > 1 {
		t += float64(b.lossFrame)
	}
	return min(max(t, minDelay), maxDelay)
}

// held is how much audio is there, decoded or not.
func (b *jitterBuffer) held() int64 { return b.packets.newest - b.position() }

// current is the delay of the playout behind the fastest packets.
func (b *jitterBuffer) current() float64 { return b.offset - float64(b.delay.fastest) }

// start begins to play once the first packet has waited for the target delay.
func (b *jitterBuffer) start(at int64) bool {
	p := b.packets.peek()
	if p == nil {
		return false
	}
	waited := func(p *heldPacket) bool { return float64(at-p.ts-b.delay.fastest) >= b.target() }
	if !waited(p) {
		return false
	}
	for next := b.packets.after(p.seq); next != nil && waited(next); next = b.packets.after(p.seq) {
		b.packets.take(p) // a backlog has come at once
		b.stats.skipped++
		p = next
	}
	if b.fresh {
		b.decoder.Reset()
		b.fresh = false
	}
	b.begin(p)
	b.playing, b.concealed, b.gain = true, 0, 0
	b.offset, b.dip, b.astray = float64(at-p.ts), 0, 0
	return true
}

// begin makes p the packet that is played next, whatever was missing before it.
func (b *jitterBuffer) begin(p *heldPacket) {
	for b.packets.next < p.seq {
		b.packets.pass()
	}
	b.mediaNext, b.bridged = p.ts, 0
	b.packets.overran = false
}

// stop fades what is playing and goes idle.
func (b *jitterBuffer) stop() {
	if !b.playing {
		return
	}
	b.playing = false
	if b.gain == 0 {
		return
	}
	room := b.audio.extend(stopFade)
	if b.decoder.DecodePLC(room) == nil {
		ramp(room, b.gain, 0)
		b.audio.commit(stopFade)
	}
	b.gain = 0
}

// observe measures the delay at the beginning of a pull of n frames.
func (b *jitterBuffer) observe(at int64, n int) {
	off := float64(at - b.position())
	if diff := off - b.offset; diff > hopeless || diff < -hopeless {
		b.astray += n
	} else {
		b.astray = 0
	}
	if b.astray > astrayFor { // the speaker had stalled or the machine slept
		b.offset, b.astray = off, 0
	}
	b.offset += (off - b.offset) * float64(n) / meanOver
	b.lossy = b.packets.lossy > lossyShare || (b.lossy && b.packets.lossy > calmShare)
	b.heavy = b.packets.lossy > heavyShare || (b.heavy && b.packets.lossy > easedShare)
	b.dip -= pullJitterFall * float64(n) / second
	b.dip = min(max(b.dip, b.offset-off, 0), maxPullJitter)
}

// adjust brings the delay nearer to its target.
func (b *jitterBuffer) adjust(n int) {
	if b.packets.overran {
		b.skip(0)
	}
	off := b.current() - b.target()
	if spare := min(off, float64(b.held()-minDelay)); spare > hopeless {
		b.skip(spare)
		return
	}
	if b.pause > 0 || b.concealed > 0 || (off < tooLong && off > -tooShort) {
		return
	}
	alike, pause := alikeEnough, stretchPause
	if off > urgent || off < -urgent/2 {
		alike, pause = alikeUrgent, urgentPause
	}
	var moved int
	if off > 0 {
		b.decodeAhead(n + overlap + maxPeriod)
		moved = b.audio.shorten(int(off), alike)
		b.stats.shortened += uint64(moved)
	} else {
		b.decodeAhead(max(n, overlap))
		moved = b.audio.lengthen(int(-off)+tooLong-tooShort, alike)
		b.stats.lengthened += uint64(moved)
	}
	if moved > 0 {
		b.pause = pause
	}
}

// decodeAhead makes up to n frames ready as far as that takes no guessing.
func (b *jitterBuffer) decodeAhead(n int) {
	for b.audio.ready() < n {
		p := b.packets.peek()
		if p == nil || p.seq != b.packets.next || p.ts-b.mediaNext-b.bridged >= opus.PLCUnit {
			return
		}
		b.decode(p)
	}
}

// skip leaves out packets worth off samples, because the playout is far behind
// (the speaker had stalled) or the buffer has overflown.
func (b *jitterBuffer) skip(off float64) {
	b.packets.overran, b.splice = false, true
	for p := b.packets.peek(); p != nil; p = b.packets.peek() {
		if off < float64(p.info.Samples) {
			b.begin(p)
			return
		}
		off -= float64(p.info.Samples)
		b.packets.take(p)
		b.mediaNext, b.bridged = p.ts+int64(p.info.Samples), 0
		b.stats.skipped++
	}
}

// produce makes some more audio ready.
func (b *jitterBuffer) produce() {
	p := b.packets.peek()
	if p == nil {
		b.bridge(concealStep)
		if b.bridged > idleAfter {
			b.stop()
		}
		return
	}
	if gap := p.ts - b.mediaNext - b.bridged; gap >= opus.PLCUnit {
		b.fill(p, gap)
		return
	}
	b.decode(p)
}

// fill makes audio for a part of the gap before p, whose packets are lost or, if
// the sender has paused, never were.
func (b *jitterBuffer) fill(p *heldPacket, gap int64) {
	frame := int64(p.info.FrameSamples)
	if p.seq > b.packets.next && p.info.FEC && b.fec && gap >= frame {
		if gap < frame+opus.PLCUnit && b.restore(p, frame) {
			b.giveUp(p)
			return
		}
		gap -= frame
	}
	gap = max(gap-gap%opus.PLCUnit, opus.PLCUnit)
	b.bridge(min(gap, concealStep))
	b.giveUp(p)
}

// giveUp ends the time of those lost packets before p that are wholly bridged:
// if one comes yet, it is too late.
func (b *jitterBuffer) giveUp(p *heldPacket) {
	for missing := p.seq - b.packets.next; missing > 0; missing-- {
		each := (p.ts - b.mediaNext) / missing
		if each <= 0 || b.bridged < each {
			return
		}
		b.packets.pass()
		b.mediaNext += each
		b.bridged -= each
	}
}

// restore makes n frames of the lost packet before p from p's FEC.
func (b *jitterBuffer) restore(p *heldPacket, n int64) bool {
	room := b.audio.extend(int(n))
	if b.decoder.DecodeFEC(p.data, room) != nil {
		return false
	}
	b.raise(room)
	b.audio.commit(int(n))
	b.bridged += n
	b.stats.restored++
	return true
}

// bridge makes up n frames, a multiple of opus.PLCUnit; they fade to silence.
func (b *jitterBuffer) bridge(n int64) {
	room := b.audio.extend(int(n))
	from := b.gain
	over := float32(b.concealed+int(n)-fadeAfter) / fadeOver
	b.gain = min(b.gain, max(0, min(1, 1-over)))
	if from == 0 || b.decoder.DecodePLC(room) != nil {
		clear(room)
		b.gain = 0
	} else {
		ramp(room, from, b.gain)
		b.stats.madeUp += uint64(n)
	}
	b.concealed += int(n)
	b.bridged += n
	b.audio.commit(int(n))
}

// decode makes the audio of p ready. Where it does not continue what was before,
// the decoder's own continuation of that fades out over it.
func (b *jitterBuffer) decode(p *heldPacket) {
	if p.copy {
		b.stats.recovered++
	}
	b.packets.take(p)
	jump := p.ts - b.mediaNext - b.bridged
	b.splice = b.splice || jump < -opus.PLCUnit || jump > opus.PLCUnit
	b.mediaNext, b.bridged = p.ts, 0
	var tail [2 * fadeIn]int16
	spliced := b.splice && b.gain > 0 && b.decoder.DecodePLC(tail[:]) == nil
	b.splice = false
	room := b.audio.extend(p.info.Samples)
	n, err := b.decoder.Decode(p.data, room)
	if err != nil || n != p.info.Samples {
		b.stats.malformed++
		b.bridge(int64(p.info.Samples))
		b.mediaNext, b.bridged = p.ts+int64(p.info.Samples), 0
		return
	}
	b.raise(room)
	if spliced {
		crossfade(tail[:], room)
	}
	b.audio.commit(n)
	b.mediaNext += int64(n)
	b.concealed = 0
	b.stats.decoded++
}

// raise fades good audio in after a silence.
func (b *jitterBuffer) raise(room []int16) {
	if b.gain < 1 {
		n := min(len(room), 2*fadeIn)
		ramp(room[:n], b.gain, 1)
		b.gain = 1
	}
}

// ramp multiplies stereo audio with a gain that goes from a to z.
func ramp(stereo []int16, a, z float32) {
	if a == 1 && z == 1 {
		return
	}
	step := (z - a) / float32(len(stereo)/2)
	for i := 0; i+1 < len(stereo); i += 2 {
		g := a + step*float32(i/2)
		stereo[i] = int16(float32(stereo[i]) * g)
		stereo[i+1] = int16(float32(stereo[i+1]) * g)
	}
}

// crossfade goes from old to the audio in fresh, over the length of old.
func crossfade(old, fresh []int16) {
	n := min(len(old), len(fresh))
	for i := range n {
		w := int32(i / 2)
		all := int32(n / 2)
		fresh[i] = int16((int32(old[i])*(all-w) + int32(fresh[i])*w) / all)
	}
}

//go:build linux

package coding

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/media"
	"foyer/engine/media/opus"
	"foyer/internal/drive"
)

const (
	warmUp   = 2 * time.Second
	measured = 10 * time.Second

	voices  = 50
	mostMix = 0.30 // of a core
	packet  = 20 * time.Millisecond
	apart   = 17 // packets between one voice's place in the speech and the next one's
)

// Mix measures the decoding and mixing of many voices, all of which speak.
func Mix(ctx context.Context, b *harness.Bench) error {
	packets, err := encodeSpeech(ctx)
	if err != nil {
		return err
	}
	m := media.New(media.Config{Log: engine.SilentLog()})
	defer m.Close()
	speaker := newSpeaker()
	defer speaker.Close()
	m.SetSpeaker(speaker)
	defer m.SetSpeaker(nil)
	all := make([]*voice, voices)
	receivers := make([]call.Receiver, voices)
	for i := range all {
		all[i] = newVoice(i)
		receivers[i] = m.Receive(all[i])
		defer receivers[i].Close()
	}
	network := send(all, packets)
	defer network.end()
	if err := harness.Pause(ctx, warmUp); err != nil {
		return err
	}
	used, heard, start := harness.Own(), speaker.loud.Load(), time.Now()
	if err := harness.Pause(ctx, measured); err != nil {
		return err
	}
	used, heard = harness.Own()-used, speaker.loud.Load()-heard
	took := time.Since(start)
	share := used.Seconds() / took.Seconds()
	decoded := uint64(math.MaxUint64)
	for _, r := range receivers {
		decoded = min(decoded, r.Stats().FramesDecoded)
	}
	sent := uint64((took + warmUp) / packet)
	b.Table.Row(fmt.Sprintf("Decode and mix %d voices", voices),
		fmt.Sprintf("%.1f %% of a core, %d of %d packets of the slowest decoded", 100*share, decoded, sent),
		fmt.Sprintf("<= %.0f %%", 100*mostMix), share <= mostMix && 10*decoded >= 9*sent && heard > 0)
	return nil
}

// encodeSpeech is speech as a microphone sends it.
func encodeSpeech(ctx context.Context) (packets [][]byte, err error) {
	const text = "Meetings are better when everybody can hear everybody else, and nobody hears themselves."
	said, err := drive.Speak(ctx, text, 50)
	if err != nil {
		return nil, err
	}
	e, err := opus.NewEncoder()
	if err != nil {
		return nil, err
	}
	defer e.Close()
	buf := make([]byte, opus.MaxFrameBytes)
	for ; len(said) >= opus.FrameSamples; said = said[opus.FrameSamples:] {
		n, err := e.Encode(said[:opus.FrameSamples], buf)
		if err != nil {
			return nil, err
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	return packets, nil
}

// send delivers a packet of each voice every 20 ms.
func send(all []*voice, packets [][]byte) *pace {
	return newPace(func(i int) {
		for k, v := range all {
			v.give(i, packets[(i+apart*k)%len(packets)])
		}
	})
}

// pace does something every 20 ms, and makes up for what a busy machine has delayed.
type pace struct {
	stop chan struct{}
	done chan struct{}
}

func newPace(do func(i int)) *pace {
	p := &pace{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(packet)
		defer tick.Stop()
		for i, began := 0, time.Now(); ; {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			for ; i < int(time.Since(began)/packet); i++ {
				do(i)
			}
		}
	}()
	return p
}

func (p *pace) end() {
	close(p.stop)
	<-p.done
}

// voice is a track of somebody who speaks.
type voice struct {
	name    call.Identity
	packets chan []byte
	ended   chan struct{}
	once    sync.Once
}

func newVoice(i int) *voice {
	name := call.Identity(fmt.Sprint("voice", i))
	return &voice{name: name, packets: make(chan []byte, 64), ended: make(chan struct{})}
}

// give delivers a packet, unless the receiver is far behind.
func (v *voice) give(number int, payload []byte) {
	const version, payloadType, header = 2 << 6, 111, 12
	p := make([]byte, header, header+len(payload))
	p[0], p[1] = version, payloadType
	binary.BigEndian.PutUint16(p[2:], uint16(number))
	binary.BigEndian.PutUint32(p[4:], uint32(number*opus.FrameSamples))
	binary.BigEndian.PutUint32(p[8:], 1)
	select {
	case v.packets <- append(p, payload...):
	default:
	}
}

// Owner implements [call.RemoteTrack].
func (v *voice) Owner() call.Identity { return v.name }

// OwnerSID implements [call.RemoteTrack].
func (v *voice) OwnerSID() call.SID { return call.SID("PA_" + v.name) }

// Info implements [call.RemoteTrack].
func (v *voice) Info() call.Track {
	return call.Track{SID: call.SID("TR_" + v.name), Source: call.SourceMicrophone, Kind: call.KindAudio}
}

// MIME implements [call.RemoteTrack].
func (*voice) MIME() string { return call.MIMEOpus }

// ClockRate implements [call.RemoteTrack].
func (*voice) ClockRate() int { return call.SampleRate }

// ReadRTP implements [call.RemoteTrack].
func (v *voice) ReadRTP(buf []byte) (n int, err error) {
	select {
	case p := <-v.packets:
		return copy(buf, p), nil
	case <-v.ended:
		return 0, io.EOF
	}
}

// Interrupt implements [call.RemoteTrack].
func (v *voice) Interrupt() { v.once.Do(func() { close(v.ended) }) }

// RequestKeyFrame implements [call.RemoteTrack].
func (*voice) RequestKeyFrame() {}

// SenderReport implements [call.RemoteTrack].
func (*voice) SenderReport() (ntp time.Time, rtp uint32, ok bool) { return ntp, 0, false }

// speaker asks for audio every 20 ms, as the driver does.
type speaker struct {
	fill atomic.Pointer[func([]int16)]
	loud atomic.Int64 // times that something was heard
	pace *pace
}

func newSpeaker() *speaker {
	s := new(speaker)
	stereo := make([]int16, 2*opus.FrameSamples)
	s.pace = newPace(func(int) {
		if fill := s.fill.Load(); fill != nil {
			(*fill)(stereo)
			s.listen(stereo)
		}
	})
	return s
}

// listen counts what is loud enough to be speech.
func (s *speaker) listen(stereo []int16) {
	for _, v := range stereo {
		if v > 1000 || v < -1000 {
			s.loud.Add(1)
			return
		}
	}
}

// Play implements [call.Speaker].
func (s *speaker) Play(fill func(stereo []int16)) {
	if fill == nil {
		s.fill.Store(nil)
		return
	}
	s.fill.Store(&fill)
}

// Delay implements [call.Speaker].
func (*speaker) Delay() int { return opus.FrameSamples }

// Close implements [call.Handle]. It is called once.
func (s *speaker) Close() error {
	s.pace.end()
	return nil
}

// Info implements [call.Handle].
func (*speaker) Info() call.Device { return call.Device{Source: call.SourceSpeaker, Name: "speaker"} }

// Lost implements [call.Handle].
func (*speaker) Lost() <-chan struct{} { return nil }

// LostErr implements [call.Handle].
func (*speaker) LostErr() error { return nil }

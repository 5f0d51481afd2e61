package devices

import (
	"context"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// ringLength limits what a slow reader finds when it comes back: older audio is
// dropped, because late audio is worse than lost audio.
const ringLength = call.SampleRate / 5 // 200 ms

// audioCapture is an open microphone, or what stands in for one.
type audioCapture struct {
	*handle
	ring ring
}

var _ mic.Stereo = (*audioCapture)(nil)

func (d *Devices) openMicrophone(ctx context.Context, choice string) (*audioCapture, error) {
	switch {
	case choice == call.DeviceTest:
		return d.startPlayer(ctx, testDevice(call.SourceMicrophone), func() (player, error) { return new(testTone), nil })
	case looksLikeFile(choice, extWAV):
		dev := call.Device{Source: call.SourceMicrophone, ID: choice, Name: choice}
		d.playsFrom(dev)
		return d.startPlayer(ctx, dev, func() (player, error) { return openWAV(choice) })
	case d.drivers.Audio == nil:
		return nil, call.ErrNoSoundServer
	}
	c := newAudioCapture(call.Device{Source: call.SourceMicrophone, Name: choice})
	alive := newHeartbeat()
	var channels loudest
	deliver := func(samples []int16, n int) {
		alive.hear()
		c.ring.write(channels.take(samples, n))
	}
	err := d.startAudio(ctx, c.handle, choice, alive, func() (AudioStream, error) {
		return d.drivers.Audio.OpenMicrophone(choice, deliver)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func newAudioCapture(info call.Device) *audioCapture {
	return &audioCapture{handle: newHandle(info), ring: ring{wake: make(chan struct{}, 1)}}
}

// ReadAudio implements [call.AudioCapture].
func (c *audioCapture) ReadAudio(dst []int16) error {
	return c.read(len(dst), func(i int, h heard) { dst[i] = h.voice })
}

// ReadStereo implements [mic.Stereo].
func (c *audioCapture) ReadStereo(dst []int16) error {
	return c.read(len(dst)/2, func(i int, h heard) { dst[2*i], dst[2*i+1] = h.left, h.right })
}

// read waits until there were n moments, and takes them one by one.
func (c *audioCapture) read(n int, take func(i int, h heard)) error {
	for done := 0; ; {
		if err := c.ended(); err != nil {
			return err
		}
		done += c.ring.read(n-done, func(i int, h heard) { take(done+i, h) })
		if done == n {
			return nil
		}
		select {
		case <-c.ring.wake:
		case <-c.stop:
		case <-c.lost:
		}
	}
}

// player makes audio without hardware.
type player interface {
	channels() int
	// fill makes the next samples (48 kHz, the channels interleaved).
	fill(dst []int16) error
	close() error
}

// startPlayer starts a microphone that is no hardware.
func (d *Devices) startPlayer(
	ctx context.Context, dev call.Device, open func() (player, error),
) (*audioCapture, error) {
	c := newAudioCapture(dev)
	err := d.start(ctx, "", c.handle, func() (openDevice, error) {
		p, err := open()
		if err != nil {
			return openDevice{}, err
		}
		return openDevice{run: func() { c.play(p) }, close: p.close}, nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// play delivers 10 ms chunks at the pace of the clock.
func (c *audioCapture) play(p player) {
	const chunk = call.SampleRate / 100
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	var channels loudest
	n := p.channels()
	buf := make([]int16, chunk*n)
	began, made := time.Now(), int64(0)
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		}
		due := int64(time.Since(began)) * call.SampleRate / int64(time.Second)
		if due-made > ringLength { // the computer slept
			made = due - chunk
		}
		for ; made+chunk <= due; made += chunk {
			if err := p.fill(buf); err != nil {
				c.lose(err)
				return
			}
			c.ring.write(channels.take(buf, n))
		}
	}
}

// ring holds the newest audio for one reader.
type ring struct {
	wake chan struct{} // 1-slot

	mu    sync.Mutex
	buf   [ringLength]heard
	first int // index of the oldest
	n     int // held
}

// write appends audio and drops the oldest when it is full.
func (r *ring) write(audio []heard) {
	if over := len(audio) - ringLength; over > 0 {
		audio = audio[over:]
	}
	r.mu.Lock()
	if over := r.n + len(audio) - ringLength; over > 0 {
		r.first = (r.first + over) % ringLength
		r.n -= over
	}
	at := (r.first + r.n) % ringLength
	copied := copy(r.buf[at:], audio)
	copy(r.buf[:], audio[copied:])
	r.n += len(audio)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// read takes the oldest, as many as there are up to most.
func (r *ring) read(most int, take func(i int, h heard)) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(most, r.n)
	for i := range n {
		take(i, r.buf[(r.first+i)%ringLength])
	}
	r.first = (r.first + n) % ringLength
	r.n -= n
	return n
}

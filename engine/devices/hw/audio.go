package hw

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/devices"
)

// Periods of the driver. 10 ms is what the encoder eats; playback has more,
// because a late thread is heard there.
const (
	capturePeriod  = 10 // ms
	playbackPeriod = 20 // ms
)

// appName is what the sound system's mixer shows.
const appName = "Foyer"

// audio implements devices.AudioDriver over miniaudio. Every stream has its own
// connection to the sound system: a frozen or dead one takes nothing else with
// it, and nothing is shared between threads.
type audio struct {
	log logrus.FieldLogger

	mu          sync.Mutex
	streams     map[*audioStream]struct{} // not given back
	connections int                       // to the sound system
	ever        int                       // the same, with those that have ended
}

func newAudio(log logrus.FieldLogger) *audio {
	return &audio{log: log, streams: map[*audioStream]struct{}{}}
}

// held lists the streams that have not been given back.
func (s *audio) held() []call.Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []call.Device
	for stream := range s.streams {
		list = append(list, stream.info)
	}
	return list
}

// usesCards reports whether a stream of that source uses a sound card's file itself,
// which does not say whose it is.
func (s *audio) usesCards(source call.Source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		if stream.info.Source == source && stream.conn.backend == malgo.BackendAlsa {
			return true
		}
	}
	return false
}

// count is the number of connections to the sound system, now and ever.
func (s *audio) count() (now, ever int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, s.ever
}

// List implements devices.AudioDriver.
func (s *audio) List() ([]call.Device, error) {
	c, err := s.connect(realBackends()...)
	if err != nil {
		return nil, err
	}
	var list []call.Device
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceSpeaker} {
		part, e := c.endpoints(source)
		for _, p := range part {
			list = append(list, p.Device)
		}
		err = errors.Join(err, e)
	}
	return list, errors.Join(err, c.close())
}

// OpenMicrophone implements devices.AudioDriver.
func (s *audio) OpenMicrophone(
	device string, deliver func(samples []int16, channels int),
) (devices.AudioStream, error) {
	if err := permit(call.SourceMicrophone); err != nil {
		return nil, err
	}
	config := malgo.DefaultDeviceConfig(malgo.Capture)
	config.PeriodSizeInMilliseconds = capturePeriod
	config.Capture.Format = malgo.FormatS16
	config.Capture.Channels = 0 // its own: asked for one, the sound system takes the mean
	config.Pulse.StreamNameCapture = "microphone"
	data := func(_, in []byte, frames uint32) {
		if n := samples(in); len(n) > 0 && frames > 0 {
			deliver(n, len(n)/int(frames))
		}
	}
	return s.open(call.SourceMicrophone, device, config, data)
}

// OpenSpeaker implements devices.AudioDriver.
func (s *audio) OpenSpeaker(device string, fill func(stereo []int16)) (devices.AudioStream, error) {
	config := malgo.DefaultDeviceConfig(malgo.Playback)
	config.PeriodSizeInMilliseconds = playbackPeriod
	config.Playback.Format = malgo.FormatS16
	config.Playback.Channels = 2
	config.Pulse.StreamNamePlayback = "room"
	return s.open(call.SourceSpeaker, device, config, func(out, _ []byte, _ uint32) {
		if len(out) > 0 {
			fill(samples(out))
		}
	})
}

// samples sees the driver's bytes as samples, without a copy.
func samples(b []byte) []int16 {
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/2)
}

func (s *audio) open(
	source call.Source, choice string, config malgo.DeviceConfig, data malgo.DataProc,
) (*audioStream, error) {
	began := time.Now()
	c, err := s.connect(realBackends()...)
	if err != nil {
		return nil, err
	}
	stream := &audioStream{driver: s, choice: choice, conn: c}
	if err := stream.start(source, config, data); err != nil {
		return nil, errors.Join(err, c.close())
	}
	s.mu.Lock()
	s.streams[stream] = struct{}{}
	s.mu.Unlock()
	s.log.WithFields(logrus.Fields{
		"source": source.String(), "device": stream.info.ID, "took": time.Since(began),
	}).Debug("audio device opened")
	return stream, nil
}

// audioStream implements devices.AudioStream.
type audioStream struct {
	driver *audio
	choice string
	conn   *connection
	device *malgo.Device
	info   call.Device
	ahead  buffered
}

// start opens and starts the device in the stream's context. A device that does
// not exist is never asked for: miniaudio would use memory that it has not set,
// and leak its connection.
func (s *audioStream) start(source call.Source, config malgo.DeviceConfig, data malgo.DataProc) error {
	e, err := s.conn.pick(source, s.choice)
	if err != nil {
		return err
	}
	s.info = e.Device
	config.SampleRate = call.SampleRate
	var pin runtime.Pinner
	defer pin.Unpin()
	// The default device is asked for without its name, so that the sound
	// system moves us along when the user changes the default.
	if s.choice != "" || !e.Default {
		pin.Pin(e.id)
		config.Capture.DeviceID = unsafe.Pointer(e.id)
		config.Playback.DeviceID = unsafe.Pointer(e.id)
	}
	count := func(out, in []byte, frames uint32) {
		s.ahead.add(int(frames))
		data(out, in, frames)
	}
	if s.device, err = malgo.InitDevice(s.conn.ctx.Context, config, malgo.DeviceCallbacks{Data: count}); err != nil {
		return audioError(err)
	}
	s.ahead.start()
	if err := s.device.Start(); err != nil {
		s.device.Uninit()
		return audioError(err)
	}
	return nil
}

func (s *audioStream) Info() call.Device { return s.info }

// Delay implements devices.AudioStream.
func (s *audioStream) Delay() int { return s.ahead.samples() }

// Check implements devices.AudioStream over a connection of its own. Another
// sound system than the stream's would answer for the wrong devices.
func (s *audioStream) Check() error {
	c, err := s.driver.connect(s.conn.backend)
	if err != nil {
		return err
	}
	_, err = c.pick(s.info.Source, s.choice)
	if errors.Is(err, call.ErrDeviceMissing) {
		err = fmt.Errorf("%w: it was taken away", call.ErrDeviceLost)
	}
	return errors.Join(err, c.close())
}

// Close implements devices.AudioStream. Stop comes first: Uninit alone can hang
// on a device that is gone (mackron/miniaudio#881). An error of Stop only says
// that there was nothing left to stop.
func (s *audioStream) Close() error {
	_ = s.device.Stop()
	s.device.Uninit()
	err := s.conn.close()
	s.driver.mu.Lock()
	delete(s.driver.streams, s)
	s.driver.mu.Unlock()
	return err
}

// buffered measures how far ahead of the loudspeaker a stream is filled: what
// was asked for in the first moments, less what has been played in that time.
// After that the sound system keeps the distance.
type buffered struct {
	began  time.Time
	frames atomic.Int64
	most   atomic.Int64
}

// measuring is how long the distance is measured.
const measuring = time.Second

func (b *buffered) start() { b.began = time.Now() }

func (b *buffered) add(frames int) {
	total := b.frames.Add(int64(frames))
	age := time.Since(b.began)
	if age > measuring {
		return
	}
	ahead := total - int64(age)*call.SampleRate/int64(time.Second)
	if ahead > b.most.Load() {
		b.most.Store(ahead)
	}
}

func (b *buffered) samples() int { return int(b.most.Load()) }

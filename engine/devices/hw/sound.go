package hw

import (
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
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

// sound implements devices.SoundDriver over miniaudio. Every stream has its own
// miniaudio context, that is its own connection to the sound server: a frozen or
// dead one takes nothing else with it, and nothing is shared between threads.
type sound struct {
	log      logrus.FieldLogger
	backends []malgo.Backend
}

func newSound(log logrus.FieldLogger) *sound {
	return &sound{log: log, backends: realBackends()}
}

// realBackends are tried in this order. Without a list miniaudio would end with
// its null backend, a microphone that hears nothing.
func realBackends() []malgo.Backend {
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi, malgo.BackendDsound, malgo.BackendWinmm}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	case "linux":
		return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa, malgo.BackendJack}
	default:
		return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendSndio, malgo.BackendAudio4, malgo.BackendOss}
	}
}

// connect connects to the sound system.
func (s *sound) connect() (*malgo.AllocatedContext, error) {
	name := append([]byte(appName), 0)
	var pin runtime.Pinner // the configuration lies in Go memory and points at the name
	pin.Pin(&name[0])
	defer pin.Unpin()
	config := malgo.ContextConfig{}
	config.Pulse.PApplicationName = &name[0]
	config.Jack.PClientName = &name[0]
	ctx, err := malgo.InitContext(s.backends, config, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrNoSoundServer, err)
	}
	return ctx, nil
}

func disconnect(ctx *malgo.AllocatedContext) error {
	err := ctx.Uninit()
	ctx.Free()
	return err
}

// List implements devices.SoundDriver.
func (s *sound) List() ([]call.Device, error) {
	ctx, err := s.connect()
	if err != nil {
		return nil, err
	}
	var list []call.Device
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceSpeaker} {
		part, e := endpoints(ctx, source)
		for _, p := range part {
			list = append(list, p.Device)
		}
		err = errors.Join(err, e)
	}
	return list, errors.Join(err, disconnect(ctx))
}

// endpoint is a device with miniaudio's name for it.
type endpoint struct {
	call.Device
	id malgo.DeviceID
}

// endpoints lists the microphones or speakers that a context knows.
func endpoints(ctx *malgo.AllocatedContext, source call.Source) ([]endpoint, error) {
	kind := malgo.Playback
	if source == call.SourceMicrophone {
		kind = malgo.Capture
	}
	infos, err := ctx.Devices(kind)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrNoSoundServer, err)
	}
	var list []endpoint
	for _, info := range infos {
		id := endpointID(info.ID)
		if !realEndpoint(id) {
			continue
		}
		list = append(list, endpoint{
			Device: call.Device{Source: source, ID: id, Name: info.Name(), Default: info.IsDefault != 0},
			id:     info.ID,
		})
	}
	return list, nil
}

// endpointID is the text in miniaudio's ID, or its bytes in hex: PulseAudio and
// ALSA have text, WASAPI has UTF-16.
func endpointID(id malgo.DeviceID) string {
	text, _, _ := strings.Cut(string(id[:]), "\x00")
	for _, r := range text {
		if r < ' ' || r > '~' {
			text = ""
		}
	}
	if len(text) < 2 {
		return hex.EncodeToString([]byte(strings.TrimRight(string(id[:]), "\x00")))
	}
	return text
}

// realEndpoint leaves out ALSA's silent plug-in and PulseAudio's copies of what
// is being played, which are its default microphone where there is none.
func realEndpoint(id string) bool {
	return id != "null" && !strings.HasSuffix(id, ".monitor")
}

// pick finds the device that the user means.
func pick(ctx *malgo.AllocatedContext, source call.Source, choice string) (endpoint, error) {
	list, err := endpoints(ctx, source)
	if err != nil {
		return endpoint{}, err
	}
	plain := make([]call.Device, len(list))
	for i, e := range list {
		plain[i] = e.Device
	}
	if d, ok := devices.Choose(plain, source, choice); ok {
		return list[slices.Index(plain, d)], nil
	}
	return endpoint{}, missing(ctx, len(list))
}

// missing tells a missing device from a computer without any sound: there ALSA
// still answers, with nothing to offer.
func missing(ctx *malgo.AllocatedContext, others int) error {
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceSpeaker} {
		list, err := endpoints(ctx, source)
		if err != nil {
			return err
		}
		others += len(list)
	}
	if others == 0 {
		return call.ErrNoSoundServer
	}
	return call.ErrDeviceMissing
}

// OpenMicrophone implements devices.SoundDriver.
func (s *sound) OpenMicrophone(device string, deliver func(mono []int16)) (devices.SoundStream, error) {
	config := malgo.DefaultDeviceConfig(malgo.Capture)
	config.PeriodSizeInMilliseconds = capturePeriod
	config.Capture.Format = malgo.FormatS16
	config.Capture.Channels = 1
	config.Pulse.StreamNameCapture = "microphone"
	data := func(_, in []byte, _ uint32) {
		if len(in) > 0 {
			deliver(samples(in))
		}
	}
	return s.open(call.SourceMicrophone, device, config, data)
}

// OpenSpeaker implements devices.SoundDriver.
func (s *sound) OpenSpeaker(device string, fill func(stereo []int16)) (devices.SoundStream, error) {
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

func (s *sound) open(source call.Source, choice string, config malgo.DeviceConfig, data malgo.DataProc) (*soundStream, error) {
	began := time.Now()
	ctx, err := s.connect()
	if err != nil {
		return nil, err
	}
	stream := &soundStream{driver: s, choice: choice, ctx: ctx}
	if err := stream.start(source, choice, config, data); err != nil {
		return nil, errors.Join(err, disconnect(ctx))
	}
	s.log.WithFields(logrus.Fields{
		"source": source.String(), "device": stream.info.ID, "took": time.Since(began),
	}).Debug("sound device opened")
	return stream, nil
}

// soundStream implements devices.SoundStream.
type soundStream struct {
	driver *sound
	choice string
	ctx    *malgo.AllocatedContext
	device *malgo.Device
	info   call.Device
	ahead  buffered
}

// start opens and starts the device in the stream's context. A device that does
// not exist is never asked for: miniaudio would use memory that it has not set,
// and leak its connection.
func (s *soundStream) start(source call.Source, choice string, config malgo.DeviceConfig, data malgo.DataProc) error {
	e, err := pick(s.ctx, source, choice)
	if err != nil {
		return err
	}
	s.info = e.Device
	config.SampleRate = call.SampleRate
	var pin runtime.Pinner
	defer pin.Unpin()
	// The default device is asked for without its name, so that the sound
	// system moves us along when the user changes the default.
	if choice != "" || !e.Default {
		pin.Pin(&e.id)
		config.Capture.DeviceID = unsafe.Pointer(&e.id)
		config.Playback.DeviceID = unsafe.Pointer(&e.id)
	}
	count := func(out, in []byte, frames uint32) {
		s.ahead.add(int(frames))
		data(out, in, frames)
	}
	if s.device, err = malgo.InitDevice(s.ctx.Context, config, malgo.DeviceCallbacks{Data: count}); err != nil {
		return soundError(err)
	}
	s.ahead.start()
	if err := s.device.Start(); err != nil {
		s.device.Uninit()
		return soundError(err)
	}
	return nil
}

func (s *soundStream) Info() call.Device { return s.info }

// Delay implements devices.SoundStream.
func (s *soundStream) Delay() int { return s.ahead.samples() }

// Check implements devices.SoundStream over a connection of its own.
func (s *soundStream) Check() error {
	ctx, err := s.driver.connect()
	if err != nil {
		return err
	}
	_, err = pick(ctx, s.info.Source, s.choice)
	if errors.Is(err, call.ErrDeviceMissing) {
		err = fmt.Errorf("%w: it was taken away", call.ErrDeviceLost)
	}
	return errors.Join(err, disconnect(ctx))
}

// Close implements devices.SoundStream. Stop comes first: Uninit alone can hang
// on a device that is gone (mackron/miniaudio#881). An error of Stop only says
// that there was nothing left to stop.
func (s *soundStream) Close() error {
	_ = s.device.Stop()
	s.device.Uninit()
	return disconnect(s.ctx)
}

// soundError tells the causes apart.
func soundError(err error) error {
	switch {
	case errors.Is(err, malgo.ErrBusy), errors.Is(err, malgo.ErrAlreadyInUse):
		return fmt.Errorf("%w: %w", call.ErrDeviceBusy, err)
	case errors.Is(err, malgo.ErrAccessDenied):
		return fmt.Errorf("%w: %w", call.ErrDeviceForbidden, err)
	case errors.Is(err, malgo.ErrNoDevice), errors.Is(err, malgo.ErrDoesNotExist):
		return fmt.Errorf("%w: %w", call.ErrDeviceMissing, err)
	default:
		return fmt.Errorf("%w: %w", call.ErrDeviceFailed, err)
	}
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

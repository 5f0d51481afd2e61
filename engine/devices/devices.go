package devices

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
)

// Defaults of captures: what a call can use (720p30 is the largest camera layer
// of LiveKit clients, 1080p15 their screen share).
const (
	defaultCameraWidth, defaultCameraHeight, defaultCameraFPS = 1280, 720, 30
	defaultScreenWidth, defaultScreenHeight, defaultScreenFPS = 1920, 1080, 15
)

// Limits of what a capture may be asked for and of frames in files: no camera
// in use is larger, and a forged header must not cost gigabytes.
const (
	MaxWidth  = 4096
	MaxHeight = 2304
	maxFPS    = 60
)

// Config is what [New] needs.
type Config struct {
	Log     logrus.FieldLogger
	Drivers Drivers
	// NewDecoder makes the decoder for an IVF file's frames: "video/VP8",
	// "video/VP9". Without it such files are refused.
	NewDecoder func(mime string) (call.VideoDecoder, error)
}

// Devices implements [call.Devices].
type Devices struct {
	log        logrus.FieldLogger
	drivers    Drivers
	newDecoder func(mime string) (call.VideoDecoder, error)

	camera, screen, audio *lister

	wg sync.WaitGroup // owners and enumerations

	mu     sync.Mutex
	closed bool
	claims map[string]*handle // the newest user of each device
	open   map[*handle]struct{}
	files  map[string]call.Device // that have stood in for one, by their real paths
}

var _ call.Devices = (*Devices)(nil)

// New returns Devices. It touches no hardware.
func New(c Config) *Devices {
	d := &Devices{
		log:        c.Log,
		drivers:    c.Drivers,
		newDecoder: c.NewDecoder,
		claims:     make(map[string]*handle),
		open:       make(map[*handle]struct{}),
		files:      make(map[string]call.Device),
	}
	if c.Drivers.Camera != nil {
		d.camera = d.newLister(c.Drivers.Camera.List)
	}
	if c.Drivers.Screen != nil {
		d.screen = d.newLister(c.Drivers.Screen.List)
	}
	if c.Drivers.Audio != nil {
		d.audio = d.newLister(c.Drivers.Audio.List)
	}
	return d
}

func (d *Devices) newLister(list func() ([]call.Device, error)) *lister {
	return &lister{list: list, begin: d.begin, end: d.wg.Done}
}

func (d *Devices) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return call.ErrClosed
	}
	d.wg.Add(1)
	return nil
}

// List enumerates cameras, screens, microphones and speakers anew. A kind that
// cannot be listed has no devices: a computer without audio is no error. When
// the context ends it returns what is known and why it is not more.
func (d *Devices) List(ctx context.Context) ([]call.Device, error) {
	listers := []*lister{d.camera, d.screen, d.audio}
	found := make([][]call.Device, len(listers))
	errs := make([]error, len(listers))
	var wg sync.WaitGroup
	for i, l := range listers {
		if l != nil {
			wg.Go(func() { found[i], errs[i] = l.refresh(ctx) })
		}
	}
	wg.Wait()
	var all []call.Device
	for i, part := range found {
		all = append(all, part...)
		if err := errs[i]; err != nil {
			d.log.WithError(err).Debug("some devices cannot be listed")
		}
	}
	if err := errors.Join(errs...); errors.Is(err, call.ErrClosed) || ctx.Err() != nil {
		return all, call.DeviceErrorOf(call.Device{}, err)
	}
	return all, nil
}

// Open implements [call.Devices].
func (d *Devices) Open(ctx context.Context, req call.DeviceRequest) (call.Capture, error) {
	want, err := wanted(req)
	if err != nil {
		return nil, call.DeviceErrorOf(call.Device{Source: req.Source, Name: req.Device}, err)
	}
	if req.Source == call.SourceMicrophone {
		m, err := d.openMicrophone(ctx, req.Device)
		if err != nil {
			return nil, call.DeviceErrorOf(call.Device{Source: req.Source, Name: req.Device}, err)
		}
		return m, nil
	}
	v, err := d.openVideo(ctx, req.Source, req.Device, want)
	if err != nil {
		return nil, call.DeviceErrorOf(call.Device{Source: req.Source, Name: req.Device}, err)
	}
	return v, nil
}

// OpenSpeaker implements [call.Devices].
func (d *Devices) OpenSpeaker(ctx context.Context, device string) (call.Speaker, error) {
	s, err := d.openSpeaker(ctx, device)
	if err != nil {
		return nil, call.DeviceErrorOf(call.Device{Source: call.SourceSpeaker, Name: device}, err)
	}
	return s, nil
}

// Close refuses everything from now on, closes what is open and waits until the
// operating system has it back. Callers need a timeout.
func (d *Devices) Close() error {
	d.mu.Lock()
	d.closed = true
	for h := range d.open {
		h.requestStop()
	}
	d.mu.Unlock()
	d.wg.Wait()
	return nil
}

// wanted fills in the defaults of a request and checks it.
func wanted(req call.DeviceRequest) (Want, error) {
	w := Want{req.Width, req.Height, req.FPS}
	def := Want{defaultCameraWidth, defaultCameraHeight, defaultCameraFPS}
	switch req.Source {
	case call.SourceCamera, call.SourceMicrophone:
	case call.SourceScreen:
		def = Want{defaultScreenWidth, defaultScreenHeight, defaultScreenFPS}
	case call.SourceUnknown, call.SourceScreenAudio, call.SourceSpeaker:
		return w, fmt.Errorf("%w: %s is not a capture", call.ErrBadArgument, req.Source)
	}
	if w.Width == 0 && w.Height == 0 {
		w.Width, w.Height = def.Width, def.Height
	}
	if w.FPS == 0 {
		w.FPS = def.FPS
	}
	if w.Width < 2 || w.Height < 2 || w.Width > MaxWidth || w.Height > MaxHeight || w.FPS < 1 || w.FPS > maxFPS {
		return w, fmt.Errorf("%w: %dx%d at %d frames a second", call.ErrBadArgument, w.Width, w.Height, w.FPS)
	}
	return w, nil
}

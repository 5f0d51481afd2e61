package hw

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gen2brain/malgo"

	"foyer/engine/call"
	"foyer/engine/devices"
)

// realBackends are tried in this order. miniaudio itself would end with its null
// backend, a microphone that hears nothing. JACK is left out: where it runs,
// PipeWire answers for PulseAudio, and its library chatters on stderr.
func realBackends() []malgo.Backend {
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi, malgo.BackendDsound, malgo.BackendWinmm}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	case "linux":
		return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa}
	default:
		return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendSndio, malgo.BackendAudio4, malgo.BackendOss}
	}
}

// connection is a connection to the sound system (miniaudio calls it a context).
// Use it from one goroutine at a time.
type connection struct {
	driver  *audio
	ctx     *malgo.AllocatedContext
	backend malgo.Backend
}

// connect connects to the first sound system that answers.
func (s *audio) connect(backends ...malgo.Backend) (*connection, error) {
	s.counts(1)
	c, err := dialSoundServer(backends)
	if err != nil {
		s.counts(-1)
		return nil, err
	}
	c.driver = s
	return c, nil
}

// counts keeps the number of connections.
func (s *audio) counts(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections += by
	if by > 0 {
		s.ever += by
	}
}

func dialSoundServer(backends []malgo.Backend) (*connection, error) {
	errs := []error{call.ErrNoSoundServer}
	for _, b := range backends {
		if b == malgo.BackendAlsa && !hasCards() {
			continue
		}
		ctx, err := initPatiently(b)
		if err == nil {
			return &connection{ctx: ctx, backend: b}, nil
		}
		errs = append(errs, err)
	}
	return nil, joinErrors(errs)
}

// joinErrors is errors.Join in one line.
func joinErrors(errs []error) error {
	err := errs[0]
	for _, e := range errs[1:] {
		err = fmt.Errorf("%w: %w", err, e)
	}
	return err
}

// hasCards reports whether ALSA has anything but plug-ins, with which its library
// answers on every computer.
func hasCards() bool {
	nodes, err := filepath.Glob("/dev/snd/pcm*")
	return err == nil && len(nodes) > 0
}

func initContext(b malgo.Backend) (*malgo.AllocatedContext, error) {
	name := append([]byte(appName), 0)
	var pin runtime.Pinner // the configuration lies in Go memory and points at the name
	pin.Pin(&name[0])
	defer pin.Unpin()
	config := malgo.ContextConfig{}
	config.Pulse.PApplicationName = &name[0]
	return malgo.InitContext([]malgo.Backend{b}, config, nil)
}

// serverPauses are those between attempts to reach a sound server. One to which many
// programs connect at once refuses some of them at once: only a few may wait at its
// socket. One that takes longer to fail is ill, and is not asked again.
func serverPauses() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 250 * time.Millisecond}
}

const serverRefuses = 200 * time.Millisecond

// initPatiently tries again where a sound server refuses that could answer.
func initPatiently(b malgo.Backend) (*malgo.AllocatedContext, error) {
	began := time.Now()
	ctx, err := initContext(b)
	for _, pause := range serverPauses() {
		if err == nil || b != malgo.BackendPulseaudio || time.Since(began) > serverRefuses || !hasSoundServer() {
			break
		}
		time.Sleep(pause) //nolint:forbidigo // a queue that has room again gives no event
		began = time.Now()
		ctx, err = initContext(b)
	}
	return ctx, err
}

// hasSoundServer reports whether somebody listens at PulseAudio's socket, or at PipeWire's
// for its clients: a socket whose queue is full takes nobody, one that was left behind
// refuses.
func hasSoundServer() bool {
	path, isSocket := strings.CutPrefix(os.Getenv("PULSE_SERVER"), "unix:")
	if path == "" {
		path = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "pulse", "native")
	} else if !isSocket && !filepath.IsAbs(path) {
		return false
	}
	c, err := net.DialTimeout("unix", path, serverRefuses)
	if err == nil {
		_ = c.Close()
	}
	return err == nil || errors.Is(err, syscall.EAGAIN)
}

func (c *connection) close() error {
	err := c.ctx.Uninit()
	c.ctx.Free()
	c.driver.counts(-1)
	return err
}

// endpoint is a device with miniaudio's name for it.
type endpoint struct {
	call.Device
	id *malgo.DeviceID
}

// endpoints lists the microphones or speakers.
func (c *connection) endpoints(source call.Source) ([]endpoint, error) {
	kind := malgo.Playback
	if source == call.SourceMicrophone {
		kind = malgo.Capture
	}
	infos, err := c.ctx.Devices(kind)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrNoSoundServer, err)
	}
	var list []endpoint
	for _, info := range infos {
		id := endpointID(info.ID)
		if !c.real(id) {
			continue
		}
		own := info.ID // alone in its memory, which C may then see
		list = append(list, endpoint{
			Device: call.Device{
				Source: source, ID: id, Name: info.Name(), Default: info.IsDefault != 0,
				Headset: source == call.SourceSpeaker && isHeadset(info.Name(), id),
			},
			id: &own,
		})
	}
	return list, nil
}

// real leaves out ALSA's plug-ins, and PulseAudio's copies of what is being
// played, which are its default microphone where there is none.
func (c *connection) real(id string) bool {
	switch c.backend {
	case malgo.BackendAlsa:
		return id == "default" || strings.HasPrefix(id, ":")
	case malgo.BackendPulseaudio:
		return !strings.HasSuffix(id, ".monitor")
	default:
		return true
	}
}

// endpointID is the text in miniaudio's ID, or its bytes in hex: PulseAudio and
// ALSA have text, WASAPI has UTF-16.
func endpointID(id malgo.DeviceID) string {
	text, _, _ := strings.Cut(string(id[:]), "\x00")
	odd := strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	if odd || len(text) < 2 {
		return hex.EncodeToString([]byte(strings.TrimRight(string(id[:]), "\x00")))
	}
	return text
}

// pick finds the device that the user means.
func (c *connection) pick(source call.Source, choice string) (endpoint, error) {
	list, err := c.endpoints(source)
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
	return endpoint{}, call.ErrDeviceMissing
}

// audioError tells the causes apart.
func audioError(err error) error {
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

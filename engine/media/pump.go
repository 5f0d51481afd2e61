package media

import (
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/latest"
	"foyer/engine/media/pixel"
)

// captured is a frame of a device.
type captured struct {
	call.VideoFrame
	at time.Time // when it came
}

// videoPump reads a camera or screen into its preview and, while it has a
// track, into the sender.
type videoPump struct {
	dev     call.VideoCapture
	log     logrus.FieldLogger
	preview call.FrameSlot
	frames  *latest.Box[captured]
	sender  *sender

	stop chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

func newVideoPump(dev call.VideoCapture, log logrus.FieldLogger) *videoPump {
	info := dev.Info()
	log = log.WithFields(logrus.Fields{"source": info.Source, "device": info.Name})
	p := &videoPump{dev: dev, log: log, frames: latest.New[captured](), stop: make(chan struct{})}
	p.sender = newSender(info.Source, p.frames, log)
	p.wg.Go(p.read)
	p.wg.Go(func() { p.sender.run(p.stop) })
	return p
}

// Preview implements [call.Pump].
func (p *videoPump) Preview() *call.FrameSlot { return &p.preview }

// Level implements [call.Pump].
func (p *videoPump) Level() float32 { return 0 }

// Voice implements [call.Pump].
func (p *videoPump) Voice() bool { return false }

// Send implements [call.Pump].
func (p *videoPump) Send(t call.LocalTrack) { p.sender.send(t) }

// Record implements [call.Pump]: there is nothing to hear.
func (p *videoPump) Record(int, func([]int16)) (stop func()) { return func() {} }

// Stats implements [call.Pump].
func (p *videoPump) Stats() call.LocalStats { return p.sender.stats() }

// Close implements [call.Pump]. The preview goes dark at once, even while the
// device keeps the reader waiting.
func (p *videoPump) Close() {
	p.once.Do(func() { close(p.stop) })
	p.preview.Clear()
	p.wg.Wait()
}

// read carries frames from the device until it fails or the pump is closed.
func (p *videoPump) read() {
	defer guard.Recover(p.log, "reader of a frame source")
	defer p.preview.Clear()
	var converter pixel.Converter
	for {
		c := p.frames.Writing()
		f := &c.VideoFrame
		if err := p.dev.ReadFrame(f); err != nil {
			if !errors.Is(err, call.ErrClosed) {
				p.log.WithError(err).Info("device gives no more frames")
			}
			return
		}
		select {
		case <-p.stop:
			return
		default:
		}
		p.preview.SetSourceSize(f.Width, f.Height)
		render(&p.preview, &converter, f, p.preview.View())
		c.at = time.Now()
		p.frames.Publish()
	}
}

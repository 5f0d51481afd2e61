package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/app/memory"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/devices"
	"foyer/engine/devices/hw"
	"foyer/engine/media"
	"foyer/engine/media/vp8"
	"foyer/engine/trace"
)

// closeTimeout is how long the end of the program waits for devices that do not
// let go; then the operating system takes them back.
const closeTimeout = 5 * time.Second

// driverTimeout is how long of it goes to drivers that are in the middle of
// something after everything else is closed.
const driverTimeout = 500 * time.Millisecond

// faultsVariable lets the tests of the way out break the engine on purpose.
const faultsVariable = "FOYER_FAULTS"

// core is a running engine with its parts.
type core struct {
	*engine.Engine
	devices io.Closer // after the engine: nothing opens any more
	stop    context.CancelFunc
	done    chan struct{}
}

// newCore builds the engine and starts its goroutine. tracer and server may be nil. shown is
// how many remote videos are shown unless something else is said of them. The
// profile tells the next start if the program crashes in a room.
func newCore(p *profile, log logrus.FieldLogger, tracer *trace.Writer, server call.RoomServer, shown int) *core {
	c := newCoreWith(p, log, tracer, hw.Drivers(log.WithField("part", "devices")), server, shown)
	recordStays(c.Events(), p, log)
	return c
}

// newCoreWith builds it with other drivers; with none there are only test devices
// and files.
func newCoreWith(
	p *profile, log logrus.FieldLogger, tracer *trace.Writer, drivers devices.Drivers, server call.RoomServer, shown int,
) *core {
	memory.LimitNative()
	dev := devices.New(devices.Config{
		Log:        log.WithField("part", "devices"),
		Drivers:    drivers,
		NewDecoder: newDecoder,
	})
	dialing := client.Config{Log: log.WithField("part", "client")}
	var note func(engine.Note)
	if tracer != nil {
		dialing.Trace, note = tracer.Frame, tracer.Note
	}
	conf := engine.Config{
		Devices:    dev,
		Media:      media.New(media.Config{Log: log.WithField("part", "media")}),
		Dialer:     client.New(dialing),
		RoomServer: server,
		Key:        p.key,
		Shown:      shown,
		Log:        log.WithField("part", "engine"),
		Faults:     os.Getenv(faultsVariable) == "1",
		Trace:      note,
	}
	return startCore(conf, dev)
}

func startCore(cfg engine.Config, devices io.Closer) *core {
	ctx, stop := context.WithCancel(context.Background())
	c := &core{Engine: engine.New(cfg), devices: devices, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_ = c.Run(ctx) // fails only where it runs twice
	}()
	return c
}

// newDecoder decodes the frames of an IVF file that stands in for a camera.
func newDecoder(mime string) (call.VideoDecoder, error) {
	if mime != call.MIMEVP8 {
		return nil, fmt.Errorf("%w: its frames are %s, only %s is known", call.ErrFileUnreadable, mime, call.MIMEVP8)
	}
	return vp8.NewDecoder()
}

// close leaves the room, closes every device and waits, until ctx ends. It may
// be called more than once.
func (c *core) close(ctx context.Context) {
	if c.end(ctx) {
		c.freeDrivers(ctx)
	}
}

// end leaves the room and ends the engine. It reports whether the engine ended
// before ctx; then everything that it had to say is in its events.
func (c *core) end(ctx context.Context) bool {
	_ = c.Close(ctx)
	c.stop()
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// freeDrivers waits, for driverTimeout at most, for what is left after end: a
// driver that has not opened yet, or not let go. The end of the process frees it
// at once.
func (c *core) freeDrivers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driverTimeout)
	defer cancel()
	released := make(chan struct{})
	go func() {
		_ = c.devices.Close()
		close(released)
	}()
	select {
	case <-released:
	case <-ctx.Done():
	}
}

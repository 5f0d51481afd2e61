package app

import (
	"context"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/hw"
	"foyer/engine/media"
	"foyer/engine/media/vp8"
	"foyer/engine/signal"
)

// closeBound is how long the end of the program waits for devices that do not
// let go; then the operating system takes them back.
const closeBound = 5 * time.Second

// faultsVariable lets the tests of the way out break the engine on purpose.
const faultsVariable = "FOYER_FAULTS"

// core is a running engine with its parts.
type core struct {
	*engine.Engine
	devices *devices.Devices
	media   *media.Media
	host    call.Host
	stop    context.CancelFunc
	done    chan error
}

// newCore builds the engine and starts its goroutine. host may be nil.
func newCore(p *profile, log logrus.FieldLogger, host call.Host) (*core, error) {
	dev := devices.New(devices.Config{
		Log:        log.WithField("part", "devices"),
		Drivers:    hw.Drivers(),
		NewDecoder: newDecoder,
	})
	med := media.New(media.Config{Log: log.WithField("part", "media")})
	eng := engine.New(engine.Config{
		Devices: dev,
		Media:   med,
		Dialer:  signal.New(signal.Config{Log: log.WithField("part", "signal")}),
		Host:    host,
		Key:     p.key,
		Log:     log.WithField("part", "engine"),
		Faults:  os.Getenv(faultsVariable) == "1",
	})
	ctx, stop := context.WithCancel(context.Background())
	c := &core{Engine: eng, devices: dev, media: med, host: host, stop: stop, done: make(chan error, 1)}
	go func() { c.done <- eng.Run(ctx) }()
	return c, nil
}

func newDecoder(string) (call.VideoDecoder, error) { return vp8.NewDecoder() }

// close leaves the room, closes every device and waits, at most closeBound.
func (c *core) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	_ = c.Close(ctx)
	c.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

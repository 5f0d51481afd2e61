//go:build linux

package people

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"

	"foyer/bench/internal/harness"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/media"
)

// Station is an engine in this process, where each of its frames can be looked
// at.
type Station struct {
	*engine.Engine
	devices *devices.Devices
	stop    context.CancelFunc
	done    chan struct{}
}

// NewStation starts an engine. wrap stands between it and its devices.
func NewStation(drivers devices.Drivers, wrap func(call.Devices) call.Devices) (*Station, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	log := engine.SilentLog()
	dev := devices.New(devices.Config{Log: log, Drivers: drivers})
	s := &Station{devices: dev, done: make(chan struct{})}
	s.Engine = engine.New(engine.Config{
		Devices: wrap(dev), Media: media.New(media.Config{Log: log}), Dialer: quietDialer(), Key: key, Log: log,
	})
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.done)
		_ = s.Run(ctx) // fails only where it runs twice
	}()
	return s, nil
}

// Stop ends the engine, and closes its devices.
func (s *Station) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	err := s.Close(ctx)
	s.stop()
	<-s.done
	return errors.Join(err, s.devices.Close())
}

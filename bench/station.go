//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"

	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/media"
)

// station is an engine in this process, where each of its frames can be looked
// at.
type station struct {
	*engine.Engine
	devices *devices.Devices
	stop    context.CancelFunc
	done    chan struct{}
}

// newStation starts an engine. wrap stands between it and its devices.
func newStation(drivers devices.Drivers, wrap func(call.Devices) call.Devices) (*station, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	dev := devices.New(devices.Config{Log: quiet, Drivers: drivers})
	s := &station{devices: dev, done: make(chan struct{})}
	s.Engine = engine.New(engine.Config{
		Devices: wrap(dev), Media: media.New(media.Config{Log: quiet}), Dialer: quietDialer(), Key: key, Log: quiet,
	})
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.done)
		_ = s.Run(ctx) // fails only where it runs twice
	}()
	return s, nil
}

func (s *station) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.Close(ctx)
	s.stop()
	<-s.done
	return errors.Join(err, s.devices.Close())
}

//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/devices/testpicture"
	"foyer/engine/media/vp8"
)

// What a remote tile receives in the measurements of the window's cost.
const (
	tileWidth, tileHeight, tileFPS = 640, 360, 30
	tileBitrate                    = 450_000 // LiveKit's 360p layer
	filmLength                     = 4 * tileFPS
)

// film is an encoded test pattern that is sent again and again, so that sending
// costs next to nothing beside the receiver that is measured.
type film []call.EncodedFrame

func encodeFilm() (film, error) {
	enc := vp8.NewEncoder(vp8.Config{FPS: tileFPS, Bitrate: tileBitrate})
	defer enc.Close()
	painter, frame := testpicture.NewPainter(tileWidth, tileHeight), new(call.VideoFrame)
	var f film
	for n := range filmLength {
		painter.Draw(frame, n)
		frame.PTS = time.Duration(n) * time.Second / tileFPS
		data, key, err := enc.Encode(frame)
		if err != nil {
			return nil, err
		}
		f = append(f, call.EncodedFrame{Data: append([]byte(nil), data...), KeyFrame: key})
	}
	return f, nil
}

// publishers are people who send the film.
type publishers struct {
	film     film
	sessions []call.Session
	stop     context.CancelFunc
	sending  sync.WaitGroup
}

func newPublishers() (*publishers, error) {
	f, err := encodeFilm()
	return &publishers{film: f, stop: func() {}}, err
}

// grow makes them n.
func (p *publishers) grow(ctx context.Context, link string, n int) error {
	l, err := call.ParseLink(link)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	older := p.stop
	p.stop = func() { stop(); older() }
	for len(p.sessions) < n {
		if err := p.add(ctx, l, len(p.sessions)+1); err != nil {
			return err
		}
	}
	return nil
}

func (p *publishers) add(ctx context.Context, l call.Link, number int) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	name := fmt.Sprintf("tile%d", number)
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	session, err := client.New(client.Config{Log: quiet}).Dial(limited, call.JoinRequest{Link: l, Name: name, Identity: call.Identity(name), Key: key},
		func(call.SessionEvent) {})
	if err != nil {
		return err
	}
	p.sessions = append(p.sessions, session)
	track, err := session.Publish(limited, call.TrackSpec{Source: call.SourceCamera, Name: "film",
		Layers: []call.Layer{{Width: tileWidth, Height: tileHeight, FPS: tileFPS, Bitrate: tileBitrate}}})
	if err != nil {
		return err
	}
	p.sending.Go(func() { p.send(ctx, track) })
	return nil
}

// send sends the film at its speed, from its key frame again when somebody asks
// for one.
func (p *publishers) send(ctx context.Context, track call.LocalTrack) {
	tick := time.NewTicker(time.Second / tileFPS)
	defer tick.Stop()
	start := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-track.KeyFrames():
			n = 0
		case <-tick.C:
			f := p.film[n%len(p.film)]
			f.PTS = time.Since(start)
			if track.WriteFrame(f) != nil {
				return // the track has ended
			}
			n++
		}
	}
}

func (p *publishers) close() error {
	p.stop()
	p.sending.Wait()
	var err error
	for _, s := range p.sessions {
		err = errors.Join(err, s.Close())
	}
	return err
}

//go:build linux

package people

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
	"foyer/engine/media/vp8"
)

// What a publisher sends.
const (
	FilmWidth   = 640
	FilmHeight  = 360
	FilmFPS     = 30
	filmBitrate = 450_000 // LiveKit's 360p layer
	filmLength  = 4 * FilmFPS
)

// film is an encoded test pattern that is sent again and again, so that sending
// costs next to nothing beside the receiver that is measured.
type film []call.EncodedFrame

func encodeFilm() (film, error) {
	enc := vp8.NewEncoder(vp8.Config{FPS: FilmFPS, Bitrate: filmBitrate})
	defer enc.Close()
	painter, frame := testpicture.NewPainter(FilmWidth, FilmHeight), new(call.VideoFrame)
	var f film
	for n := range filmLength {
		painter.Draw(frame, n)
		frame.PTS = time.Duration(n) * time.Second / FilmFPS
		data, key, err := enc.Encode(frame)
		if err != nil {
			return nil, err
		}
		f = append(f, call.EncodedFrame{Data: append([]byte(nil), data...), KeyFrame: key})
	}
	return f, nil
}

// Publishers are people who send the film.
type Publishers struct {
	film     film
	sessions []call.Session
	stop     context.CancelFunc
	sending  sync.WaitGroup
}

// NewPublishers encodes the film; nobody sends it yet.
func NewPublishers() (*Publishers, error) {
	f, err := encodeFilm()
	return &Publishers{film: f, stop: func() {}}, err
}

// Grow makes them n.
func (p *Publishers) Grow(ctx context.Context, link string, n int) error {
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

func (p *Publishers) add(ctx context.Context, l call.Link, number int) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("tile%d", number)
	limited, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	who := call.JoinRequest{Link: l, Name: name, Identity: call.Identity(name), Key: key}
	session, err := quietDialer().Dial(limited, who, func(call.SessionEvent) {})
	if err != nil {
		return err
	}
	p.sessions = append(p.sessions, session)
	track, err := session.Publish(limited, call.TrackSpec{Source: call.SourceCamera, Name: "film",
		Layers: []call.Layer{{Width: FilmWidth, Height: FilmHeight, FPS: FilmFPS, Bitrate: filmBitrate}}})
	if err != nil {
		return err
	}
	p.sending.Go(func() { p.send(ctx, track) })
	return nil
}

// send sends the film at its speed, from its key frame again when somebody asks
// for one.
func (p *Publishers) send(ctx context.Context, track call.LocalTrack) {
	tick := time.NewTicker(time.Second / FilmFPS)
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

// Close ends the sessions of all.
func (p *Publishers) Close() error {
	p.stop()
	p.sending.Wait()
	var err error
	for _, s := range p.sessions {
		err = errors.Join(err, s.Close())
	}
	return err
}

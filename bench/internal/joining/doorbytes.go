//go:build linux

package joining

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/engine/call"
	"foyer/internal/drive"
)

// mediaFor is how long media flows while the door's bytes are counted.
const mediaFor = 8 * time.Second

// around lets media flow and counts what passes through the door meanwhile.
func around(ctx context.Context, b *harness.Bench, r *harness.Room) (err error) {
	sender, err := people.NewPublishers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	var media counter
	viewer := &people.Members{Name: "viewer"}
	defer func() { err = errors.Join(err, viewer.Close()); media.reading.Wait() }()
	if err := viewer.Grow(ctx, r.Link, 1, media.take); err != nil {
		return err
	}
	if err := sender.Grow(ctx, r.Link, 1); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	if err := drive.Until(waiting, func() bool { return media.bytes.Load() > 0 }); err != nil {
		return fmt.Errorf("no media: %w", err)
	}
	if err := harness.Pause(ctx, time.Second); err != nil { // the join's last words
		return err
	}
	before, err := throughDoor(ctx, r.Server)
	if err != nil {
		return err
	}
	was := media.bytes.Load()
	if err := harness.Pause(ctx, mediaFor); err != nil {
		return err
	}
	after, err := throughDoor(ctx, r.Server)
	if err != nil {
		return err
	}
	flowed, door := float64(media.bytes.Load()-was), float64(after-before)
	b.Table.Row(fmt.Sprintf("Bytes through the door in %v while one watches another", mediaFor),
		fmt.Sprintf("%.1f kB beside %.0f kB of media", door/1e3, flowed/1e3),
		"<= 2 % of the media", flowed > 0 && door <= flowed/50)
	return nil
}

// counter reads remote tracks and counts.
type counter struct {
	bytes   atomic.Int64
	reading sync.WaitGroup
}

func (c *counter) take(e call.SessionEvent) {
	ready, is := e.(call.RemoteTrackReady)
	if !is {
		return
	}
	c.reading.Go(func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := ready.Track.ReadRTP(buf)
			if err != nil {
				return
			}
			c.bytes.Add(int64(n))
		}
	})
}

// throughDoor is how many bytes the door's open connections have carried both
// ways, as the kernel counts them.
func throughDoor(ctx context.Context, s *drive.Server) (total int64, err error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, "ss", "-tinH", "state", "established", "sport = :"+u.Port()).Output()
	if err != nil {
		return 0, fmt.Errorf("ss: %w", err)
	}
	found := regexp.MustCompile(`bytes_(?:sent|received):(\d+)`).FindAllStringSubmatch(string(out), -1)
	for _, f := range found {
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	if total == 0 {
		return 0, errors.New("ss counts nothing at the door")
	}
	return total, nil
}

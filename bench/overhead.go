//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
)

// mediaFor is how long media flows while the door's bytes are counted.
const mediaFor = 8 * time.Second

// door measures what the door adds to a join, and that media does not pass it.
func (b *bench) door(ctx context.Context) error {
	r, err := b.room(ctx, "door")
	if err != nil {
		return err
	}
	defer r.close()
	if err := b.overhead(ctx, r); err != nil {
		return err
	}
	return b.around(ctx, r)
}

// overhead joins through the door and, in turn, at the same LiveKit directly
// with a token that is there already.
func (b *bench) overhead(ctx context.Context, r *room) error {
	first, err := call.ParseLink(r.link)
	if err != nil {
		return err
	}
	stays, err := newMember("stays") // keeps the room open
	if err != nil {
		return err
	}
	if err := stays.join(ctx, first); err != nil {
		return err
	}
	defer stays.session.Close()
	second, err := directLink(ctx, r.server)
	if err != nil {
		return err
	}
	var door, direct times
	for i := range b.rounds {
		for _, way := range []struct {
			id   string
			link call.Link
			took *times
		}{{"guest", first, &door}, {"direct", second, &direct}} {
			if err := joinAndLeave(ctx, way.id+strconv.Itoa(i), way.link, way.took); err != nil {
				return fmt.Errorf("%s, round %d: %w", way.id, i, err)
			}
		}
	}
	more := door.at(.95) - direct.at(.95)
	b.table.row("Join through the door, until LiveKit has answered", door.String(), "", true)
	b.table.row("... at the same LiveKit, with a token", direct.String(), "", true)
	b.table.row("... the door's part", fmt.Sprintf("p50 %.1f, p95 %.1f ms", door.at(.5)-direct.at(.5), more), "p95 <= 10 ms", more <= 10)
	return nil
}

func joinAndLeave(ctx context.Context, id string, link call.Link, took *times) error {
	m, err := newMember(id)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.join(ctx, link); err != nil {
		return err
	}
	took.add(time.Since(start))
	return m.leave(ctx)
}

// directLink leads past the door.
func directLink(ctx context.Context, s *drive.Server) (call.Link, error) {
	address, err := behind(ctx, s)
	if err != nil {
		return call.Link{}, err
	}
	api, err := s.API()
	if err != nil {
		return call.Link{}, err
	}
	token, err := api.Token("direct", "Direct", drive.Grants{"roomJoin": true, "room": "door"})
	if err != nil {
		return call.Link{}, err
	}
	return call.ParseLink("ws://" + address + "/?token=" + token)
}

// behind finds where LiveKit itself answers: of the ports that the server's
// process listens on, the one that says OK without TLS.
func behind(ctx context.Context, s *drive.Server) (string, error) {
	ports, err := listening(s.PID)
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for _, port := range ports {
		address := "127.0.0.1:" + port
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
		if err != nil {
			return "", err
		}
		res, err := client.Do(req)
		if err != nil {
			continue // not HTTP
		}
		text, err := io.ReadAll(io.LimitReader(res.Body, 16))
		if errors.Join(err, res.Body.Close()) == nil && string(text) == "OK" {
			return address, nil
		}
	}
	return "", fmt.Errorf("LiveKit answers at none of the ports %v", ports)
}

// listening lists the TCP ports of a process.
func listening(pid int) (ports []string, err error) {
	files, err := drive.Files(pid)
	if err != nil {
		return nil, err
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // proc(5): sl local_address rem_address st ... inode
		if len(f) < 10 || f[3] != "0A" || !slices.Contains(files, "socket:["+f[9]+"]") {
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		port, err := strconv.ParseUint(hex, 16, 16)
		if err != nil {
			return nil, err
		}
		ports = append(ports, strconv.FormatUint(port, 10))
	}
	return ports, nil
}

// around lets media flow and counts what passes through the door meanwhile.
func (b *bench) around(ctx context.Context, r *room) (err error) {
	sender, err := newPublishers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.close()) }()
	var media counter
	viewer := &members{name: "viewer"}
	defer func() { err = errors.Join(err, viewer.close()); media.reading.Wait() }()
	if err := viewer.grow(ctx, r.link, 1, media.take); err != nil {
		return err
	}
	if err := sender.grow(ctx, r.link, 1); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := drive.Until(waiting, func() bool { return media.bytes.Load() > 0 }); err != nil {
		return fmt.Errorf("no media: %w", err)
	}
	if err := pause(ctx, time.Second); err != nil { // the join's last words
		return err
	}
	before, err := throughDoor(ctx, r.server)
	if err != nil {
		return err
	}
	was := media.bytes.Load()
	if err := pause(ctx, mediaFor); err != nil {
		return err
	}
	after, err := throughDoor(ctx, r.server)
	if err != nil {
		return err
	}
	flowed, door := float64(media.bytes.Load()-was), float64(after-before)
	b.table.row(fmt.Sprintf("Bytes through the door in %v while one watches another", mediaFor),
		fmt.Sprintf("%.1f kB beside %.0f kB of media", door/1e3, flowed/1e3), "<= 2 % of the media", flowed > 0 && door <= flowed/50)
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

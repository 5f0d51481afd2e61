//go:build linux

package joining

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/engine/call"
	"foyer/internal/drive"
)

// Door measures what the door adds to a join, and that media does not pass it.
func Door(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "door")
	if err != nil {
		return err
	}
	defer r.Close()
	if err := overhead(ctx, b, r); err != nil {
		return err
	}
	return around(ctx, b, r)
}

// overhead joins through the door and, in turn, at the same LiveKit directly
// with a token that is there already.
func overhead(ctx context.Context, b *harness.Bench, r *harness.Room) error {
	first, err := call.ParseLink(r.Link)
	if err != nil {
		return err
	}
	stays, err := people.NewMember("stays") // keeps the room open
	if err != nil {
		return err
	}
	if err := stays.Join(ctx, first); err != nil {
		return err
	}
	defer stays.Session.Close()
	second, err := directLink(ctx, r.Server)
	if err != nil {
		return err
	}
	var door, direct report.Times
	for i := range b.Rounds {
		for _, way := range []struct {
			id   string
			link call.Link
			took *report.Times
		}{{"guest", first, &door}, {"direct", second, &direct}} {
			if err := joinAndLeave(ctx, way.id+strconv.Itoa(i), way.link, way.took); err != nil {
				return fmt.Errorf("%s, round %d: %w", way.id, i, err)
			}
		}
	}
	more := door.At(.95) - direct.At(.95)
	b.Table.Row("Join through the door, until LiveKit has answered", door.String(), "", true)
	b.Table.Row("... at the same LiveKit, with a token", direct.String(), "", true)
	b.Table.Row("... the door's part", fmt.Sprintf("p50 %.1f, p95 %.1f ms", door.At(.5)-direct.At(.5), more),
		"p95 <= 10 ms", more <= 10)
	return nil
}

func joinAndLeave(ctx context.Context, id string, link call.Link, took *report.Times) error {
	m, err := people.NewMember(id)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := m.Join(ctx, link); err != nil {
		return err
	}
	took.Add(time.Since(start))
	return m.Leave(ctx)
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

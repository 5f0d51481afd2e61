//go:build linux

package harness

import (
	"context"
	"slices"

	"foyer/internal/drive"
)

// Room is a server, a link to a room of it, and a sound server.
type Room struct {
	Server *drive.Server
	Link   string
	Pulse  *drive.Pulse
	foyer  drive.Foyer
	people []*drive.Process
}

// OpenRoom starts a server and a sound server, and invites to a room.
func (b *Bench) OpenRoom(ctx context.Context, name string) (*Room, error) {
	pulse, err := drive.StartPulse(ctx, b.Foyer.Work)
	if err != nil {
		return nil, err
	}
	r := &Room{Pulse: pulse, foyer: b.Foyer}
	if r.Server, err = b.Foyer.Serve(ctx, drive.ServeOptions{}); err == nil {
		r.Link, err = r.Server.Invite(ctx, name)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close ends everybody who has entered, and the servers.
func (r *Room) Close() {
	for _, p := range r.people {
		p.Close(drive.CloseGrace)
	}
	if r.Server != nil {
		r.Server.Close(drive.CloseGrace)
	}
	r.Pulse.Close()
}

// Enter starts somebody who stays for many rounds and waits until they are in.
func (r *Room) Enter(ctx context.Context, name string, args ...string) (*drive.Process, error) {
	p, err := r.foyer.Join(drive.JoinOptions{
		Link: r.Link, Name: name, ID: name, Env: r.Pulse.Env(), Args: append(args, "--stay"),
	})
	if err != nil {
		return nil, err
	}
	r.people = append(r.people, p)
	_, err = Wait(ctx, p, "joined", 0, nil)
	return p, err
}

// Browse starts a browser that takes part, and waits until it is in.
func (r *Room) Browse(ctx context.Context, root string, o drive.BrowserOptions) (*drive.Process, error) {
	p, err := r.Server.Browse(ctx, root, o)
	if err != nil {
		return nil, err
	}
	if _, err := Wait(ctx, p, "joined", 0, nil); err != nil {
		p.Close(drive.CloseGrace)
		return nil, err
	}
	return p, nil
}

// Speaks waits until the sound server has a speaker of that process, or has
// none any more.
func (r *Room) Speaks(ctx context.Context, pid int, want bool) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return drive.Until(ctx, func() bool {
		plays, err := r.Pulse.SinkInputs(ctx)
		return err == nil && want == slices.ContainsFunc(plays, func(s drive.Stream) bool { return s.PID == pid })
	})
}

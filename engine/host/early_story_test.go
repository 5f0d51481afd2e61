package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"foyer/engine/call"
	"foyer/engine/client"
)

// TestStopWhileJoining stops the server at many moments of the first second of
// a lone member's join, with Foyer's own client. Nobody may take it for a lost
// connection, and nobody may wait.
func TestStopWhileJoining(t *testing.T) {
	const (
		rounds = 20
		prompt = 4 * time.Second // stopping itself may take 3
	)
	dir := t.TempDir()
	counts := map[string]int{}
	var all []time.Duration
	for round := range rounds {
		// Closer together where more happens: seven in the first 40 ms.
		part := time.Duration(round + 1)
		moment := time.Second * part * part * part / (rounds * rounds * rounds)
		// A stop has a bound, too: a busy machine may be too late to tell once, not
		// twice at the same moment.
		end, took, err := stopAt(t, dir, fmt.Sprint("guest", round), moment)
		if err != nil {
			t.Logf("once more: %v", err)
			end, took, err = stopAt(t, dir, fmt.Sprint("guest", round, "-again"), moment) // with a key of their own
		}
		if err != nil {
			t.Error(err)
		}
		counts[end]++
		all = append(all, took)
	}
	slices.Sort(all)
	if all[0] > prompt { // the best, see inTime
		t.Errorf("told after %v at best, want %v", all[0], prompt)
	}
	t.Logf("%d moments: %v; told after %v at most, %v in the middle", rounds, counts, all[rounds-1], all[rounds/2])
}

// stopAt joins, stops the server at the moment, and says how the join or the
// session ended and how long after the stop.
func stopAt(t *testing.T, dir, id string, moment time.Duration) (end string, took time.Duration, err error) {
	t.Helper()
	s := startServer(t, func(c *Config) { c.Data = dir })
	g := newGuest(t, id)
	req := call.JoinRequest{Link: s.invite(nil), Name: id, Identity: g.id, Key: g.key}
	dialer := client.New(client.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 3*waitTimeout)
	defer cancel()
	stopped, begun := make(chan error, 1), make(chan time.Time, 1)
	time.AfterFunc(moment, func() { begun <- time.Now(); stopped <- s.stop() })
	end, err = endOf(ctx, dialer, req)
	took = time.Since(<-begun)
	if err == nil && took > waitTimeout {
		err = errors.New("too late")
	}
	if err != nil {
		err = fmt.Errorf("stopped %v after the join began: %w, after %v", moment, err, took)
	}
	if err := errors.Join(<-stopped, dialer.Wait(ctx)); err != nil {
		t.Error(err)
	}
	return end, took, err
}

// endOf joins and stays until the end. Only a stopping server is a good one; after the
// stop it is just not there.
func endOf(ctx context.Context, dialer *client.Dialer, req call.JoinRequest) (string, error) {
	ended := make(chan call.SessionEnded, 1)
	session, err := dialer.Dial(ctx, req, func(e call.SessionEvent) {
		if e, ok := e.(call.SessionEnded); ok {
			ended <- e
		}
	})
	if errors.Is(err, call.ErrServerStopping) || errors.Is(err, call.ErrUnreachable) {
		return err.Error(), nil
	}
	if err != nil {
		return "", err
	}
	defer session.Close()
	select {
	case e := <-ended:
		if e.Reason != call.ReasonServerStopped {
			return e.Reason.String(), fmt.Errorf("reason %v (%w)", e.Reason, e.Err)
		}
		return e.Reason.String(), nil
	case <-ctx.Done():
		return "", errors.New("the session never ends")
	}
}

// TestK1_RemovedByAPIWhileComing: LiveKit's own API fails for somebody who is just
// coming in or going; through the door it says whether they are gone.
func TestK1_RemovedByAPIWhileComing(t *testing.T) {
	s := startServer(t, noLimits)
	link, api := s.invite(nil), s.roomService("hall")
	for round := range 20 {
		g := newGuest(t, fmt.Sprint("guest", round))
		token := s.mustJoin(g, link).Token
		came := make(chan struct{})
		go func() {
			defer close(came)
			if w, _, err := s.dial(token, ""); err == nil {
				defer w.conn.Close()
				for err == nil {
					_, _, err = w.conn.ReadMessage()
				}
			}
		}()
		<-time.After(time.Duration(round) * 2 * time.Millisecond)
		_, err := api.RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: "hall", Identity: string(g.id)})
		var refused twirp.Error
		if err != nil && (!errors.As(err, &refused) || refused.Code() != twirp.NotFound) {
			t.Errorf("round %d: %v", round, err)
		}
		select {
		case <-came:
		case <-time.After(waitTimeout):
			t.Fatalf("round %d: still in the room", round)
		}
	}
}

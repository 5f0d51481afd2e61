//go:build linux

package joining

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
)

// mostRelayed is how long a join through a relay may take until the first frame, in ms.
const mostRelayed = 1000

// Relayed measures joins to a server in a network that lets nobody in, through a relay: by
// UDP, and where the server's network drops that. It needs root.
func Relayed(ctx context.Context, b *harness.Bench) error {
	hidden, err := drive.NewHidden(ctx)
	if err != nil {
		return err
	}
	defer hidden.Close()
	ports := make([]int, 2)
	for i := range ports {
		if ports[i], err = drive.FreePort(); err != nil {
			return err
		}
	}
	relay, err := b.Foyer.Relay(ctx, drive.RelayOptions{Args: []string{
		"--listen", net.JoinHostPort(hidden.Outside, strconv.Itoa(ports[0])), "--ports", strconv.Itoa(ports[1]),
	}})
	if err != nil {
		return err
	}
	defer relay.Close(drive.CloseGrace)
	for _, way := range []string{"UDP", "TCP"} {
		if way == "TCP" {
			if err := hidden.DropUDP(ctx); err != nil {
				return err
			}
		}
		if err := relayed(ctx, b, hidden, relay, way); err != nil {
			return fmt.Errorf("by %s: %w", way, err)
		}
	}
	return nil
}

func relayed(ctx context.Context, b *harness.Bench, hidden *drive.Hidden, relay *drive.Relay, way string) error {
	server, err := b.Foyer.Serve(ctx, drive.ServeOptions{
		NS: hidden.NetNS, Listen: ":0", Env: []string{"FOYER_RELAY=" + relay.Link},
	})
	if err != nil {
		return err
	}
	defer server.Close(drive.CloseGrace)
	if _, err := harness.Wait(ctx, server.Process, "reach", 0, func(e drive.Event) bool {
		return strings.Contains(string(e.Raw), `"state":"relayed"`)
	}); err != nil {
		return err
	}
	link, err := server.InviteFrom(ctx, hidden.NetNS, "relayed")
	if err != nil {
		return err
	}
	enter := func(name string, ns *drive.NetNS, args ...string) (*drive.Process, error) {
		p, err := b.Foyer.Join(drive.JoinOptions{Link: link, Name: name, ID: name, NS: ns, Args: append(args, "--stay")})
		if err == nil {
			_, err = harness.Wait(ctx, p, "joined", 0, nil)
		}
		return p, err
	}
	sender, err := enter("sender", hidden.NetNS, "--camera", "test", "--mic", "none", "--speaker", "none")
	if err != nil {
		return err
	}
	defer sender.Close(drive.CloseGrace)
	viewer, err := enter("viewer", nil, "--mic", "none", "--speaker", "none")
	if err != nil {
		return err
	}
	defer viewer.Close(drive.CloseGrace)
	_, seen, err := joins(ctx, b, link, viewer, harness.Apart)
	if err != nil {
		return err
	}
	b.Table.Row("Join through a relay -> first remote frame, by "+way, seen.String(),
		fmt.Sprintf("p95 <= %d ms", mostRelayed), seen.At(.95) <= mostRelayed)
	return nil
}

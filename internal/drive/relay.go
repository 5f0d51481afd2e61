//go:build unix

package drive

import (
	"context"
	"os"
)

// RelayOptions say how a relay runs.
type RelayOptions struct {
	Data string // default: a new folder
	Args []string
	NS   *NetNS
}

// Relay is a running relay.
type Relay struct {
	*Process
	Link string // for room servers
}

// Relay starts a relay and waits until room servers may call.
func (f Foyer) Relay(ctx context.Context, o RelayOptions) (*Relay, error) {
	if o.Data == "" {
		dir, err := os.MkdirTemp(f.Work, "relay-")
		if err != nil {
			return nil, err
		}
		o.Data = dir
	}
	p, ready, err := startServer(ctx, Command{
		Name: "relay", Path: f.Bin, Args: append([]string{"relay", "--data", o.Data}, o.Args...),
		NS: o.NS, Logs: f.Work, UID: f.UID,
	})
	if err != nil {
		return nil, err
	}
	return &Relay{p, ready.Text("link")}, nil
}

package drive

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Foyer is the built program and where its processes keep their files.
type Foyer struct {
	Bin  string
	Work string // profiles, data folders and logs go below
	UID  uint32 // as in [Command]; Bin and Work must be within that user's reach
}

// BinVariable names a ready-made binary, so that it is not built again.
const BinVariable = "FOYER_BIN"

// Build builds the program of this module into dir, with the flags of GOFLAGS,
// unless FOYER_BIN names one.
func Build(ctx context.Context, dir string) (string, error) {
	if bin := os.Getenv(BinVariable); bin != "" {
		return filepath.Abs(bin)
	}
	bin := filepath.Join(dir, "foyer")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "foyer").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// Run runs a command of the program that ends by itself.
func (f Foyer) Run(ctx context.Context, env []string, args ...string) (stdout, stderr string, status int, err error) {
	return f.runIn(ctx, nil, env, args...)
}

func (f Foyer) runIn(
	ctx context.Context, ns *NetNS, env []string, args ...string,
) (stdout, stderr string, status int, err error) {
	path, args := ns.enter(f.Bin, args)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	Bind(cmd)
	become(cmd, f.UID)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.Exited() {
		err = nil // the status says it all
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode(), err
}

// ServeOptions change how a server is started.
type ServeOptions struct {
	Listen string   // default: a free port on loopback
	Data   string   // default: a new folder
	Args   []string // further flags
	Env    []string
	NS     *NetNS
	// PortMapping lets it ask the router of its network.
	PortMapping bool
}

// Server is a running room server.
type Server struct {
	*Process
	URL            string
	AdminKeyFile   string
	LiveKitKeyFile string
	Data           string

	foyer Foyer
}

// Serve starts a room server and waits until it is ready.
func (f Foyer) Serve(ctx context.Context, o ServeOptions) (*Server, error) {
	if o.Listen == "" {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		o.Listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	if o.Data == "" {
		dir, err := os.MkdirTemp(f.Work, "data-")
		if err != nil {
			return nil, err
		}
		o.Data = dir
	}
	args := append([]string{"serve", "--listen", o.Listen, "--data", o.Data}, o.Args...)
	if !o.PortMapping {
		args = append(args, "--no-port-mapping")
	}
	p, ready, err := startServer(ctx, Command{
		Name: "serve", Path: f.Bin, Args: args, Env: o.Env, NS: o.NS, Logs: f.Work, UID: f.UID,
	})
	if err != nil {
		return nil, err
	}
	return &Server{
		Process: p, foyer: f, Data: o.Data, URL: ready.Text("url"),
		AdminKeyFile: ready.Text("admin_key_file"), LiveKitKeyFile: ready.Text("livekit_key_file"),
	}, nil
}

// Invite makes a room, if it is not there, and returns a link to it.
func (s *Server) Invite(ctx context.Context, room string) (string, error) {
	return s.InviteFrom(ctx, nil, room)
}

// InviteFrom does it in another network, with further flags.
func (s *Server) InviteFrom(ctx context.Context, ns *NetNS, room string, flags ...string) (string, error) {
	args := append([]string{"invite", "--server", s.URL, "--admin-key-file", s.AdminKeyFile, "--room", room}, flags...)
	out, errs, status, err := s.foyer.runIn(ctx, ns, nil, args...)
	if err != nil {
		return "", fmt.Errorf("foyer invite: %w: %s", err, errs)
	}
	if status != 0 {
		return "", fmt.Errorf("foyer invite: status %d: %s", status, errs)
	}
	return strings.TrimSpace(out), nil
}

// JoinOptions say how a participant joins.
type JoinOptions struct {
	Link, Name string
	ID         string
	Profile    string   // default: a new folder
	Args       []string // further flags: --camera, --mic, --speaker, --screen, --stay
	Env        []string
	NS         *NetNS
}

// Join starts a participant without a window. It does not wait for anything.
func (f Foyer) Join(o JoinOptions) (*Process, error) {
	if o.Profile == "" {
		dir, err := os.MkdirTemp(f.Work, "profile-")
		if err != nil {
			return nil, err
		}
		o.Profile = dir
	}
	args := []string{"join", o.Link, "--name", o.Name, "--profile", o.Profile}
	if o.ID != "" {
		args = append(args, "--id", o.ID)
	}
	return Start(Command{
		Name: "join-" + fileName(o.Name), Path: f.Bin, Args: append(args, o.Args...), Env: o.Env,
		NS: o.NS, Logs: f.Work, UID: f.UID,
	})
}

func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s[:min(len(s), 20)])
}

// Stop ends a server as its owner would and reports how it ended.
func (s *Server) Stop(ctx context.Context) (status int, err error) {
	if err := s.Signal(os.Interrupt); err != nil {
		return 0, err
	}
	return s.Exit(ctx)
}

// CloseGrace is how long a process that a test forgot may take to end.
const CloseGrace = 3 * time.Second

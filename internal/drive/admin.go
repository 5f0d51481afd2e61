package drive

import (
	"context"
	"fmt"
	"strings"
)

// Admin runs a command of the host's tools, such as "members", "room", and tells
// what it printed and its exit status.
func (s *Server) Admin(ctx context.Context, args ...string) (stdout, stderr string, status int, err error) {
	return s.foyer.runIn(ctx, nil, nil, s.adminArgs(args)...)
}

// AdminFrom does it in another network, where it must succeed. What it printed is
// returned.
func (s *Server) AdminFrom(ctx context.Context, ns *NetNS, args ...string) (string, error) {
	out, errs, status, err := s.foyer.runIn(ctx, ns, nil, s.adminArgs(args)...)
	if err == nil && status != 0 {
		err = fmt.Errorf("foyer admin: status %d: %s", status, errs)
	}
	return out, err
}

func (s *Server) adminArgs(args []string) []string {
	return append([]string{"admin", "--server", s.URL, "--admin-key-file", s.AdminKeyFile}, args...)
}

// InviteWith makes an invitation with further flags, such as "--role", "cohost".
func (s *Server) InviteWith(ctx context.Context, room string, flags ...string) (string, error) {
	args := append([]string{"invite", "--server", s.URL, "--admin-key-file", s.AdminKeyFile, "--room", room}, flags...)
	out, errs, status, err := s.foyer.Run(ctx, nil, args...)
	if err == nil && status != 0 {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return "", fmt.Errorf("foyer invite: %w: %s", err, errs)
	}
	return strings.TrimSpace(out), nil
}

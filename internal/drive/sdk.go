//go:build unix

package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// CertificateFile has the server's certificate, for clients that are told whom
// to trust.
func (s *Server) CertificateFile() string { return filepath.Join(s.Data, "door.pem") }

// SDK starts an administrator who knows LiveKit alone: livekit-server-sdk with
// the server's API key. It takes {"method":..,"args":[..]} and answers with the
// event "answer" (value) or "refused" (error, code). root is the module's folder.
func (s *Server) SDK(ctx context.Context, root string) (*Process, error) {
	if err := Need("node"); err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "e2e", "browser")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "livekit-server-sdk")); err != nil {
		return nil, fmt.Errorf("LiveKit's server SDK is missing: make deps-test: %w", err)
	}
	options, err := json.Marshal(map[string]string{"url": s.URL, "keyFile": s.LiveKitKeyFile})
	if err != nil {
		return nil, err
	}
	p, err := Start(Command{
		Name: "sdk", Path: "node", Args: []string{filepath.Join(dir, "admin.mjs"), string(options)},
		Env: []string{"NODE_EXTRA_CA_CERTS=" + s.CertificateFile()}, Logs: s.foyer.Work,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, StartLimit)
	defer cancel()
	if _, err := p.Wait(ctx, "ready", 0, nil); err != nil {
		p.Close(0)
		return nil, err
	}
	return p, nil
}

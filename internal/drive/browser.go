//go:build unix

package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// BrowserOptions say how Chromium joins with LiveKit's own client.
type BrowserOptions struct {
	Room, ID   string
	Camera     any  // Y4M file; true: Chromium's test pattern; nil: none
	Microphone any  // WAV file; true: Chromium's test tone; nil: none
	System     bool // the system's microphone, processed as browsers do it, if Microphone is true
	Headful    bool
	Lines      int // of the camera's frames; 0: 360
	Env        []string
	NS         *NetNS
}

// Browse starts Chromium as a participant. root is the module's folder. It waits
// until the page is there, not for the room.
func (s *Server) Browse(ctx context.Context, root string, o BrowserOptions) (*Process, error) {
	return s.foyer.browser(ctx, root, "peer.mjs", o.Env, o.NS, map[string]any{
		"url": s.URL, "keyFile": s.LiveKitKeyFile, "room": o.Room, "id": o.ID,
		"camera": o.Camera, "microphone": o.Microphone, "headful": o.Headful, "lines": o.Lines,
		"system": o.System,
	})
}

// Visit starts Chromium on the page of a door, as e2e/browser/guest.mjs describes.
func (f Foyer) Visit(ctx context.Context, root string, ns *NetNS, options map[string]any) (*Process, error) {
	return f.browser(ctx, root, "guest.mjs", nil, ns, options)
}

func (f Foyer) browser(
	ctx context.Context, root, script string, env []string, ns *NetNS, o map[string]any,
) (*Process, error) {
	if err := Need("node"); err != nil {
		return nil, err
	}
	chromium, err := findChromium()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "e2e", "browser")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "livekit-client")); err != nil {
		return nil, fmt.Errorf("the browser's packages are missing: make deps-test: %w", err)
	}
	options, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p, err := Start(Command{
		Name: "browser", Path: "node", Args: []string{filepath.Join(dir, script), string(options)},
		Env: append(slices.Clone(env), chromiumVariable+"="+chromium), NS: ns, Logs: f.Work,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*StartLimit)
	defer cancel()
	if _, err := p.Wait(ctx, "ready", 0, nil); err != nil {
		p.Close(0)
		return nil, err
	}
	return p, nil
}

// chromiumVariable names the browser's program where it is not one of the usual.
const chromiumVariable = "CHROMIUM"

// findChromium finds the browser, which every distribution calls otherwise.
func findChromium() (string, error) {
	if path := os.Getenv(chromiumVariable); path != "" {
		return exec.LookPath(path)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", Need("chromium")
}

// Root is the folder of this module.
func Root() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working folder: %w", os.ErrNotExist)
		}
	}
	return "", err
}

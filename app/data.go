package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"foyer/engine/call"
)

// dataFolder is where a room server keeps its keys and rooms unless --data says
// otherwise: the platform's place for a program's own data.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "foyer", "server"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: the user has none: %w", call.ErrDataFolder, err)
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LOCALAPPDATA"); dir != "" {
			return filepath.Join(dir, "Foyer", "server"), nil
		}
		return filepath.Join(home, "AppData", "Local", "Foyer", "server"), nil
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "foyer", "server"), nil
	default:
		return filepath.Join(home, ".local", "share", "foyer", "server"), nil
	}
}

package app

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"foyer/engine/call"
)

// profile is a folder that says who the user is: the key that signs every join,
// and the settings. Two devices of one user share the key, not the folder.
type profile struct {
	dir string
	key ed25519.PrivateKey
}

// openProfile opens the folder, the user's own one when dir is empty, and makes
// the key on first use.
func openProfile(dir string) (*profile, error) {
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
		}
		dir = filepath.Join(base, "foyer")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	key, err := loadKey(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	return &profile{dir: dir, key: key}, nil
}

func loadKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: %s", call.ErrProfileKey, path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// createKey writes a new key. Another process may do the same at this moment:
// the link decides, and both use the winner's.
func createKey(path string) (ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)                                         // never fails (crypto/rand)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(seed) + "\n")
	if err = errors.Join(err, tmp.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return loadKey(path)
		}
		// File systems without hard links.
		if err := os.Rename(tmp.Name(), path); err != nil {
			return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
		}
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// identity is the user ID of somebody who chose none: the same for every room,
// and nobody else's.
func (p *profile) identity() call.Identity {
	sum := sha256.Sum256(p.key.Public().(ed25519.PublicKey))
	return call.Identity("u-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])))
}

func (p *profile) path(name string) string { return filepath.Join(p.dir, name) }

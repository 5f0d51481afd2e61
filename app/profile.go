package app

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/private"
)

// profile is a folder that says who the user is: the key that signs every join,
// and the settings. Two devices of one user share the key, not the folder.
type profile struct {
	dir *private.Dir // nobody else's
	key ed25519.PrivateKey
}

const (
	keyName = "key"
	maxKey  = 4 << 10 // bytes
)

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
	folder, err := private.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	key, err := openKey(folder)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return &profile{dir: folder, key: key}, nil
}

// openKey reads the key or makes it. Another process may do the same at this
// moment: both use one key.
func openKey(dir *private.Dir) (ed25519.PrivateKey, error) {
	text, err := dir.ReadOrMake(keyName, maxKey, func() ([]byte, error) {
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed) // never fails (crypto/rand)
		return []byte(base64.StdEncoding.EncodeToString(seed) + "\n"), nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: %s", call.ErrProfileKey, dir.Path(keyName))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// tellRepairs says which files others could read or write until now.
func (p *profile) tellRepairs(log logrus.FieldLogger) {
	for _, file := range p.dir.Repaired() {
		log.WithField("file", file).Warn("other users could read or write this file until now")
	}
}

// identity is the user ID of somebody who chose none: the same for every room,
// and nobody else's.
func (p *profile) identity() call.Identity {
	sum := sha256.Sum256(p.key.Public().(ed25519.PublicKey))
	return call.Identity("u-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])))
}

func (p *profile) path(name string) string { return p.dir.Path(name) }

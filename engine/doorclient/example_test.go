package doorclient_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// The host's tools call a door with the key that it wrote, and trust the certificate
// that the key file pins. What the door refuses is an error of package call.
func ExampleAdmin() {
	door := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Authorization"))
		refusal, _ := doorapi.ErrorFrom(call.ErrNoSuchRoom)
		w.WriteHeader(refusal.Status())
		_ = json.NewEncoder(w).Encode(refusal)
	}))
	door.Config.ErrorLog = log.New(io.Discard, "", 0)
	door.StartTLS()
	defer door.Close()

	keyFile, err := writeKey(door.Certificate().Raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(filepath.Dir(keyFile))
	admin := doorclient.Admin{Server: door.URL, KeyFile: keyFile}
	var answer doorapi.MembersAnswer
	err = admin.Do(context.Background(), call.OpMembers, doorapi.RoomRequest{Room: "hall"}, &answer)
	fmt.Println(err, errors.Is(err, call.ErrNoSuchRoom))
	// Output:
	// POST /foyer/v1/members Bearer secret
	// no such room true
}

// writeKey writes a key file, as a door does.
func writeKey(certificate []byte) (name string, err error) {
	fingerprint := sha256.Sum256(certificate)
	key, err := json.Marshal(doorapi.AdminKey{Key: "secret", Fingerprint: hex.EncodeToString(fingerprint[:])})
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, "admin-key.json")
	return name, os.WriteFile(name, key, 0o600)
}

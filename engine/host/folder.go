package host

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
	"foyer/engine/internal/owncert"
	"foyer/engine/internal/secret"
	"foyer/engine/private"
)

// Files in the data folder. All are only for their owner.
const (
	databaseFile    = "foyer.db"
	certificateFile = "door.pem" // certificate and private key
	adminKeyFile    = "admin-key.json"
	liveKitKeyFile  = "livekit-key.json"
	clusterKeyFile  = "livekit-cluster-key.json"
	portFile        = "port"
)

// folder is the data folder, opened.
type folder struct {
	dir         *private.Dir
	certificate tls.Certificate
	fingerprint [sha256.Size]byte
	admin       doorapi.AdminKey
	api         roomservice.Key
	apiFile     string
}

func (f *folder) file(name string) string { return f.dir.Path(name) }

// openFolder makes or opens the folder, if it belongs only to the user.
func openFolder(path string) (*folder, error) {
	dir, err := private.Open(path)
	if err != nil {
		return nil, explainFile(err)
	}
	return &folder{dir: dir}, nil
}

// load makes or reads everything but the database.
func (f *folder) load(cluster *roomservice.Key) error {
	if err := f.openCertificate(); err != nil {
		return err
	}
	if err := f.openAdminKey(); err != nil {
		return err
	}
	return f.openAPIKey(cluster)
}

// openCertificate reads the certificate that links pin, or makes it.
func (f *folder) openCertificate() error {
	raw, err := f.readOrMake(certificateFile, func() ([]byte, error) { return owncert.Make("Foyer room server") })
	if err != nil {
		return err
	}
	f.certificate, err = tls.X509KeyPair(raw, raw)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", call.ErrCertificate, f.file(certificateFile), err)
	}
	f.fingerprint = sha256.Sum256(f.certificate.Certificate[0])
	return nil
}

// openAdminKey reads or makes the admin key; a file whose fingerprint is not
// this certificate's is written anew with the same key.
func (f *folder) openAdminKey() error {
	fingerprint := hex.EncodeToString(f.fingerprint[:])
	raw, err := f.readOrMake(adminKeyFile, func() ([]byte, error) {
		return encodeKey(doorapi.AdminKey{Key: secret.Text(32), Fingerprint: fingerprint})
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &f.admin); err != nil || f.admin.Key == "" {
		return fmt.Errorf("%w: %s", call.ErrServerKey, f.file(adminKeyFile))
	}
	if f.admin.Fingerprint == fingerprint {
		return nil
	}
	f.admin.Fingerprint = fingerprint
	return f.rewrite(adminKeyFile, f.admin)
}

// openAPIKey reads or makes the key of LiveKit's API, or notes the cluster's.
func (f *folder) openAPIKey(cluster *roomservice.Key) error {
	if cluster != nil {
		f.api, f.apiFile = *cluster, f.file(clusterKeyFile)
		return f.rewrite(clusterKeyFile, f.api)
	}
	raw, err := f.readOrMake(liveKitKeyFile, func() ([]byte, error) {
		return encodeKey(roomservice.Key{Key: "API" + secret.Text(9), Secret: secret.Text(32)})
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &f.api); err != nil || f.api.Key == "" || f.api.Secret == "" {
		return fmt.Errorf("%w: %s", call.ErrServerKey, f.file(liveKitKeyFile))
	}
	f.apiFile = f.file(liveKitKeyFile)
	return nil
}

func encodeKey(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(raw, '\n'), err
}

func (f *folder) readOrMake(name string, content func() ([]byte, error)) ([]byte, error) {
	raw, err := f.dir.ReadOrMake(name, doorapi.MaxKeyFile, content)
	if err != nil {
		return nil, explainFile(err)
	}
	return raw, nil
}

func (f *folder) rewrite(name string, v any) error {
	raw, err := encodeKey(v)
	if err != nil {
		return err
	}
	return f.write(name, raw)
}

func (f *folder) write(name string, raw []byte) error {
	if err := f.dir.Write(name, raw); err != nil {
		return explainFile(err)
	}
	return nil
}

// lastPort is the port of the last server with this folder, or 0.
func (f *folder) lastPort() uint16 { return f.readPort(portFile) }

func (f *folder) readPort(name string) uint16 {
	raw, err := f.dir.Read(name, doorapi.MaxKeyFile)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func (f *folder) keepPort(port uint16) error {
	return f.write(portFile, []byte(strconv.Itoa(int(port))+"\n"))
}

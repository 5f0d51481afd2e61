package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// Files in the data folder. All are for their owner alone.
const (
	databaseFile    = "foyer.db"
	certificateFile = "door.pem" // certificate and private key
	adminKeyFile    = "admin-key.json"
	liveKitKeyFile  = "livekit-key.json"
	clusterKeyFile  = "livekit-cluster-key.json"
	portFile        = "port"

	secretMode = 0o600
	folderMode = 0o700
	maxKeyFile = 64 << 10 // bytes

	certificateYears = 10
)

// adminKey is the file that `foyer invite` and `foyer admin` read: the key, and
// what pins the server.
type adminKey struct {
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of the certificate, hexadecimal
}

// apiKey is the file for LiveKit's own tools.
type apiKey struct {
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

// folder is the data folder, opened.
type folder struct {
	path        string
	certificate tls.Certificate
	fingerprint [sha256.Size]byte
	admin       adminKey
	api         apiKey
	apiFile     string
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// openFolder makes or reads everything but the database.
func openFolder(path string, cluster *apiKey) (*folder, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, explainFile(err)
	}
	f := &folder{path: absolute}
	if err := os.MkdirAll(absolute, folderMode); err != nil {
		return nil, explainFile(err)
	}
	if err := f.openCertificate(); err != nil {
		return nil, err
	}
	if err := f.openAdminKey(); err != nil {
		return nil, err
	}
	return f, f.openAPIKey(cluster)
}

// openCertificate reads the certificate that links pin, or makes it.
func (f *folder) openCertificate() error {
	raw, err := f.readOrMake(certificateFile, makeCertificate)
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

func makeCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Foyer room server"},
		NotBefore:    now.Add(-24 * time.Hour), // clocks differ
		NotAfter:     now.AddDate(certificateYears, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// openAdminKey reads or makes the admin key; a file whose fingerprint is not
// this certificate's is written anew with the same key.
func (f *folder) openAdminKey() error {
	fingerprint := hex.EncodeToString(f.fingerprint[:])
	raw, err := f.readOrMake(adminKeyFile, func() ([]byte, error) {
		return encodeKey(adminKey{Key: randomText(32), Fingerprint: fingerprint})
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
func (f *folder) openAPIKey(cluster *apiKey) error {
	if cluster != nil {
		f.api, f.apiFile = *cluster, f.file(clusterKeyFile)
		return f.rewrite(clusterKeyFile, f.api)
	}
	raw, err := f.readOrMake(liveKitKeyFile, func() ([]byte, error) {
		return encodeKey(apiKey{Key: "API" + randomText(9), Secret: randomText(32)})
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

// readOrMake reads a file, or makes it in one step, so that a second server
// that starts at the same moment reads a whole file.
func (f *folder) readOrMake(name string, content func() ([]byte, error)) ([]byte, error) {
	raw, err := f.read(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	if raw, err = content(); err != nil {
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	temporary, err := f.writeTemporary(name, raw)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(temporary) }()
	switch err = os.Link(temporary, f.file(name)); {
	case err == nil:
		return raw, nil
	case errors.Is(err, fs.ErrExist):
		return f.read(name)
	default: // a file system without links
		if err = os.Rename(temporary, f.file(name)); err != nil {
			return nil, explainFile(err)
		}
		return raw, nil
	}
}

func (f *folder) read(name string) ([]byte, error) {
	file, err := os.Open(f.file(name))
	if err != nil {
		return nil, explainFile(err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		// Somebody copied it carelessly. On Windows it does nothing.
		_ = os.Chmod(f.file(name), secretMode)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
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
	temporary, err := f.writeTemporary(name, raw)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, f.file(name)); err != nil {
		_ = os.Remove(temporary)
		return explainFile(err)
	}
	return nil
}

// writeTemporary writes a whole file with mode 0600 (os.CreateTemp).
func (f *folder) writeTemporary(name string, raw []byte) (string, error) {
	file, err := os.CreateTemp(f.path, "."+name+"-*")
	if err != nil {
		return "", explainFile(err)
	}
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", explainFile(err)
	}
	return file.Name(), nil
}

// lastPort is the port of the last server with this folder, or 0.
func (f *folder) lastPort() uint16 {
	raw, err := os.ReadFile(f.file(portFile))
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
	raw := []byte(strconv.Itoa(int(port)) + "\n")
	if err := os.WriteFile(f.file(portFile), raw, secretMode); err != nil {
		return explainFile(err)
	}
	return nil
}

// randomText is n random bytes as base64url without padding.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

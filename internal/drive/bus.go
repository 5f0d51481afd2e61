//go:build unix

package drive

import (
	"bufio"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Bus is a private message bus (D-Bus), with nobody on it. It stands for the bus
// of a user's session and for that of the computer.
type Bus struct {
	Address string

	dir    string
	daemon *exec.Cmd
}

// StartBus starts the daemon, which starts no service by itself.
func StartBus(ctx context.Context) (*Bus, error) {
	if err := Need("dbus-daemon"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, StartLimit)
	defer cancel()
	dir, err := os.MkdirTemp("", "fb")
	if err != nil {
		return nil, err
	}
	b := &Bus{dir: dir}
	conf := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(conf, busConf(filepath.Join(dir, "bus")), 0o600); err != nil {
		b.Close()
		return nil, err
	}
	address, theirs, err := os.Pipe()
	if err != nil {
		b.Close()
		return nil, err
	}
	defer address.Close()
	b.daemon = exec.Command("dbus-daemon", "--config-file="+conf, "--nofork", "--nopidfile", "--print-address=3")
	b.daemon.ExtraFiles = []*os.File{theirs}
	Bind(b.daemon)
	err = b.daemon.Start()
	theirs.Close()
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("start dbus-daemon: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { address.Close() })
	line, err := bufio.NewReader(address).ReadString('\n')
	stop()
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("wait for dbus-daemon: %w", err)
	}
	b.Address = strings.TrimSpace(line)
	return b, nil
}

func busConf(socket string) []byte {
	var path strings.Builder
	_ = xml.EscapeText(&path, []byte(socket))
	return fmt.Appendf(nil, `<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`, path.String())
}

// Env is what a program needs to find this bus and no other one.
func (b *Bus) Env() []string {
	return []string{"DBUS_SESSION_BUS_ADDRESS=" + b.Address, "DBUS_SYSTEM_BUS_ADDRESS=" + b.Address}
}

// Freeze stops the daemon from answering, until Thaw.
func (b *Bus) Freeze() error { return b.daemon.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it answer again.
func (b *Bus) Thaw() error { return b.daemon.Process.Signal(syscall.SIGCONT) }

// Close ends the daemon. Safe to call twice.
func (b *Bus) Close() {
	if b.daemon != nil && b.daemon.Process != nil {
		_ = b.daemon.Process.Kill()
		_ = b.daemon.Wait()
	}
	_ = os.RemoveAll(b.dir)
}

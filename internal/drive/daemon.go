//go:build unix

package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// daemon is a database server of ours on loopback, in a folder of its own.
type daemon struct {
	dir    string
	port   int
	runAs  *syscall.Credential // nil: as ourselves
	cmd    *exec.Cmd
	done   chan struct{} // the server process has ended
	polite syscall.Signal
}

// newDaemon makes the folder. Servers that refuse to be root run as account.
// The folder is not below a test's, which nobody but root may enter.
func newDaemon(name, account string, polite syscall.Signal) (*daemon, error) {
	dir, err := os.MkdirTemp("", "foyer-"+name+"-")
	if err != nil {
		return nil, err
	}
	d := &daemon{dir: dir, polite: polite}
	if account != "" && os.Getuid() == 0 {
		err = d.as(account)
	}
	if err == nil {
		d.port, err = FreePort()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return d, nil
}

// Daemon is one for packages of their own.
type Daemon = daemon

// NewDaemon makes the folder of one that ends with SIGTERM.
func NewDaemon(name string) (*Daemon, error) { return newDaemon(name, "", syscall.SIGTERM) }

// Folder is where it is, and Port what it may listen on.
func (d *daemon) Folder() string { return d.dir }

// Port is free when the daemon is made.
func (d *daemon) Port() int { return d.port }

// Run starts the server and waits until ready says that it answers.
func (d *daemon) Run(ctx context.Context, ready func(context.Context) bool, path string, args ...string) error {
	return d.run(ctx, ready, path, args...)
}

func (d *daemon) as(account string) error {
	u, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	d.runAs = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(d.dir, int(uid), int(gid))
}

// command is a program in the daemon's folder and with its rights.
func (d *daemon) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = d.dir
	ours := Without(os.Environ(), "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGDATA")
	cmd.Env = append(ours, "HOME="+d.dir)
	Bind(cmd)
	if d.runAs != nil {
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Credential = d.runAs
	}
	return cmd
}

// run starts the server and waits until ready says that it answers.
func (d *daemon) run(ctx context.Context, ready func(context.Context) bool, path string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, StartLimit)
	defer cancel()
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, done := d.command(path, args...), make(chan struct{})
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	d.cmd, d.done = cmd, done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	ended := false
	err = Until(ctx, func() bool {
		select {
		case <-done:
			ended = true
		default:
		}
		return ended || ready(ctx)
	})
	if ended {
		err = ErrEnded
	}
	if err != nil {
		d.end(syscall.SIGKILL)
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s did not start: %w; its log ends with %s",
			filepath.Base(path), err, text[max(0, len(text)-1500):])
	}
	return nil
}

// end stops the server, if it runs, and waits until it has ended.
func (d *daemon) end(s syscall.Signal) {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(s) // it may have ended already
	<-d.done
	d.cmd = nil
}

// Kill ends the server as a crash would.
func (d *daemon) Kill() { d.end(syscall.SIGKILL) }

// Close ends the server, if it still runs, and deletes its folder.
func (d *daemon) Close() error {
	d.end(d.polite)
	return os.RemoveAll(d.dir)
}

// output runs a program to its end.
func output(ctx context.Context, cmd *exec.Cmd) (string, error) {
	stop := context.AfterFunc(ctx, func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	})
	defer stop()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.Join(fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, out), ctx.Err())
	}
	return string(out), nil
}

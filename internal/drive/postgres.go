//go:build unix

package drive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// postgresUser is the owner of the databases.
const postgresUser = "foyer"

// Postgres is a PostgreSQL server of ours, on loopback and with a password. It
// is without fsync: what it holds is for a test.
type Postgres struct {
	*daemon
	bin      string // folder of its programs
	password string
}

// StartPostgres makes a server and starts it.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	d, err := newDaemon("pg", "postgres", syscall.SIGINT) // SIGINT: stop without waiting for clients
	if err != nil {
		return nil, err
	}
	p := &Postgres{d, bin, rand.Text()}
	if err := p.initialize(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.Start(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// postgresPrograms finds the server's programs, which Debian keeps out of PATH.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.Sort(found) // until version 100 that is their order
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", Need("initdb")
}

func (p *Postgres) initialize(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*StartLimit) // it computes for seconds
	defer cancel()
	secret := filepath.Join(p.dir, "password")
	if err := os.WriteFile(secret, []byte(p.password), 0o600); err != nil {
		return err
	}
	if p.runAs != nil {
		if err := os.Chown(secret, int(p.runAs.Uid), int(p.runAs.Gid)); err != nil {
			return err
		}
	}
	_, err := output(ctx, p.command(filepath.Join(p.bin, "initdb"),
		"--pgdata=data", "--username="+postgresUser, "--pwfile="+secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"))
	return err
}

// Start starts the server again, with the data that it had.
func (p *Postgres) Start(ctx context.Context) error {
	ready := func(ctx context.Context) bool {
		_, err := p.psql(ctx, "SELECT 1")
		return err == nil
	}
	return p.run(ctx, ready, filepath.Join(p.bin, "postgres"),
		"-D", "data", "-F", "-h", "127.0.0.1", "-p", strconv.Itoa(p.port),
		"-k", p.dir, "-c", "shared_buffers=32MB", "-c", "max_connections=200")
}

// Kill ends the server as a crash would: clients are cut off, and nothing is
// written. SIGKILL would leave processes that still serve their clients.
func (p *Postgres) Kill() { p.end(syscall.SIGQUIT) }

func (p *Postgres) psql(ctx context.Context, query string) (string, error) {
	cmd := p.command(filepath.Join(p.bin, "psql"),
		"--no-psqlrc", "--no-password", "-h", "127.0.0.1", "-p", strconv.Itoa(p.port),
		"-U", postgresUser, "-d", "postgres", "-Atc", query)
	cmd.Env = append(cmd.Env, "PGPASSWORD="+p.password)
	return output(ctx, cmd)
}

// Database makes an empty database and returns its address, with the password.
// Every name is another database.
func (p *Postgres) Database(ctx context.Context, name string) (string, error) {
	if _, err := p.psql(ctx, fmt.Sprintf("CREATE DATABASE %q", name)); err != nil {
		return "", err
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, p.password),
		Host: "127.0.0.1:" + strconv.Itoa(p.port), Path: "/" + name, RawQuery: "sslmode=disable",
	}
	return u.String(), nil
}

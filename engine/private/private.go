// Package private keeps folders that hold a user's secrets, and the files in
// them: profiles and the data folders of room servers. Everything that Foyer
// writes by itself is written through a [Dir].
//
// [Open] applies the rule that ssh has for its keys: a folder belongs to the user
// or to root, nobody else can write to it, and nobody else can put another one in
// its place. A [Dir] follows no link and makes files only for their owner,
// whatever the umask is. A file of the user's that others could read or write is
// closed to them, and [Dir.Repaired] names it.
//
// Windows has lists of rights instead of owners and modes, and new folders below
// the user's own inherit one that admits nobody else. They are not checked;
// links are refused there as well.
//
// Methods of a Dir are safe for use by several goroutines.
package private

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"foyer/engine/call"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	others     = 0o077 // the bits of a mode that are not its owner's
)

// Dir is a folder that only its owner may write to.
type Dir struct {
	path string // absolute, without links
	root *os.Root

	mu       sync.Mutex
	repaired []string
}

// Open opens a folder, and makes it if it is missing. An error that wraps
// *[call.PathError] says what is wrong with it.
func Open(path string) (*Dir, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	resolved, want, err := secure(absolute)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(resolved)
	if err != nil {
		return nil, err
	}
	got, err := root.Stat(".")
	if err == nil && !os.SameFile(got, want) {
		err = fmt.Errorf("%s was replaced while it was opened", resolved)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Dir{path: resolved, root: root}, nil
}

// Temporary makes a new folder for temporary files, which the caller removes.
func Temporary(prefix string) (*Dir, error) {
	parent, err := filepath.Abs(os.TempDir())
	if err != nil {
		return nil, err
	}
	return Open(filepath.Join(parent, prefix+rand.Text()))
}

// Path is the absolute path of something in the folder, for those who take
// nothing else: SQLite and sockets.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Close gives the folder back; its files stay.
func (d *Dir) Close() error { return d.root.Close() }

// RemoveAll removes the folder with everything in it, and closes it.
func (d *Dir) RemoveAll() error { return errors.Join(d.root.Close(), os.RemoveAll(d.path)) }

// Repaired returns, once, the files that others could read or write until now.
func (d *Dir) Repaired() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := d.repaired
	d.repaired = nil
	return names
}

// OpenFile opens a file of the folder as os.OpenFile does, with mode 0600. A
// link, a file of somebody else's and what is no regular file are refused.
func (d *Dir) OpenFile(name string, flag int) (*os.File, error) {
	for {
		before, err := d.root.Lstat(name)
		switch {
		case err == nil:
			if err := d.checkFile(name, before, flag&(os.O_WRONLY|os.O_RDWR) != 0); err != nil {
				return nil, err
			}
			return d.openSame(name, flag&^(os.O_CREATE|os.O_EXCL), before)
		case !errors.Is(err, fs.ErrNotExist) || flag&os.O_CREATE == 0:
			return nil, err
		}
		f, err := d.root.OpenFile(name, flag|os.O_EXCL, fileMode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// openSame opens the file that was looked at, and no other.
func (d *Dir) openSame(name string, flag int, before fs.FileInfo) (*os.File, error) {
	f, err := d.root.OpenFile(name, flag&^os.O_TRUNC, fileMode)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	switch {
	case err != nil:
	case !os.SameFile(before, after):
		err = fmt.Errorf("%s was replaced while it was opened", d.Path(name))
	case exposed(after):
		if err = f.Chmod(fileMode); err == nil {
			d.noteRepair(name)
		}
	}
	if err == nil && flag&os.O_TRUNC != 0 {
		err = f.Truncate(0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (d *Dir) noteRepair(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.repaired = append(d.repaired, d.Path(name))
}

// checkFile checks what stands at a name. Only what is written in place matters
// under its other names, too: a file that is just made has two for a moment.
func (d *Dir) checkFile(name string, info fs.FileInfo, written bool) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0, written && linked(info):
		return &call.PathError{Path: d.Path(name), Err: call.ErrFileLink}
	case !info.Mode().IsRegular():
		return &call.PathError{Path: d.Path(name), Err: call.ErrFileKind}
	}
	if owner, foreign := foreignFile(info); foreign {
		return &call.PathError{Path: d.Path(name), Owner: owner, Err: call.ErrFileForeign}
	}
	return nil
}

// Check checks and repairs a file that is written by somebody else, who opens it
// by its path. It may be missing.
func (d *Dir) Check(name string) error {
	f, err := d.OpenFile(name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// Read reads a file, limit bytes of it at most.
func (d *Dir) Read(name string, limit int64) ([]byte, error) {
	f, err := d.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// Write replaces a file as a whole: a reader, also one after a crash, finds the old one
// or the new one. A link in its place is replaced itself.
func (d *Dir) Write(name string, content []byte) error {
	temporary, err := d.writeTemporary(name, content)
	if err != nil {
		return err
	}
	if err := d.root.Rename(temporary, name); err != nil {
		return errors.Join(err, d.root.Remove(temporary))
	}
	return nil
}

// ReadOrMake reads a file as Read does, or makes it. Of several processes that do
// so at the same time one makes it, and all return its content.
func (d *Dir) ReadOrMake(name string, limit int64, content func() ([]byte, error)) ([]byte, error) {
	found, err := d.Read(name, limit)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	made, err := content()
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	temporary, err := d.writeTemporary(name, made)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.root.Remove(temporary) }()
	switch err := d.root.Link(temporary, name); {
	case err == nil:
		return made, nil
	case errors.Is(err, fs.ErrExist):
		return d.Read(name, limit)
	default: // a file system without hard links
		return made, d.root.Rename(temporary, name)
	}
}

// writeTemporary writes a whole file, to be given its name afterwards.
func (d *Dir) writeTemporary(name string, content []byte) (string, error) {
	temporary := "." + name + "-" + rand.Text()
	f, err := d.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = d.root.Remove(temporary)
		return "", err
	}
	return temporary, nil
}

// Rename gives a file of the folder another name in it.
func (d *Dir) Rename(from, to string) error { return d.root.Rename(from, to) }

// Remove removes a file, or a link itself. It may be missing.
func (d *Dir) Remove(name string) error {
	if err := d.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Match returns the names in the folder that fit a pattern of filepath.Match.
func (d *Dir) Match(pattern string) ([]string, error) {
	return fs.Glob(d.root.FS(), pattern)
}

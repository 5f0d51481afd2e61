package private

import (
	"errors"
	"fmt"
	"os"
)

// Errors of [Dir.Lock]; any other says that the file cannot be used.
var (
	ErrLocked  = errors.New("lock is held by another process")
	ErrNoLocks = errors.New("files cannot be locked here") // by some network file systems
)

// Lock is a file that one process at a time has, and what that process says in
// it. The operating system takes it back with the process, however that ends.
type Lock struct{ f *os.File }

// maxNote limits what a lock says, in bytes: a path at most.
const maxNote = 4 << 10

// Lock takes the lock of that name; ErrLocked if another process has it.
func (d *Dir) Lock(name string) (*Lock, error) {
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		if !errors.Is(err, ErrLocked) {
			err = fmt.Errorf("%w: %w", ErrNoLocks, err)
		}
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Say writes a note for those who find the lock taken.
func (l *Lock) Say(note string) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(note), 0)
	return err
}

// Note is what the process that has the lock says, or the last one that had it.
func (d *Dir) Note(name string) (string, error) {
	note, err := d.Read(name, maxNote)
	return string(note), err
}

// Close gives the lock back. nil has none.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.f.Close() // the lock goes with it
}

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"foyer/engine/call"
	"foyer/engine/host/register"
)

// explainRegister adds what the register's error means for the data folder, or
// the database server.
func (s settings) explainRegister(err error) error {
	switch {
	case err == nil:
		return nil
	case s.Database != "" && !errors.Is(err, register.ErrNewer):
		return fmt.Errorf("%w: %w", call.ErrDatabase, err)
	case errors.Is(err, register.ErrFull):
		return fmt.Errorf("%w: %w", call.ErrDataFull, err)
	case errors.Is(err, register.ErrCorrupt):
		return fmt.Errorf("%w: %w", call.ErrDataCorrupt, err)
	case errors.Is(err, register.ErrNewer):
		return fmt.Errorf("%w: %w", call.ErrDataNewer, err)
	default:
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
}

// explainFile adds what a file error means for the data folder.
func explainFile(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", call.ErrDataFull, err)
	}
	return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
}

// explainListen says why nothing listens.
func explainListen(err error) error {
	const wsaeAddrInUse = syscall.Errno(10048) // Windows' own number for it
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaeAddrInUse):
		return fmt.Errorf("%w: %w", call.ErrPortInUse, err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (ports below 1024 need rights): %w", call.ErrAddress, err)
	default:
		return fmt.Errorf("%w: %w", call.ErrAddress, err)
	}
}

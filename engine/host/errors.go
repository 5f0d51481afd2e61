package host

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"foyer/engine/host/register"
)

// Errors of starting and running a server.
var (
	ErrConfig      = errors.New("unusable server settings")
	ErrPortInUse   = errors.New("port is used by another program")
	ErrAddress     = errors.New("address cannot be listened on")
	ErrDataFolder  = errors.New("data folder cannot be used")
	ErrDataFull    = errors.New("no space left in the data folder")
	ErrDataCorrupt = errors.New("database in the data folder is damaged")
	ErrDataNewer   = errors.New("data folder was used by a newer version")
	ErrCertificate = errors.New("certificate in the data folder cannot be used")
	ErrKeyFile     = errors.New("key file cannot be used")
	ErrAdminKey    = errors.New("admin key is not valid")
	ErrChild       = errors.New("server process failed")
)

// explainRegister adds what the register's error means for the data folder.
func explainRegister(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, register.ErrFull):
		return fmt.Errorf("%w: %w", ErrDataFull, err)
	case errors.Is(err, register.ErrCorrupt):
		return fmt.Errorf("%w: %w", ErrDataCorrupt, err)
	case errors.Is(err, register.ErrNewer):
		return fmt.Errorf("%w: %w", ErrDataNewer, err)
	default:
		return fmt.Errorf("%w: %w", ErrDataFolder, err)
	}
}

// explainFile adds what a file error means for the data folder.
func explainFile(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrDataFull, err)
	}
	return fmt.Errorf("%w: %w", ErrDataFolder, err)
}

// explainListen says why nothing listens.
func explainListen(err error) error {
	const wsaeAddrInUse = syscall.Errno(10048) // Windows' own number for it
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaeAddrInUse):
		return fmt.Errorf("%w: %w", ErrPortInUse, err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (ports below 1024 need rights): %w", ErrAddress, err)
	default:
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
}

package call

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors about what the caller asked for. The engine answers them at once and
// no event follows (contract L9).
var (
	ErrClosed             = errors.New("engine is closed")
	ErrBadArgument        = errors.New("unusable argument")
	ErrEmpty              = errors.New("empty")
	ErrTooLong            = errors.New("too long")
	ErrForbiddenCharacter = errors.New("forbidden character")
	ErrInvisible          = errors.New("nothing visible")
	ErrNotInRoom          = errors.New("not in a room")
	ErrOtherRoom          = errors.New("not in that room")
	ErrAlreadyInRoom      = errors.New("already in a room")
	ErrNotPublished       = errors.New("not published")
	ErrNotSupported       = errors.New("not supported yet")
)

// Errors of an invitation link.
var (
	ErrLinkUnreadable = errors.New("not an invite link")
	ErrLinkCut        = errors.New("invite link is incomplete")
	ErrLinkChanged    = errors.New("invite link was changed")
	ErrLinkSeveral    = errors.New("more than one invite link")
	ErrLinkNewer      = errors.New("invite link has a newer version")
	ErrLinkInsecure   = errors.New("plain-text address outside this computer")
)

// Errors of joining. Each has its own sentence and next step in ui/words.
var (
	ErrUnreachable       = errors.New("server cannot be reached")
	ErrServerSilent      = errors.New("server does not answer")
	ErrServerGarbage     = errors.New("server's answer is unreadable")
	ErrWrongServer       = errors.New("server's certificate is not the one in the link")
	ErrUntrusted         = errors.New("server's certificate is not trusted")
	ErrNoSuchRoom        = errors.New("no such room")
	ErrRoomFull          = errors.New("room is full")
	ErrRoomLocked        = errors.New("room is locked")
	ErrWaiting           = errors.New("a host has to let us in")
	ErrUnanswered        = errors.New("nobody let us in")
	ErrWaitingFull       = errors.New("too many people wait to be let in")
	ErrInviteExpired     = errors.New("invitation has expired")
	ErrInviteRefused     = errors.New("invitation is not valid")
	ErrTokenRefused      = errors.New("token is not valid")
	ErrManyIdentities    = errors.New("this installation is in the room under too many user IDs")
	ErrAlreadyHere       = errors.New("the same user is in the room, and a second device is refused")
	ErrIdentityTaken     = errors.New("user ID is taken")
	ErrTooManyTries      = errors.New("too many tries")
	ErrTooManyGuests     = errors.New("too many guests are connected from one address")
	ErrMediaBlocked      = errors.New("no media connection to the server")
	ErrRefused           = errors.New("server refused")
	ErrConnectionLost    = errors.New("connection lost")
	ErrJoinTimeout       = errors.New("joining took too long")
	ErrCancelled         = errors.New("cancelled")
	ErrRoomServerFailed  = errors.New("the room server could not be started")
	ErrRoomServerCrashed = errors.New("the room server ended by itself")
	// ErrCutOff: the server found fault with what we sent, as a [CutOffError] says.
	ErrCutOff = errors.New("server ended the connection")
	// ErrServerFlood: the server sends more than anybody could take.
	ErrServerFlood = errors.New("server sends too much")
)

// Errors of the program around the engine. They end a stay: nobody hears any
// more what happens in the room, or may tell it what to do.
var (
	ErrOutputLost   = errors.New("output cannot be written")
	ErrOutputUnread = errors.New("output is not read")
	ErrInputLost    = errors.New("input cannot be read")
)

// Errors of moderation and chat. The stay goes on.
var (
	ErrForbidden   = errors.New("role does not allow it")
	ErrListener    = errors.New("listeners cannot publish or send messages")
	ErrAlreadyGone = errors.New("already gone")
	ErrNotBanned   = errors.New("not banned")
	ErrMuted       = errors.New("muted by the host")
	ErrChatTooFast = errors.New("too many messages")
	ErrNotStored   = errors.New("could not be stored")
	ErrChatEndless = errors.New("chat history does not end")
	ErrNoDoor      = errors.New("the server is not a Foyer server")
)

// Errors of the room server, before anybody joins.
var (
	ErrServerConfig = errors.New("unusable server settings")
	ErrPortInUse    = errors.New("port is in use")
	ErrAddress      = errors.New("cannot listen on the address")
	ErrDatabase     = errors.New("database server cannot be used")
	ErrDataFolder   = errors.New("data folder cannot be used")
	ErrDataInUse    = errors.New("data folder is used by another room server")
	ErrDataFull     = errors.New("no space left in the data folder")
	ErrDataCorrupt  = errors.New("database in the data folder is damaged")
	ErrDataNewer    = errors.New("data folder was used by a newer version")
	ErrCertificate  = errors.New("certificate in the data folder cannot be used")
	ErrServerKey    = errors.New("key in the data folder is damaged") // the server's own
	ErrKeyFile      = errors.New("key file cannot be used")           // an admin's
	ErrSecretFile   = errors.New("file with the API secret cannot be used")
	ErrAdminKey     = errors.New("admin key is not valid")
	ErrForeignKey   = errors.New("admin key belongs to another server")
	ErrNoTrusted    = errors.New("server has no certificate for a public name")
	// ErrServerAddress: what the host's tools were given leads to no server.
	ErrServerAddress = errors.New("not a server's address")
)

// Errors of the window and of the profile: the folder with the user's key and
// settings.
var (
	ErrProfile    = errors.New("profile folder cannot be used")
	ErrProfileKey = errors.New("key in the profile folder is damaged")
	// ErrWindowSilent: the one window of the profile hangs.
	ErrWindowSilent = errors.New("the profile's window does not answer")
	// ErrNoDisplay: a window cannot be opened, or nothing can be drawn in it.
	ErrNoDisplay = errors.New("no window can be opened")
)

// Errors of folders and files that must belong only to the user. A *[PathError] wraps
// one of them.
var (
	ErrFolderForeign = errors.New("folder belongs to somebody else")
	ErrFolderOpen    = errors.New("others can write to the folder")
	ErrFolderLink    = errors.New("link to the folder belongs to somebody else")
	ErrFileForeign   = errors.New("file belongs to somebody else")
	ErrFileLink      = errors.New("file is a link")
	ErrFileKind      = errors.New("not a regular file")
)

// PathError says which folder or file does not belong only to the user.
type PathError struct {
	Path  string
	Owner string // name or number of the user whose it is; may be empty
	Err   error  // one of the errors above
}

func (e *PathError) Error() string {
	if e.Owner == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %v: %s", e.Path, e.Err, e.Owner)
}

func (e *PathError) Unwrap() error { return e.Err }

// DataInUseError says who uses a data folder. It is an [ErrDataInUse].
type DataInUseError struct {
	Path string
	PID  int // of the other room server; 0: unknown
}

func (e *DataInUseError) Error() string {
	return fmt.Sprintf("%s: %v: process %d", e.Path, ErrDataInUse, e.PID)
}

func (e *DataInUseError) Unwrap() error { return ErrDataInUse }

// BannedError says until when somebody is kept out. A zero Until means until
// the ban is lifted.
type BannedError struct {
	Until time.Time
	By    string // display name; empty: the host's tools
	Text  string
}

func (e *BannedError) Error() string {
	if e.Until.IsZero() {
		return "banned"
	}
	return "banned until " + e.Until.Format(time.RFC3339)
}

// Errors of devices. A *[DeviceError] wraps one of them.
var (
	ErrDeviceMissing   = errors.New("no such device")
	ErrDeviceBusy      = errors.New("device is used by another program")
	ErrDeviceForbidden = errors.New("device access is forbidden")
	ErrDeviceLost      = errors.New("device is gone")
	ErrDeviceStuck     = errors.New("device does not let go")
	ErrDeviceFailed    = errors.New("device failed")
	ErrNoSoundServer   = errors.New("no sound system")
	ErrNothingHeard    = errors.New("nothing was heard")
	ErrFileUnreadable  = errors.New("file cannot be used as a device")
	ErrFileMissing     = errors.New("no such file")         // beside ErrFileUnreadable
	ErrFileForbidden   = errors.New("file is not readable") // beside ErrFileUnreadable
)

// DeviceError says which device failed and how.
type DeviceError struct {
	Source Source
	Device string // the name that the user knows; may be empty
	Err    error  // wraps one of the device errors above
}

func (e *DeviceError) Error() string {
	if e.Device == "" {
		return fmt.Sprintf("%s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("%s %q: %v", e.Source, e.Device, e.Err)
}

func (e *DeviceError) Unwrap() error { return e.Err }

// DeviceErrorOf names the device in an error that does not, and makes sure that it
// wraps one of the device errors above, or what the caller did wrong.
func DeviceErrorOf(d Device, err error) *DeviceError {
	if named, ok := errors.AsType[*DeviceError](err); ok {
		return named
	}
	name := d.Name
	if name == "" {
		name = d.ID
	}
	known := []error{
		ErrDeviceMissing, ErrDeviceBusy, ErrDeviceForbidden, ErrDeviceLost, ErrDeviceStuck, ErrDeviceFailed,
		ErrNoSoundServer, ErrNothingHeard, ErrFileUnreadable, ErrClosed, ErrCancelled, ErrBadArgument,
	}
	if !slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }) {
		err = fmt.Errorf("%w: %w", ErrDeviceFailed, err)
	}
	return &DeviceError{Source: d.Source, Device: name, Err: err}
}

// CutOffError is a connection that the server ended since it found fault with
// what came over it. It is an [ErrCutOff].
type CutOffError struct {
	Text string // the server's; may be empty
}

func (e *CutOffError) Error() string { return fmt.Sprintf("%v: %q", ErrCutOff, e.Text) }

func (e *CutOffError) Unwrap() error { return ErrCutOff }

// ErrServerStopping is the door's answer while the room server ends.
var ErrServerStopping = fmt.Errorf("%w: it is stopping", ErrRefused)

package words

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// Sentence is an error for people: what was tried, what happened, what to do.
type Sentence struct {
	What string // what could not be done; empty where the place says it
	Text string
	Next string
}

// String joins the parts into one line.
func (s Sentence) String() string {
	text := s.Because()
	if s.What == "" {
		return text
	}
	return announced(s.What) + text
}

// Because says what happened and what to do, without what was tried.
func (s Sentence) Because() string { return Join(s.Text, s.Next) }

// Whole says everything in sentences of their own.
func (s Sentence) Whole() string { return Join(ended(s.What), s.Text, s.Next) }

// ErrNoLink says that a link is needed and none was given.
var ErrNoLink = errors.New("no invite link")

// ErrDropped says that what was dropped on the window has no link.
var ErrDropped = errors.New("no invite link in what was dropped")

// Errors of the window's settings. Those that are not used were put aside, in the
// profile folder.
var (
	ErrSettingsDamaged = errors.New("settings are damaged")
	ErrSettingsNewer   = errors.New("settings are of a newer version")
	ErrSettingsUnsaved = errors.New("settings cannot be saved")
)

// Errors of the files that a system keeps beside the program.
var (
	ErrInstall        = errors.New("files cannot be installed")
	ErrLinksElsewhere = errors.New("the program does not register links on this system")
)

// known errors in the order in which they are tried: the particular before the
// general. Every sentinel of package call is here; a test keeps it so.
var known = []struct {
	err error
	key string
}{
	{ErrNoLink, "link_empty"},
	{ErrDropped, "dropped"},
	{ErrInstall, "install"},
	{ErrLinksElsewhere, "links_elsewhere"},
	{call.ErrLinkUnreadable, "link_unreadable"},
	{call.ErrLinkCut, "link_cut"},
	{call.ErrLinkChanged, "link_changed"},
	{call.ErrLinkSeveral, "link_several"},
	{call.ErrLinkNewer, "link_newer"},
	{call.ErrLinkInsecure, "link_insecure"},

	{call.ErrWrongServer, "wrong_server"},
	{call.ErrUntrusted, "untrusted"},
	{call.ErrNoSuchRoom, "no_such_room"},
	{call.ErrRoomFull, "room_full"},
	{call.ErrRoomLocked, "room_locked"},
	{call.ErrWaiting, "waiting"},
	{call.ErrUnanswered, "unanswered"},
	{call.ErrWaitingFull, "waiting_full"},
	{call.ErrInviteExpired, "invite_expired"},
	{call.ErrInviteRefused, "invite_refused"},
	{call.ErrTokenRefused, "token_refused"},
	{call.ErrAlreadyHere, "already_here"},
	{call.ErrManyIdentities, "many_identities"},
	{call.ErrIdentityTaken, "identity_taken"},
	{call.ErrTooManyTries, "too_many_tries"},
	{call.ErrTooManyGuests, "too_many_guests"},
	{call.ErrServerStopping, "server_stopping"},
	{call.ErrClock, "clock"},
	{call.ErrJoinUsed, "join_used"},
	{call.ErrRoomServerCrashed, "host_crashed"},
	{call.ErrRoomServerFailed, "host_failed"},
	{call.ErrMediaBlocked, "media_blocked"},
	{call.ErrServerFlood, "server_flood"},
	{call.ErrCutOff, "cut_off"},
	{call.ErrServerGarbage, "server_garbage"},
	{call.ErrServerSilent, "server_silent"},
	{call.ErrUnreachable, "unreachable"},
	{call.ErrJoinTimeout, "join_timeout"},
	{call.ErrConnectionLost, "connection_lost"},
	{call.ErrForbidden, "forbidden"},
	{call.ErrListener, "listener"},
	{call.ErrAlreadyGone, "already_gone"},
	{call.ErrNotBanned, "not_banned"},
	{call.ErrMuted, "muted"},
	{call.ErrChatTooFast, "chat_too_fast"},
	{call.ErrNotStored, "not_stored"},
	{call.ErrChatEndless, "chat_endless"},
	{call.ErrNoDoor, "no_door"},
	{call.ErrRefused, "refused"},
	{call.ErrCancelled, "cancelled"},

	{call.ErrOutputLost, "output_lost"},
	{call.ErrOutputUnread, "output_unread"},
	{call.ErrInputLost, "input_lost"},

	{call.ErrServerConfig, "server_config"},
	{call.ErrNoTrusted, "no_trusted"},
	{call.ErrPortInUse, "port_in_use"},
	{call.ErrAddress, "address"},
	{call.ErrDataFull, "data_full"},
	{call.ErrDataCorrupt, "data_corrupt"},
	{call.ErrDataNewer, "data_newer"},
	{call.ErrDatabase, "database"},
	{call.ErrDataInUse, "data_in_use"},
	{call.ErrFolderForeign, "folder_foreign"},
	{call.ErrFolderOpen, "folder_open"},
	{call.ErrFolderLink, "folder_link"},
	{call.ErrFileForeign, "file_foreign"},
	{call.ErrFileLink, "file_link"},
	{call.ErrFileKind, "file_kind"},
	{call.ErrDataFolder, "data_folder"},
	{call.ErrCertificate, "certificate"},
	{call.ErrServerKey, "server_key"},
	{call.ErrProfileKey, "profile_key"},
	{ErrSettingsDamaged, "settings_damaged"},
	{ErrSettingsNewer, "settings_newer"},
	{ErrSettingsUnsaved, "settings_unsaved"},
	{call.ErrProfile, "profile"},
	{call.ErrWindowSilent, "window_silent"},
	{call.ErrNoDisplay, "no_display"},
	{call.ErrKeyFile, "key_file"},
	{call.ErrSecretFile, "secret_file"},
	{call.ErrAdminKey, "admin_key"},
	{call.ErrForeignKey, "foreign_key"},
	{call.ErrServerAddress, "server_address"},

	{call.ErrDeviceMissing, "device_missing"},
	{call.ErrDeviceBusy, "device_busy"},
	{call.ErrDeviceForbidden, "device_forbidden"},
	{call.ErrDeviceLost, "device_lost"},
	{call.ErrDeviceStuck, "device_stuck"},
	{call.ErrNoSoundServer, "no_sound_server"},
	{call.ErrNothingHeard, "nothing_heard"},
	{mic.ErrSlow, "voice_slow"},
	{mic.ErrPart, "voice_part"},
	{call.ErrFileMissing, "file_missing"},
	{call.ErrFileForbidden, "file_forbidden"},
	{call.ErrFileUnreadable, "file_unreadable"},
	{call.ErrDeviceFailed, "device_failed"},

	{call.ErrNotSupported, "not_supported"},
	{call.ErrOtherRoom, "other_room"},
	{call.ErrNotInRoom, "not_in_room"},
	{call.ErrAlreadyInRoom, "already_in_room"},
	{call.ErrNotPublished, "not_published"},
	{call.ErrClosed, "closed"},
	{call.ErrForbiddenCharacter, "forbidden_character"},
	{call.ErrTooLong, "too_long"},
	{call.ErrEmpty, "empty"},
	{call.ErrInvisible, "invisible"},
	{call.ErrBadArgument, "bad_argument"},
}

// hosting has what keeps "Start a room" from working, in words for the window:
// its reader has no command line and has never heard of a data folder.
var hosting = []struct {
	err error
	key string
}{
	{call.ErrServerConfig, "hosting_server_config"},
	{call.ErrPortInUse, "hosting_port_in_use"},
	{call.ErrAddress, "hosting_address"},
	{call.ErrDataFull, "hosting_data_full"},
	{call.ErrDataCorrupt, "hosting_data_corrupt"},
	{call.ErrDataNewer, "hosting_data_newer"},
	{call.ErrDataInUse, "hosting_data_in_use"},
	{call.ErrDataFolder, "hosting_data_folder"},
	{call.ErrCertificate, "hosting_certificate"},
	{call.ErrServerKey, "hosting_server_key"},
}

// hostingKey is the key of why the room server of this computer does not
// start, empty for any other error and for a reason that nobody knows.
func hostingKey(err error) string {
	if !errors.Is(err, call.ErrRoomServerFailed) {
		return ""
	}
	for _, k := range hosting {
		if errors.Is(err, k.err) {
			return k.key
		}
	}
	return ""
}

// Error describes an error. command is the word of the command that failed, empty
// where it is plain from the place; source is the device that it was about,
// SourceUnknown for none; now is the reader's clock, for the end of a ban.
func (b *Book) Error(err error, command string, source call.Source, now time.Time) Sentence {
	s := b.sentence(err, source, now)
	if command != "" {
		s.What = b.what(command, source)
	}
	return s
}

// Problem is what a place says about an error that is plain from the place; empty for
// none.
func Problem(b *Book, err error, now time.Time) string {
	if err == nil {
		return ""
	}
	return b.Error(err, "", call.SourceUnknown, now).String()
}

func (b *Book) what(command string, source call.Source) string {
	for _, key := range []string{"failed." + command + "." + source.String(), "failed." + command} {
		if b.Has(key) {
			return b.T(key)
		}
	}
	return b.T("failed.other")
}

func (b *Book) sentence(err error, source call.Source, now time.Time) Sentence {
	if err == nil {
		err = call.ErrRefused
	}
	if s := b.known(err, source, now); s.Text != "" {
		return s
	}
	return Sentence{Text: b.T("error.unknown", "error", err.Error()), Next: b.T("error.unknown.next")}
}

// known answers the zero Sentence for an error that has none of its own.
func (b *Book) known(err error, source call.Source, now time.Time) Sentence {
	if name, ok := errors.AsType[*call.NameError](err); ok {
		return b.name(name)
	}
	if ban, ok := errors.AsType[*call.BannedError](err); ok {
		if ban.Until.IsZero() {
			return b.pair("banned_open")
		}
		return b.pair("banned", "until", b.Until(ban.Until, now))
	}
	if clock, ok := errors.AsType[*call.ClockError](err); ok && !clock.Server.IsZero() {
		return b.pair("clock_server", "time", b.Until(clock.Server, now))
	}
	if out, ok := errors.AsType[*call.PutOutError](err); ok {
		return b.pair(removedKey(out.Reason))
	}
	if cut, ok := errors.AsType[*call.CutOffError](err); ok && cut.Text != "" {
		return b.pair("cut_off_text", "text", cut.Text)
	}
	deviceName := ""
	dev, ofDevice := errors.AsType[*call.DeviceError](err)
	if ofDevice {
		source, deviceName = dev.Source, dev.Device
	}
	path, owner := place(err)
	if errors.Is(err, call.ErrServerConfig) && errors.Is(err, call.ErrLinkInsecure) {
		return b.pair("livekit_insecure")
	}
	if key := hostingKey(err); key != "" {
		return b.pair(key)
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			return b.pair(k.key, append(b.deviceArgs(source, deviceName), "path", path, "owner", owner)...)
		}
	}
	if ofDevice {
		return b.pair("device_failed", b.deviceArgs(source, deviceName)...)
	}
	return Sentence{}
}

func (b *Book) deviceArgs(source call.Source, name string) []string {
	return []string{"device", b.Device(source, name), "kind", b.kind(source), "another", b.another(source)}
}

// place returns the folder or file that an error is about, and its owner: a user,
// or the number of a process.
func place(err error) (path, owner string) {
	path, owner = "?", "?"
	if p, ok := errors.AsType[*call.PathError](err); ok {
		path = p.Path
		if p.Owner != "" {
			owner = p.Owner
		}
	}
	if d, ok := errors.AsType[*call.DataInUseError](err); ok {
		path = d.Path
		if d.PID > 0 {
			owner = strconv.Itoa(d.PID)
		}
	}
	return path, owner
}

// removedKey says why the door does not let somebody back in with what they
// have.
func removedKey(r call.LeaveReason) string {
	switch r {
	case call.ReasonDismissed:
		return "put_out_dismissed"
	case call.ReasonOfflineRemoved:
		return "put_out_offline"
	default:
		return "put_out"
	}
}

func (b *Book) pair(key string, args ...string) Sentence {
	return Sentence{Text: b.T("error."+key, args...), Next: b.T("error."+key+".next", args...)}
}

func fieldKeys() map[call.Field]string {
	return map[call.Field]string{
		call.FieldRoom: "room", call.FieldIdentity: "user", call.FieldName: "name", call.FieldTitle: "title",
		call.FieldText: "text", call.FieldChat: "message",
	}
}

// name says which name is unusable, why and where (contract N2, N4).
func (b *Book) name(e *call.NameError) Sentence {
	field, ok := fieldKeys()[e.Field]
	if !ok {
		return b.pair("bad_argument")
	}
	switch {
	case errors.Is(e.Problem, call.ErrTooLong):
		return b.pair(field+"_long", "length", b.Number(e.Length), "limit", b.Number(e.Limit))
	case errors.Is(e.Problem, call.ErrForbiddenCharacter):
		return b.pair(field+"_character", "character", b.character(e.Character), "position", strconv.Itoa(e.Position))
	case errors.Is(e.Problem, call.ErrInvisible):
		return b.pair(field + "_invisible")
	default:
		return b.pair(field + "_empty")
	}
}

// character shows a character so that it can be told from its neighbours, an
// invisible one by its code point.
func (b *Book) character(r rune) string {
	if strconv.IsPrint(r) && call.Visible(string(r)) {
		return b.T("character.shown", "c", string(r))
	}
	if r == ' ' {
		return b.T("character.space")
	}
	return call.CodePoint(r)
}

// RoomWarning says what may go wrong with a room ID that is allowed; empty
// for nothing (contract section 0: % and Web peers).
func (b *Book) RoomWarning(room call.RoomID) string {
	if strings.Contains(string(room), "%") {
		return b.T("lobby.warn_percent")
	}
	return ""
}

package doorapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"foyer/engine/call"
)

// Code says why the door refuses.
type Code string

// Codes of refusals.
const (
	CodeBadRequest     Code = "bad_request"
	CodeInviteRefused  Code = "invite_refused"
	CodeInviteExpired  Code = "invite_expired"
	CodeNoSuchRoom     Code = "no_such_room"
	CodeRoomFull       Code = "room_full"
	CodeRoomLocked     Code = "room_locked"
	CodeBanned         Code = "banned"
	CodeIdentityTaken  Code = "identity_taken"
	CodeTooManyTries   Code = "too_many_tries"
	CodeTooManyGuests  Code = "too_many_guests" // of one address
	CodeServerStopping Code = "server_stopping"
	CodePutOut         Code = "put_out"
	CodeAlreadyHere    Code = "already_here"
	CodeManyIdentities Code = "many_identities"
	CodeForbidden      Code = "forbidden"
	CodeMuted          Code = "muted"
	CodeTooFast        Code = "too_fast"
	CodeNotStored      Code = "not_stored"
	CodeTokenRefused   Code = "token_refused"
	CodeClock          Code = "clock"
	CodeJoinUsed       Code = "join_used"
	CodeUnauthorized   Code = "unauthorized"  // of the admin API: not its key
	CodeNoSpace        Code = "no_space"      // no space left for the data folder
	CodeWaiting        Code = "waiting"       // ask again, or wait: a host has to let you in
	CodeUnanswered     Code = "unanswered"    // nobody did, for a long time
	CodeWaitingFull    Code = "waiting_full"  // too many wait
	CodeServerSilent   Code = "server_silent" // the LiveKit behind the door does not answer it
)

// row ties a code to its HTTP status and its error.
type row struct {
	code   Code
	status int
	err    error
}

func rows() []row {
	return []row{
		{CodeBadRequest, http.StatusBadRequest, call.ErrBadArgument},
		{CodeInviteRefused, http.StatusForbidden, call.ErrInviteRefused},
		{CodeInviteExpired, http.StatusGone, call.ErrInviteExpired},
		{CodeNoSuchRoom, http.StatusNotFound, call.ErrNoSuchRoom},
		{CodeRoomFull, http.StatusConflict, call.ErrRoomFull},
		{CodeRoomLocked, http.StatusLocked, call.ErrRoomLocked},
		{CodeIdentityTaken, http.StatusConflict, call.ErrIdentityTaken},
		{CodeTooManyTries, http.StatusTooManyRequests, call.ErrTooManyTries},
		{CodeTooManyGuests, http.StatusTooManyRequests, call.ErrTooManyGuests},
		{CodeServerStopping, http.StatusServiceUnavailable, call.ErrServerStopping},
		{CodeAlreadyHere, http.StatusConflict, call.ErrAlreadyHere},
		{CodeManyIdentities, http.StatusConflict, call.ErrManyIdentities},
		{CodeForbidden, http.StatusForbidden, call.ErrForbidden},
		{CodeMuted, http.StatusForbidden, call.ErrMuted},
		{CodeTooFast, http.StatusTooManyRequests, call.ErrChatTooFast},
		{CodeNotStored, http.StatusInsufficientStorage, call.ErrNotStored},
		{CodeTokenRefused, http.StatusUnauthorized, call.ErrTokenRefused},
		{CodeClock, http.StatusBadRequest, call.ErrClock},
		{CodeJoinUsed, http.StatusConflict, call.ErrJoinUsed},
		{CodeWaiting, http.StatusForbidden, call.ErrWaiting},
		{CodeUnanswered, http.StatusForbidden, call.ErrUnanswered},
		{CodeWaitingFull, http.StatusTooManyRequests, call.ErrWaitingFull},
		{CodeServerSilent, http.StatusBadGateway, call.ErrServerSilent},
	}
}

// Error is a refusal as it travels.
type Error struct {
	Code    Code   `json:"error"`
	Message string `json:"message,omitempty"` // for logs and for people who use curl
	Until   int64  `json:"until,omitempty"`   // end of a ban, unix ms; 0: until lifted
	Reason  string `json:"reason,omitempty"`  // of put_out: a LeaveReason's word
	By      string `json:"by,omitempty"`      // who removed the person
	Time    int64  `json:"time,omitempty"`    // of clock and banned: the door's, unix ms
	// Text is what the host said about a removal or ban. It is the last: a
	// websocket client may see the first KiB of a refusal only.
	Text string `json:"text,omitempty"`
}

// ErrorFrom is the refusal that means err. Errors without a code of their
// own become bad_request if the caller sent something unusable, and are not ok
// otherwise: then the door itself has failed (status 500).
func ErrorFrom(err error) (e Error, ok bool) {
	if banned, ok := errors.AsType[*call.BannedError](err); ok {
		e = Error{Code: CodeBanned, Message: "banned", Text: banned.Text, By: banned.By}
		if !banned.Until.IsZero() {
			e.Until = banned.Until.UnixMilli()
		}
		return e, true
	}
	if out, ok := errors.AsType[*call.PutOutError](err); ok {
		return Error{
			Code: CodePutOut, Message: err.Error(), Text: out.Text, By: out.By, Reason: out.Reason.String(),
		}, true
	}
	if clock, ok := errors.AsType[*call.ClockError](err); ok {
		return Error{Code: CodeClock, Message: err.Error(), Time: clock.Server.UnixMilli()}, true
	}
	for _, row := range rows() {
		if errors.Is(err, row.err) {
			return Error{Code: row.code, Message: err.Error()}, true
		}
	}
	if _, ok := errors.AsType[*call.NameError](err); ok {
		return Error{Code: CodeBadRequest, Message: err.Error()}, true
	}
	return Error{}, false
}

// Status is the HTTP status that goes with the code.
func (e Error) Status() int {
	if e.Code == CodeBanned || e.Code == CodePutOut {
		return http.StatusForbidden
	}
	for _, row := range rows() {
		if row.code == e.Code {
			return row.status
		}
	}
	return http.StatusInternalServerError
}

// ErrSaidByDoor marks a [call.ErrServerSilent] of a server whose door has answered: its
// LiveKit is silent, and not the network.
var ErrSaidByDoor = errors.New("the door answered, LiveKit did not")

// Err is the refusal as an error of package call: a *[call.BannedError] for a ban, a
// *[call.PutOutError] for a removal; unknown codes wrap [call.ErrRefused].
func (e Error) Err() error {
	if e.Code == CodeBanned {
		banned := &call.BannedError{Text: e.Text, By: e.By}
		if e.Until > 0 {
			banned.Until = time.UnixMilli(e.Until)
		}
		return banned
	}
	if e.Code == CodePutOut {
		return &call.PutOutError{Reason: call.RemovalReason(e.Reason), By: e.By, Text: e.Text}
	}
	if e.Code == CodeClock && e.Time > 0 {
		return &call.ClockError{Server: time.UnixMilli(e.Time)}
	}
	if e.Code == CodeServerSilent {
		return fmt.Errorf("%w: %w", call.ErrServerSilent, ErrSaidByDoor)
	}
	for _, row := range rows() {
		if row.code == e.Code {
			return row.err
		}
	}
	return fmt.Errorf("%w: %.64q", call.ErrRefused, string(e.Code))
}

// ErrAt is [Error.Err] with its times converted to the reader's clock, which says now.
func (e Error) ErrAt(now time.Time) error {
	err := e.Err()
	if ban, ok := errors.AsType[*call.BannedError](err); ok && !ban.Until.IsZero() {
		ban.Until = ban.Until.Add(-call.ClockOffset(e.Time, now))
	}
	return err
}

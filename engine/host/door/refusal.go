package door

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"

	"github.com/sirupsen/logrus"
	"github.com/twitchtv/twirp"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
)

// Codes that only the door's own API uses.
const (
	codeInternal doorapi.Code = "internal"
)

// fail answers with the refusal that err means. What the door itself could not
// do is logged and not told to strangers.
func (d *Door) fail(w http.ResponseWriter, log logrus.FieldLogger, err error) {
	e, ok := doorapi.ErrorFrom(err)
	if errors.Is(err, call.ErrNotStored) {
		e = doorapi.Error{Code: doorapi.CodeNotStored, Message: call.ErrNotStored.Error()} // the rest is ours to know
	}
	if !ok && d.entrance.refuses() { // which is the cause, most likely
		e, ok = doorapi.ErrorFrom(call.ErrServerStopping)
	}
	if e.Code == doorapi.CodeBanned {
		e.Time = d.now().UnixMilli() // its end is by this clock
	}
	status := e.Status()
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, call.ErrAdminKey):
		ok = true
		e, status = doorapi.Error{Code: doorapi.CodeUnauthorized, Message: call.ErrAdminKey.Error()}, http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", "Bearer")
	case tooLarge:
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, register.ErrFull):
		d.log.WithError(err).Error("the door could not store anything")
		e = doorapi.Error{Code: doorapi.CodeNoSpace, Message: call.ErrDataFull.Error()}
		status = http.StatusInsufficientStorage
	// Both may be over soon: clients that have lost their connection try on.
	case !ok && errors.Is(err, register.ErrUnavailable):
		d.log.WithError(err).Error("the register does not answer")
		e = doorapi.Error{Code: doorapi.CodeNotStored, Message: call.ErrNotStored.Error()}
		status = e.Status()
	case !ok && noAnswer(err):
		d.log.WithError(err).Error("LiveKit does not answer")
		e = doorapi.Error{Code: doorapi.CodeServerSilent, Message: "the media server does not answer"}
		status = e.Status()
	case !ok:
		d.log.WithError(err).Error("the door could not answer")
		e = doorapi.Error{Code: codeInternal, Message: "the server has a problem of its own"}
		status = http.StatusInternalServerError
	}
	if log != nil && ok && e.Code != doorapi.CodeWaiting { // a guest who waits asks again and again
		log.WithField("code", e.Code).Info("refused")
	}
	d.metrics.Refused(string(e.Code))
	reply(w, status, e)
}

// noAnswer reports whether LiveKit's API could not be reached, or something on the
// way to it says so, or LiveKit cannot reach its Redis or another node.
func noAnswer(err error) bool {
	if _, failed := errors.AsType[*url.Error](err); failed {
		return true
	}
	refused, ok := errors.AsType[twirp.Error](err)
	if !ok {
		return false
	}
	switch refused.Code() {
	case twirp.Unavailable, twirp.DeadlineExceeded, twirp.Unknown, twirp.Internal:
		return true
	default:
		return false
	}
}

// refuseWith answers a request that LiveKit would have answered.
func (d *Door) refuseWith(w http.ResponseWriter, err error) {
	allowOrigins(w)
	d.fail(w, d.log.WithField("part", "door"), err)
}

// logWriter sends net/http's complaints about clients to the log.
type logWriter struct{ log logrus.FieldLogger }

func (l logWriter) Write(p []byte) (int, error) {
	l.log.Debug(string(bytes.TrimSpace(p)))
	return len(p), nil
}

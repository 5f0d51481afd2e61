package door

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/sirupsen/logrus"

	"foyer/engine/host/metrics"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/limits"
)

// allowOrigins lets web pages of any origin join: what counts is in the body,
// and the door knows no cookies.
func allowOrigins(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
}

func servePreflight(w http.ResponseWriter, _ *http.Request) {
	allowOrigins(w)
	w.Header().Set("Access-Control-Allow-Methods", "POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// Paths of the door beside those of LiveKit.
const (
	HealthPath      = doorapi.HealthPath
	RoomServicePath = "/twirp/livekit.RoomService/"
)

// route is one that the door answers. docs/openapi.yaml has them all.
type route struct {
	method string
	path   string
	serve  http.HandlerFunc
}

func (d *Door) routeTable() []route {
	table := []route{
		{http.MethodGet, HealthPath, d.serveHealth},
		{http.MethodGet, metrics.Path, d.serveMetrics},
		{http.MethodPost, doorapi.JoinPath, d.serveJoin},
		{http.MethodPost, doorapi.InvitationsPath, d.serveInvitation},
		{http.MethodPost, RoomServicePath, d.serveRoomService},
	}
	for _, o := range d.moderator.Operations() {
		table = append(table, route{http.MethodPost, doorapi.APIPath + string(o.Op), d.serveOperation(o)})
	}
	// Every route of LiveKit's that admits somebody to a room, except WHIP and
	// agents, which stay closed (livekit-server rtcservice.go, SetupRoutes).
	for _, path := range []string{"/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"} {
		table = append(table, route{http.MethodGet, path, d.serveRTC})
	}
	return table
}

func (d *Door) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range d.routeTable() {
		mux.HandleFunc(r.method+" "+r.path, d.metrics.Count(r.path, r.serve))
		if r.method == http.MethodPost && r.path != RoomServicePath {
			mux.HandleFunc("OPTIONS "+r.path, servePreflight)
		}
	}
	if d.page != nil {
		mux.HandleFunc("GET "+call.WebPath, d.metrics.Count(call.WebPath, d.page.ServeHTTP))
	}
	return mux
}

func (d *Door) serveHealth(w http.ResponseWriter, r *http.Request) {
	if d.entrance.refuses() {
		d.fail(w, nil, call.ErrServerStopping)
		return
	}
	reply(w, http.StatusOK, doorapi.Health{Status: "ok", Media: d.mediaAt(r.Context())})
}

// serveMetrics answers whoever has the admin key.
func (d *Door) serveMetrics(w http.ResponseWriter, r *http.Request) {
	who, err := d.authorize(r)
	if err == nil && !who.Admin {
		err = call.ErrForbidden
	}
	if err != nil {
		d.fail(w, d.log.WithFields(logrus.Fields{"part": "door", "from": limits.Origin(r.RemoteAddr)}), err)
		return
	}
	d.metrics.Handler().ServeHTTP(w, r)
}

// readJSON reads a bounded body into v. Errors wrap call.ErrBadArgument.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, doorapi.MaxBody))
	if err != nil {
		return fmt.Errorf("%w: body: %w", call.ErrBadArgument, err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: body is not the expected JSON", call.ErrBadArgument)
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if it fails
}

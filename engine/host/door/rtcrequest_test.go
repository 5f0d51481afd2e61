package door

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// entries is a LiveKit that reads connects with LiveKit's own code, notes whom
// it would let in, and lets in nobody.
type entries struct {
	livekit.RoomService // answers what is not below with a panic

	mu       sync.Mutex
	people   map[string]*livekit.ParticipantInfo // in the room, by identity
	room     livekit.RoomName                    // of the participant who would be let in
	admitted *routing.ParticipantInit            // nil: nobody
}

var errNobodyComesIn = errors.New("nobody comes in")

func (e *entries) ListRooms(context.Context, *livekit.ListRoomsRequest) (*livekit.ListRoomsResponse, error) {
	return &livekit.ListRoomsResponse{Rooms: []*livekit.Room{{Name: "hall", Sid: "RM_1"}}}, nil
}

func (e *entries) GetParticipant(_ context.Context, q *livekit.RoomParticipantIdentity) (*livekit.ParticipantInfo, error) {
	if p := e.people[q.GetIdentity()]; p != nil && q.GetRoom() == "hall" {
		return p, nil
	}
	return nil, twirp.NewError(twirp.NotFound, "nobody")
}

func (e *entries) ListParticipants(context.Context, *livekit.ListParticipantsRequest) (*livekit.ListParticipantsResponse, error) {
	answer := &livekit.ListParticipantsResponse{}
	for _, p := range e.people {
		answer.Participants = append(answer.Participants, p)
	}
	return answer, nil
}

func (e *entries) CreateRoom(_ context.Context, q *livekit.CreateRoomRequest) (*livekit.Room, error) {
	return &livekit.Room{Name: q.GetName(), Sid: "RM_2"}, nil
}

// anyRoom is a livekit-server that has every room.
type anyRoom struct{ service.RoomAllocator }

func (anyRoom) ValidateCreateRoom(context.Context, livekit.RoomName) error { return nil }

func (anyRoom) SelectRoomNode(context.Context, livekit.RoomName, livekit.NodeID) error { return nil }

func (e *entries) StartParticipantSignal(_ context.Context, room livekit.RoomName, pi routing.ParticipantInit) (res routing.StartParticipantSignalResults, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.room, e.admitted = room, &pi
	return res, errNobodyComesIn
}

// serve answers like livekit-server (server.go, NewLivekitServer).
func (e *entries) serve(t testing.TB, key roomservice.Key) *httptest.Server {
	if err := prometheus.Init("node", livekit.NodeType_SERVER); err != nil {
		t.Fatal(err)
	}
	conf := &config.Config{Limit: config.LimitConfig{}, SignalRelay: config.SignalRelayConfig{ConnectAttempts: 1}}
	mux := http.NewServeMux()
	service.NewRTCService(conf, anyRoom{}, e, nil).SetupRoutes(mux)
	rooms := livekit.NewRoomServiceServer(e)
	mux.Handle(rooms.PathPrefix(), rooms)
	verified := service.NewAPIKeyAuthMiddleware(auth.NewSimpleKeyProvider(key.Key, key.Secret))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service.RemoveDoubleSlashes(w, r, func(w http.ResponseWriter, r *http.Request) { verified.ServeHTTP(w, r, mux.ServeHTTP) })
	}))
	t.Cleanup(server.Close)
	return server
}

// checkedConnects is the way from the door to LiveKit, and notes whom the door
// has checked.
type checkedConnects struct {
	next    http.RoundTripper
	mu      sync.Mutex
	checked *connect
}

func (c *checkedConnects) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.checked = connectOf(r.Context())
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// entrance is a door before such a LiveKit, with tokens for the words that
// requests have in braces.
type entrance struct {
	door    *Door
	livekit *entries
	way     *checkedConnects
	tokens  map[string]string
}

func newEntrance(t testing.TB) *entrance {
	e := &entrance{livekit: &entries{people: map[string]*livekit.ParticipantInfo{}}, tokens: map[string]string{}}
	key := newAPIKey()
	server := e.livekit.serve(t, key)
	e.door = newTestDoor(t, parseURL(t, server.URL), key)
	e.way = &checkedConnects{next: e.door.proxy.Transport}
	e.door.proxy.Transport = e.way
	t.Cleanup(func() {
		if transport, ok := e.way.next.(*http.Transport); ok {
			transport.CloseIdleConnections()
		}
	})
	if err := e.door.register.AddInvitation(t.Context(), register.Invitation{Room: "hall"}, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []call.Identity{"anna", "ben", "banned", "out"} {
		e.member(t, id)
	}
	ctx := t.Context()
	if _, err := e.door.register.Ban(ctx, register.Ban{Room: "hall", Identity: "banned", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.door.register.Revoke(ctx, "hall", "out", register.Verdict{Reason: call.ReasonRemoved, At: time.Now()}, 0); err != nil {
		t.Fatal(err)
	}
	hall := &auth.VideoGrant{RoomJoin: true, Room: "hall"}
	foreign := &auth.VideoGrant{RoomJoin: true, Room: "hall", CanUpdateOwnMetadata: proto.Bool(true)}
	e.tokens["foreign"] = hosttest.Token(t, key, "web", foreign, nil)
	e.tokens["expired"] = hosttest.TokenUntil(t, key, time.Now().Add(-time.Hour))
	e.tokens["other"] = hosttest.Token(t, key, "web", &auth.VideoGrant{RoomJoin: true, Room: "other"}, nil)
	key.Secret = "somebody else's, which is long enough"
	e.tokens["forged"] = hosttest.Token(t, key, "anna", hall, nil)
	return e
}

// member is somebody with a token of the door's, who is in the room.
func (e *entrance) member(t testing.TB, id call.Identity) {
	req := hosttest.Join(t, id, hosttest.NewKey(t), call.Link{Room: "hall", Fingerprint: e.door.fingerprint})
	m, err := e.door.register.Bind(t.Context(), register.Member{Room: "hall", Identity: id, Key: req.Key, Name: "Guest", Role: call.RoleParticipant}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := e.door.answer(t.Context(), &req, m, "RM_1", "", false)
	if err != nil {
		t.Fatal(err)
	}
	e.tokens[string(id)] = answer.Token
	e.livekit.people[string(id)] = &livekit.ParticipantInfo{Identity: string(id), Attributes: map[string]string{
		doorapi.AttributeMember: e.door.memberTag("hall", id, req.Key, m.Generation), doorapi.AttributeGeneration: strconv.FormatInt(m.Generation, 10),
	}}
}

// packed is a join request as it travels in a query.
func packed(t testing.TB, inner []byte, compression int32) string {
	if livekit.WrappedJoinRequest_Compression(compression) == livekit.WrappedJoinRequest_GZIP {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(inner) // to memory
		_ = w.Close()
		inner = b.Bytes()
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{
		JoinRequest: inner, Compression: livekit.WrappedJoinRequest_Compression(compression),
	})
	if err != nil {
		t.Fatal(err)
	}
	return url.QueryEscape(base64.URLEncoding.EncodeToString(outer))
}

// request is what a client writes, if it can be read as HTTP.
func (e *entrance) request(line, headers, body, join string) *http.Request {
	words := []string{"{join}", join}
	for name, token := range e.tokens {
		words = append(words, "{"+name+"}", token)
	}
	fill := strings.NewReplacer(words...).Replace
	raw := fill(line) + " HTTP/1.1\r\nHost: foyer\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + fill(strings.ReplaceAll(headers, "\n", "\r\n"))
	if body != "" {
		raw += "\r\nContent-Length: " + strconv.Itoa(len(fill(body)))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw + "\r\n\r\n" + fill(body))))
	if err != nil {
		return nil
	}
	r.RemoteAddr = "192.0.2.1:1"
	return r
}

// check sends a request through the door and compares the identity that the door has
// checked with the one that LiveKit lets in. It returns that one; empty: nobody.
func (e *entrance) check(t *testing.T, r *http.Request) string {
	e.livekit.admitted, e.way.checked = nil, nil
	w := httptest.NewRecorder()
	e.door.http.Handler.ServeHTTP(w, r)
	e.livekit.mu.Lock()
	defer e.livekit.mu.Unlock()
	e.way.mu.Lock()
	defer e.way.mu.Unlock()
	in, c := e.livekit.admitted, e.way.checked
	switch {
	case in == nil:
		return ""
	case c == nil:
		t.Fatalf("LiveKit lets %s in, whom the door has not checked", in.Identity)
	case string(e.livekit.room) != string(c.room()), string(in.Identity) != string(c.identity()), in.Reconnect != c.resumes:
		t.Fatalf("the door has checked %s in %s (resumes: %v), LiveKit lets %s into %s (resumes: %v)",
			c.identity(), c.room(), c.resumes, in.Identity, e.livekit.room, in.Reconnect)
	case !sameRights(in.Grants.Video, c.granted):
		t.Fatalf("rights: %+v, want %+v", in.Grants.Video, c.granted)
	case c.ours && !maps.Equal(in.Grants.Attributes, c.grants.Attributes):
		t.Fatalf("attributes: %v, want %v", in.Grants.Attributes, c.grants.Attributes)
	case in.Identity == "banned" || in.Identity == "out":
		t.Fatalf("%s is in", in.Identity)
	}
	return string(in.Identity)
}

// form is a body that Go reads as a form whatever the method is.
func form(fields ...string) (header, body string) {
	for i := 0; i+1 < len(fields); i += 2 {
		body += "--x\r\nContent-Disposition: form-data; name=\"" + fields[i] + "\"\r\n\r\n" + fields[i+1] + "\r\n"
	}
	return "Content-Type: multipart/form-data; boundary=x", body + "--x--\r\n"
}

// FuzzConnect: whatever comes at /rtc*, nobody is let in by LiveKit's own reading
// of it but whom the door has checked, and as what: the same person, room,
// rights, and newcomer or not.
func FuzzConnect(f *testing.F) {
	e := newEntrance(f)
	newcomer, err := proto.Marshal(&livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Protocol: 17}})
	if err != nil {
		f.Fatal(err)
	}
	back, err := proto.Marshal(&livekit.JoinRequest{Reconnect: true, ParticipantSid: "PA_1"})
	if err != nil {
		f.Fatal(err)
	}
	renamed, err := proto.Marshal(&livekit.JoinRequest{Metadata: "m", ParticipantAttributes: map[string]string{doorapi.AttributeMember: "x"}})
	if err != nil {
		f.Fatal(err)
	}
	const bearer = "Authorization: Bearer "
	for _, seed := range []struct {
		line, headers, body string
		inner               []byte
		compression         int32
	}{
		{"GET /rtc?access_token={anna}", "", "", nil, 0},
		{"GET /rtc?protocol=17", bearer + "{ben}", "", nil, 0},
		{"GET /rtc?access_token={banned}", bearer + "{anna}", "", nil, 0},
		{"GET /rtc?access_token={banned}&access_token={anna}", "", "", nil, 0},
		{"GET /rtc?access_token={anna}&access_token={out}", "", "", nil, 0},
		{"GET /rtc", bearer + "{anna}\n" + bearer + "{banned}", "", nil, 0},
		{"GET /rtc?access_token={out}", bearer + "{anna}\nConnection: Authorization", "", nil, 0},
		{"GET /rtc?reconnect=1&sid=PA_1", bearer + "{anna}", "", nil, 0},
		{"GET /rtc?reconnect=0&reconnect=1", bearer + "{anna}", "", nil, 0},
		{"GET /rtc?reconnect=true", bearer + "{foreign}", "", nil, 0},
		{"GET /rtc?publish=x", bearer + "{anna}", "", nil, 0},
		{"GET /rtc?%70ublish=x", bearer + "{anna}", "", nil, 0},
		{"GET /rtc?publish=", bearer + "{foreign}", "", nil, 0},
		{"GET /rtc/v1?join_request={join}", bearer + "{anna}", "", newcomer, 0},
		{"GET /rtc/v1?join_request={join}", bearer + "{anna}", "", back, 1},
		{"GET /rtc/v1?join_request={join}", bearer + "{foreign}", "", renamed, 1},
		{"GET /rtc/v1?join_request={join}", bearer + "{ben}", "", back, 2},
		{"GET /rtc?join_request={join}&reconnect=1", bearer + "{ben}", "", newcomer, 0},
		{"GET /rtc?join_request=&join_request={join}&reconnect=1", bearer + "{ben}", "", back, 0},
		{"GET /rtc/v1?join_request=%7Bjoin%7D", bearer + "{ben}", "", nil, 0},
		{"GET //rtc?access_token={banned}", "", "", nil, 0},
		{"GET /rtc/v1/../?access_token={banned}", "", "", nil, 0},
		{"GET /%72tc?access_token={anna}", "", "", nil, 0},
		{"GET /rtc/validate?access_token={out}", "", "", nil, 0},
		{"HEAD /rtc?access_token={anna}", "", "", nil, 0},
		{"GET http://elsewhere/rtc?access_token={anna}", "", "", nil, 0},
		{"GET /rtc?access_token={expired}", "", "", nil, 0},
		{"GET /rtc?access_token={forged}", "", "", nil, 0},
		{"GET /rtc?access_token={other}", "X-Real-IP: 1.2.3.4", "", nil, 0},
		{"GET /rtc", "Authorization: bearer {anna}", "", nil, 0},
		{"GET /rtc", "Authorization: Bearer  {anna}", "", nil, 0},
		{"GET /rtc?a;access_token={anna}", "", "", nil, 0},
		{"POST /rtc?access_token={anna}", "", "", nil, 0},
		{"GET /rtc?access_token={anna}", "Transfer-Encoding: chunked", "", nil, 0},
	} {
		f.Add(seed.line, seed.headers, seed.body, seed.inner, seed.compression)
	}
	for _, fields := range [][]string{{"publish", "x"}, {"reconnect", "1"}, {"join_request", "{join}"}, {"access_token", "{banned}"}} {
		header, body := form(fields...)
		f.Add("GET /rtc", bearer+"{anna}\n"+header, body, back, int32(0))
		f.Add("GET /rtc", bearer+"{anna}\nConnection: Authorization\n"+header, body, newcomer, int32(0))
	}
	f.Fuzz(func(t *testing.T, line, headers, body string, inner []byte, compression int32) {
		if r := e.request(line, headers, body, packed(t, inner, compression)); r != nil {
			e.check(t, r)
		}
	})
}

// TestK8_ConnectsAreRead: what FuzzConnect compares does happen, else it would
// find nothing; and no form in a body brings a token, a name or a resumption that
// the door has not seen.
func TestK8_ConnectsAreRead(t *testing.T) {
	e := newEntrance(t)
	back, err := proto.Marshal(&livekit.JoinRequest{Reconnect: true})
	if err != nil {
		t.Fatal(err)
	}
	join := packed(t, back, int32(livekit.WrappedJoinRequest_GZIP))
	for _, tt := range []struct {
		line, header string
		form         []string
		want         string
	}{
		{"GET /rtc?access_token={anna}", "", nil, "anna"},
		{"GET /rtc?access_token={banned}", "Authorization: Bearer {ben}", nil, "ben"},
		{"GET /rtc/v1?join_request={join}", "Authorization: Bearer {anna}", nil, "anna"},
		{"GET /rtc?reconnect=1", "Authorization: Bearer {anna}", nil, "anna"},
		{"GET /rtc?", "Authorization: Bearer {foreign}", nil, "web"},
		{"GET /rtc?", "Authorization: Bearer {banned}", nil, ""},
		{"GET /rtc?", "Authorization: Bearer {out}", nil, ""},
		{"GET /rtc?", "Authorization: Bearer {forged}", nil, ""},
		{"GET /rtc?", "Authorization: Bearer {expired}", nil, ""},
		{"GET /rtc?publish=x", "Authorization: Bearer {anna}", nil, ""},
		{"GET /rtc?", "Authorization: Bearer {anna}", []string{"publish", "x"}, ""},
		{"GET /rtc?", "Authorization: Bearer {anna}", []string{"reconnect", "1"}, ""},
		{"GET /rtc/v1?", "Authorization: Bearer {anna}", []string{"join_request", "{join}"}, ""},
		{"GET /rtc?", "Authorization: Bearer {anna}\nConnection: Authorization", []string{"access_token", "{banned}"}, ""},
	} {
		header, body := tt.header, ""
		if tt.form != nil {
			kind, fields := form(tt.form...)
			header, body = header+"\n"+kind, fields
		}
		if got := e.check(t, e.request(tt.line, header, body, join)); got != tt.want {
			t.Errorf("%s, %s, %v: %q is in, want %q", tt.line, header, tt.form, got, tt.want)
		}
	}
}

// TestJ6_PackedResumption: the door takes a packed request for a resumption if and
// only if LiveKit does.
func TestJ6_PackedResumption(t *testing.T) {
	back, err := proto.Marshal(&livekit.JoinRequest{Reconnect: true})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[livekit.WrappedJoinRequest_Compression]bool{
		livekit.WrappedJoinRequest_NONE: true, livekit.WrappedJoinRequest_GZIP: true, 2: false, -1: false, 1 << 20: false,
	} {
		query, err := url.ParseQuery("join_request=" + packed(t, back, int32(kind)))
		if err != nil {
			t.Fatal(err)
		}
		if c := (connect{query: query}); c.readJoin() != nil || c.resumes != want {
			t.Errorf("packed as %d: resumes is %v", kind, c.resumes)
		}
	}
}

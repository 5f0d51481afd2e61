package stream

import (
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protowire"

	"foyer/engine/doorapi"
)

// Limits on requests. Descriptions were measured: one of 100 tracks has 45 kB with
// Foyer's two codecs, and 240 kB with all that pion knows; of 400 it is a megabyte.
// Everything else has less than 2 kB, apart from lists of tracks with 16 bytes for
// each.
const (
	// MaxMessage is for descriptions.
	MaxMessage = 1 << 20
	maxList    = 64 << 10
	maxSmall   = 16 << 10
	maxTiny    = 1 << 10
)

// kind is what may be in one kind of request. What it costs is in pieces of work
// for LiveKit: a ping is one.
type kind struct {
	name    string
	bytes   int
	fields  int // at every depth
	cost    int
	refused string // why nobody may send it
	// small requests are unmarshalled and looked at as a whole.
	small bool
}

// sizeOfCost is how many bytes cost as much as a ping.
const sizeOfCost = 4 << 10

func (k *kind) costOf(bytes int) int { return k.cost + bytes/sizeOfCost }

// Fields of SignalRequest.
const offerField, answerField protowire.Number = 1, 2

// kinds are the requests by their field in SignalRequest.
var kinds = map[protowire.Number]*kind{
	offerField:  {name: "offer", bytes: MaxMessage, fields: 4096, cost: 10},
	answerField: {name: "answer", bytes: MaxMessage, fields: 4096, cost: 10},
	3:           {name: "candidate", bytes: maxSmall, fields: 8, cost: 2, small: true},
	4:           {name: "track", bytes: maxSmall, fields: 256, cost: 10, small: true},
	5:           {name: "mute", bytes: maxTiny, fields: 8, cost: 1, small: true},
	6:           {name: "subscription", bytes: maxList, fields: 4096, cost: 2, small: true},
	7:           {name: "track settings", bytes: maxList, fields: 4096, cost: 1, small: true},
	8:           {name: "leave", bytes: maxSmall, fields: 256, cost: 1, small: true},
	10:          {name: "layers", bytes: maxTiny, fields: 64, cost: 2, small: true},
	11:          {name: "permissions", bytes: maxList, fields: 4096, cost: 20, small: true},
	12:          {name: "state", bytes: 2 * MaxMessage, fields: 1 << 14, cost: 50},
	13:          {name: "simulation", refused: "nobody may simulate failures here"},
	14:          {name: "ping", bytes: maxTiny, fields: 1, cost: 1, small: true},
	15:          {name: "metadata", bytes: 2 * maxList, fields: 256, cost: 20, small: true},
	16:          {name: "ping", bytes: maxTiny, fields: 8, cost: 1, small: true},
	17:          {name: "audio track", bytes: maxTiny, fields: 32, cost: 2, small: true},
	18:          {name: "video track", bytes: maxTiny, fields: 32, cost: 2, small: true},
	19:          {name: "data track", bytes: maxTiny, fields: 32, cost: 10, small: true},
	20:          {name: "end of a data track", bytes: maxTiny, fields: 8, cost: 2, small: true},
	21:          {name: "data subscription", bytes: maxList, fields: 4096, cost: 2, small: true},
	22:          {name: "data blob", bytes: 2 * maxList, fields: 64, cost: 20, small: true},
	23:          {name: "question for a data blob", bytes: maxTiny, fields: 32, cost: 10, small: true},
}

// unknown is for requests of clients that are newer than this server. LiveKit
// ignores them.
var unknown = &kind{name: "unknown request", bytes: maxSmall, fields: 256, cost: 5}

// joining is a join request.
var joining = &kind{name: "join", fields: 4096}

// nothing is an empty message, which is a request without anything in it.
var nothing = &kind{name: "empty request", cost: 1}

func kindOf(n protowire.Number) *kind {
	if k := kinds[n]; k != nil {
		return k
	}
	return unknown
}

// Limits on an announced track. LiveKit tells everybody in the room all of it, with
// each change of the person.
const (
	maxIDBytes    = 256 // bytes of a name or an ID
	maxLayers     = 8
	maxCodecs     = 4
	maxJoinTracks = 16
)

// Check looks at a request that LiveKit would otherwise take as it is.
func Check(m *livekit.SignalRequest) error {
	if t := m.GetAddTrack(); t != nil {
		return CheckTrack(t)
	}
	if p := m.GetSubscriptionPermission(); p != nil && !p.GetAllParticipants() {
		return violation(StatusPolicy, "a track for some people alone: in this room, tracks are for everybody")
	}
	for name := range m.GetUpdateMetadata().GetAttributes() {
		if doorapi.IsOurs(name) {
			return violation(StatusPolicy, "the attribute %.64q is the server's", name)
		}
	}
	return nil
}

// CheckTrack looks at a track that somebody announces.
func CheckTrack(t *livekit.AddTrackRequest) error {
	layers, words := len(t.GetLayers()), []string{t.GetCid(), t.GetName(), t.GetSid(), t.GetStream()}
	for _, c := range t.GetSimulcastCodecs() {
		layers = max(layers, len(c.GetLayers()))
		words = append(words, c.GetCodec(), c.GetCid())
	}
	for _, w := range words {
		if len(w) > maxIDBytes {
			return violation(StatusPolicy, "a track with a name of more than %d bytes", maxIDBytes)
		}
	}
	if layers > maxLayers || len(t.GetSimulcastCodecs()) > maxCodecs ||
		len(t.GetAudioFeatures()) > maxIDBytes || len(t.GetPacketTrailerFeatures()) > maxIDBytes {
		return violation(StatusPolicy, "a track with more than %d layers or %d codecs", maxLayers, maxCodecs)
	}
	return nil
}

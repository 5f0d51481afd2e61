package stream

import (
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scanIn scans a request in pieces of that length.
func scanIn(data []byte, piece int) (*scanner, error) {
	s := &scanner{}
	s.reset()
	for chunk := range slices.Chunk(data, max(piece, 1)) {
		if err := s.scan(chunk); err != nil {
			return s, err
		}
	}
	return s, s.end()
}

// objects counts what a message has become in memory.
func objects(m protoreflect.Message) (n int) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			n += v.Map().Len()
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			for i := range v.List().Len() {
				n += 1 + objects(v.List().Get(i).Message())
			}
		case f.IsList() && f.Kind() != protoreflect.EnumKind: // those may be packed
			n += v.List().Len()
		case f.Kind() == protoreflect.MessageKind && !f.IsList():
			n += 1 + objects(v.Message())
		case !f.IsList():
			n++
		}
		return true
	})
	return n
}

// FuzzScan: the pieces do not matter, and a request that is let through becomes no
// more objects than were counted.
func FuzzScan(f *testing.F) {
	for _, m := range []*livekit.SignalRequest{
		ping(1), offer("v=0\r\nm=audio 9\r\na=candidate:1\r\n"), {},
		track(func(a *livekit.AddTrackRequest) { a.Layers = slicesOf[livekit.VideoLayer](3) }),
		{Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{
			Subscription: &livekit.UpdateSubscription{TrackSids: []string{"", "a"}, ParticipantTracks: []*livekit.ParticipantTracks{{TrackSids: []string{"x"}}}},
			Offer:        &livekit.SessionDescription{Sdp: "m=", MidToTrackId: map[string]string{"0": "TR"}},
		}}},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint8(0))
		f.Add(append(raw, raw...), uint8(3))
		f.Add(raw[:len(raw)/2], uint8(1))
	}
	f.Add([]byte{0x0b, 0x0c}, uint8(0))             // a group
	f.Add([]byte{0x0a, 0x05, 0x12, 0x09}, uint8(1)) // longer than what it is in
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		whole, err := scanIn(data, len(data))
		pieces, err2 := scanIn(data, int(piece)+1)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v, in pieces of %d: %v", err, int(piece)+1, err2)
		}
		if err != nil {
			return
		}
		if whole.fields != pieces.fields || whole.kind != pieces.kind {
			t.Fatalf("pieces: %d fields of %v, whole: %d of %v", pieces.fields, pieces.kind, whole.fields, whole.kind)
		}
		var m livekit.SignalRequest
		if proto.Unmarshal(data, &m) != nil {
			return // nor does LiveKit read it
		}
		if n := objects(m.ProtoReflect()); n > whole.fields {
			t.Fatalf("%d objects, %d were counted", n, whole.fields)
		}
	})
}

func TestSectionsAreCountedWhereverTheyAreCut(t *testing.T) {
	for name, tt := range map[string]struct {
		sdp  string
		fine bool
	}{
		"as many as may be":    {"v=0\r\n" + strings.Repeat("m=audio 9 X 111\r\na=sendonly\r\n", maxSections), true},
		"one more":             {"v=0\r\n" + strings.Repeat("m=audio 9 X 111\r\na=sendonly\r\n", maxSections+1), false},
		"one more without \\r": {"v=0\n" + strings.Repeat("m=audio 9 X 111\n", maxSections+1), false},
		"one more without \\n": {"v=0\r" + strings.Repeat("m=audio 9 X 111\r", maxSections+1), false},
		"within other lines":   {"v=0\r\n" + strings.Repeat("a=m=m=m=\r\n", maxSections), true},
		"candidates":           {"v=0\r\n" + strings.Repeat("a=candidate:1 1 udp 1 ::1 9 typ host\r\n", maxCandidates), true},
		"one candidate more":   {"v=0\r\n" + strings.Repeat("a=candidate:1 1 udp 1 ::1 9 typ host\r\n", maxCandidates+1), false},
		"lines of \\r":         {strings.Repeat("a\r", maxLines+1), false},
		"lines of both":        {strings.Repeat("a\r\n", maxLines), true},
		"what looks like it":   {"v=0\r\n" + strings.Repeat("a=candidatepair:1\r\n", maxCandidates), true},
	} {
		raw := mustMarshal(t, offer(tt.sdp))
		for _, piece := range []int{1, 2, 7, 4096, len(raw)} {
			if _, err := scanIn(raw, piece); (err == nil) != tt.fine {
				t.Errorf("%s in pieces of %d: %v", name, piece, err)
			}
		}
	}
}

// TestNamesAreReadAsPionReadsThem: a description is refused, or the names that it
// sends tracks under are those that pion finds.
func TestNamesAreReadAsPionReadsThem(t *testing.T) {
	const head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	const audio, video = audioLine + "a=mid:0\r\na=sendonly\r\n", videoLine + "a=mid:0\r\na=sendonly\r\n"
	for name, tt := range map[string]struct {
		sdp  string
		want string // empty: it is refused
	}{
		"two words":               {head + audio + "a=msid:s cid\r\n", "audio cid"},
		"of a source":             {head + video + "a=ssrc:1 msid:s cid\r\n", "video cid"},
		"no stream":               {head + audio + "a=msid: cid\r\n", "audio cid"},
		"of a source, no stream":  {head + audio + "a=ssrc:1 msid: cid\r\n", "audio cid"},
		"two streams":             {head + audio + "a=ssrc:1 msid:msid: cid\r\n", "audio cid"},
		"line feeds alone":        {strings.ReplaceAll(head+audio+"a=msid:s cid\r\n", "\r", ""), "audio cid"},
		"other words":             {head + audio + "a=ssrc:1 cname:\u00fc \t x\r\na=msid:s cid\r\n", "audio cid"},
		"a tab":                   {head + audio + "a=msid:s c\tid\r\n", ""},
		"a vertical tab":          {head + audio + "a=msid:s c\vid\r\n", ""},
		"a blank of its own":      {head + audio + "a=ssrc:1 msid:s c\u00a0id\r\n", ""},
		"two blanks":              {head + audio + "a=msid:s  cid\r\n", ""},
		"a name of nothing":       {head + audio + "a=msid:s \r\n", ""},
		"a return":                {head + audio + "a=x:\rm=video\r\na=msid:s cid\r\n", ""},
		"two returns":             {head + audio + "a=msid:s cid\r\r\n", ""},
		"a return at the end":     {head + audio + "a=msid:s cid\r", ""},
		"a section after a time":  {strings.TrimSuffix(head, "\r\n") + " " + audio + "a=msid:s cid\r\n", ""},
		"a name after an address": {head + audio + "c=IN IP4 0.0.0.0 a=msid:s cid\r\n", ""},
		"far after an address":    {head + audio + "c=IN IP4 0.0.0.0" + strings.Repeat(" ", 2*maxNamed) + "a=msid:s cid\r\n", ""},
	} {
		raw := mustMarshal(t, offer(tt.sdp))
		for _, piece := range []int{1, 7, len(raw)} {
			got := ""
			s := &scanner{media: told{name: func(audio bool, name string) error {
				kind := "video "
				if audio {
					kind = "audio "
				}
				got += kind + name
				return nil
			}}}
			s.reset()
			var err error
			for chunk := range slices.Chunk(raw, piece) {
				if err = s.scan(chunk); err != nil {
					break
				}
			}
			if tt.want == "" && err == nil || tt.want != "" && (err != nil || got != tt.want) {
				t.Errorf("%s in pieces of %d: %q, %v; want %q", name, piece, got, err, tt.want)
			}
		}
	}
}

// told hands on what it is told.
type told struct {
	name     func(audio bool, name string) error
	sections func([]Section) error
}

func (m told) Name(audio bool, name string) error {
	if m.name == nil {
		return nil
	}
	return m.name(audio, name)
}

func (m told) Sections(all []Section) error {
	if m.sections == nil {
		return nil
	}
	return m.sections(all)
}

package stream

import (
	"slices"
	"strconv"
	"strings"
)

const (
	// maxCarrying is how many sections of an offer may send streams: a person has four
	// tracks, two of which may have a second codec, and each may have been begun anew.
	maxCarrying = 16
	maxMID      = 64 // bytes of a section's name
	// maxSources is how many streams a section may name: three layers, what repairs
	// them, and what corrects them.
	maxSources = 32
)

// Section is one of an offer, for audio or video.
type Section struct {
	MID   string
	Audio bool
	// Receives and Sends are what its sender does with it; neither: it rests.
	Receives, Sends bool
	// Streams are those that it names, unless it tells layers apart by their names in
	// each packet.
	Streams []uint32
	// Corrects says that there are streams for LiveKit to correct others with, which it
	// does not.
	Corrects bool
}

// section is one that is being read, as pion reads it (webrtc, trackDetailsFromSDP).
// pion takes a stream that an offer names for known, and LiveKit keeps its last packets:
// for good, when pion has made no receiver for it. Of that no log tells.
type section struct {
	audio, video bool
	began, hasID bool // there is one, and it has a name
	mid          string
	direction    string // the first
	rests        bool   // it says somewhere that it sends nothing
	layers       bool   // they have names
	stream, name string // of its track
	sources      []uint32
	repairs      []uint32 // those of them that repair others
	corrects     bool
}

func begin(line string) section {
	media := strings.TrimLeft(line[len("m="):], " \t")
	return section{began: true, audio: strings.HasPrefix(media, "audio"), video: strings.HasPrefix(media, "video")}
}

// attribute notes a line of the current section.
func (s *section) attribute(line string) error {
	key, value, _ := strings.Cut(line[len("a="):], ":")
	words := strings.Split(value, " ")
	switch key {
	case "mid":
		if !s.hasID {
			s.hasID, s.mid = true, value
		}
	case "sendrecv", "sendonly", "recvonly", "inactive":
		if s.direction == "" {
			s.direction = key
		}
		s.rests = s.rests || key == "recvonly" || key == "inactive"
	case "rid":
		s.layers = true
	case "msid":
		if len(words) == 2 {
			s.stream, s.name = words[0], words[1]
		}
	case "ssrc":
		if len(words) == 3 && strings.HasPrefix(words[1], "msid:") {
			s.stream, s.name = words[1][len("msid:"):], words[2]
		}
		return note(&s.sources, words[0])
	case "ssrc-group":
		if len(words) != 3 || words[0] != "FID" && words[0] != "FEC-FR" {
			return nil
		}
		if _, ok := number(words[1]); !ok {
			return nil // nor does pion read the line
		}
		s.corrects = s.corrects || words[0] == "FEC-FR"
		return note(&s.repairs, words[2])
	}
	return nil
}

// note notes a stream, if pion reads its number.
func note(in *[]uint32, text string) error {
	n, ok := number(text)
	if !ok || slices.Contains(*in, n) {
		return nil
	}
	if len(*in) == maxSources {
		return violation(StatusPolicy, "a track of more than %d streams", maxSources)
	}
	*in = append(*in, n)
	return nil
}

func number(text string) (n uint32, ok bool) {
	long, err := strconv.ParseUint(text, 10, 32)
	return uint32(long), err == nil
}

// endSection looks at a section that has ended: whether pion makes a receiver for each
// stream that it takes for known.
func (c *sdpCounter) endSection() error {
	s := c.now
	c.now = section{}
	if !s.began || !s.audio && !s.video || c.use == isMemory {
		return nil
	}
	sends := !s.rests
	named := sends && len(s.sources) > 0 && (!s.layers || s.stream == "" || s.name == "")
	tracks := slices.DeleteFunc(slices.Clone(s.sources), func(n uint32) bool { return slices.Contains(s.repairs, n) })
	if named {
		c.carrying++
	}
	switch {
	case len(s.mid) > maxMID:
		return violation(StatusPolicy, "a section with a name of more than %d bytes", maxMID)
	case named && s.mid == "", s.mid != "" && c.has(s.mid):
		return violation(StatusPolicy, "sections that cannot be told apart")
	case named && s.direction == "":
		return violation(StatusPolicy, "a track that is not said to be sent")
	case named && c.use == isAnswer:
		return violation(StatusPolicy, "an answer that sends a track")
	case named && len(tracks) > 1:
		return violation(StatusPolicy, "more than one track in a section")
	case c.carrying > maxCarrying:
		return violation(StatusPolicy, "more than %d tracks at once", maxCarrying)
	}
	kept := Section{
		MID: s.mid, Audio: s.audio, Sends: sends, Receives: s.direction == "sendrecv" || s.direction == "recvonly",
	}
	if named {
		kept.Streams, kept.Corrects = append(s.sources, s.repairs...), s.corrects
		slices.Sort(kept.Streams)
		kept.Streams = slices.Compact(kept.Streams)
	}
	c.all = append(c.all, kept)
	return nil
}

// has reports whether a section before the current one has a name.
func (c *sdpCounter) has(mid string) bool {
	return slices.ContainsFunc(c.all, func(s Section) bool { return s.MID == mid })
}

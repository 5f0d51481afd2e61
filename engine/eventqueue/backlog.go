package eventqueue

import "foyer/engine/call"

// Limits of what waits for a reader who does not come. What comes from the
// network may not use more memory than this, whatever a server sends.
const (
	maxWaiting     = 1 << 16  // events that are never dropped
	maxWaitingSize = 16 << 20 // bytes of these, about
	maxPackets     = 4096     // user packets
	maxPacketBytes = 16 << 20
	packetCost     = 128 // bytes of a packet besides its payload, about
)

// backlog is what waits, in order. Of speakers, hands, connection quality and stats
// the newest replaces the one before; of user packets and reactions the oldest make
// way when there are too many; everything else stays. Its owner has the lock.
type backlog[T any] struct {
	items       []waiting[T]
	newest      map[any]int // where the newest with a key stands in items
	gone        int         // items that were replaced or made way
	size        int         // bytes of what is never dropped, about
	packets     int
	packetBytes int
	oldest      int // no packet stands before this one in items
	dropped     int // packets that made way, since the beginning
}

type waiting[T any] struct {
	value T
	key   any // of what only the newest counts
	bytes int // of a user packet, 0 for anything else
	size  int // of what is never dropped, about
	gone  bool
}

type (
	speakersKey struct{}
	handsKey    struct{}
	statsKey    struct{}
	qualityKey  call.Identity
)

// weigh sorts an event: its key if only the newest counts, its bytes if it is
// a user packet.
func weigh(ev any) (key any, bytes int) {
	switch ev := ev.(type) {
	case call.SpeakersChanged:
		return speakersKey{}, 0
	case call.HandsChanged:
		return handsKey{}, 0
	case call.StatsReported:
		return statsKey{}, 0
	case call.QualityChanged:
		return qualityKey(ev.ID), 0
	case call.Reacted:
		return nil, packetCost
	case call.DataReceived:
		return nil, packetCost + len(ev.Payload) + len(ev.Topic) + len(ev.ID)
	default:
		return nil, 0
	}
}

// eventCost is what an event takes besides its texts, in bytes, and a track or
// a participant in it.
const eventCost = 256

// sizeOf is about how many bytes an event keeps from being freed.
func sizeOf(ev any) int {
	switch ev := ev.(type) {
	case call.ParticipantJoined:
		return eventCost + participantSize(ev.Participant)
	case call.ParticipantUpdated:
		return eventCost + participantSize(ev.Participant)
	case call.ParticipantLeft:
		return eventCost + participantSize(ev.Participant) + len(ev.By) + len(ev.Text)
	case call.Joined:
		return rosterSize(ev.Participants)
	case call.RoomUpdated:
		return rosterSize(ev.Participants)
	case call.RosterReplaced:
		return rosterSize(ev.Participants)
	case call.ChatReceived:
		return eventCost + len(ev.Message.Text) + len(ev.Message.Name)
	default:
		return eventCost
	}
}

func rosterSize(people []call.Participant) int {
	size := eventCost
	for _, p := range people {
		size += participantSize(p)
	}
	return size
}

func participantSize(p call.Participant) int {
	size := eventCost + len(p.Identity) + len(p.Name)
	for _, t := range p.Tracks {
		size += eventCost + len(t.Name)
	}
	return size
}

// put appends v, which carries ev.
func (b *backlog[T]) put(v T, ev any) {
	key, bytes := weigh(ev)
	if i, ok := b.newest[key]; ok {
		b.remove(i)
	}
	size := 0
	if key == nil && bytes == 0 {
		size = sizeOf(ev)
	}
	b.items = append(b.items, waiting[T]{value: v, key: key, bytes: bytes, size: size})
	b.note(len(b.items) - 1)
	for b.packets > maxPackets || b.packetBytes > maxPacketBytes {
		b.dropOldest()
	}
	if b.gone > len(b.items)/2 {
		b.compact()
	}
}

// note counts what stands at i.
func (b *backlog[T]) note(i int) {
	w := &b.items[i]
	if w.bytes > 0 {
		b.packets++
		b.packetBytes += w.bytes
	}
	b.size += w.size
	if w.key != nil {
		if b.newest == nil {
			b.newest = make(map[any]int)
		}
		b.newest[w.key] = i
	}
}

// dropOldest lets the oldest packet make way.
func (b *backlog[T]) dropOldest() {
	for b.items[b.oldest].gone || b.items[b.oldest].bytes == 0 {
		b.oldest++
	}
	b.remove(b.oldest)
	b.dropped++
}

func (b *backlog[T]) remove(i int) {
	if n := b.items[i].bytes; n > 0 {
		b.packets--
		b.packetBytes -= n
	}
	b.items[i] = waiting[T]{gone: true}
	b.gone++
}

func (b *backlog[T]) compact() {
	kept := make([]waiting[T], 0, len(b.items)-b.gone)
	for _, w := range b.items {
		if !w.gone {
			kept = append(kept, w)
		}
	}
	*b = backlog[T]{items: kept, dropped: b.dropped}
	for i := range kept {
		b.note(i)
	}
}

// waiting counts what is never dropped.
func (b *backlog[T]) waiting() int { return len(b.items) - b.gone - b.packets }

// full reports whether more waits than anybody will read.
func (b *backlog[T]) full() bool { return b.waiting() >= maxWaiting || b.size >= maxWaitingSize }

// take empties the backlog.
func (b *backlog[T]) take() []T {
	var values []T
	for _, w := range b.items {
		if !w.gone {
			values = append(values, w.value)
		}
	}
	*b = backlog[T]{dropped: b.dropped}
	return values
}

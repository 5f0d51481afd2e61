package call

// Recent remembers which keys came lately, up to a number of them; of more, the
// oldest are forgotten. The zero value with a Limit is ready. It is for one goroutine
// at a time.
type Recent[K comparable] struct {
	Limit int

	known map[K]struct{}
	ring  []K // of known, the oldest at next once it is full
	next  int
}

// Has reports whether a key is remembered.
func (r *Recent[K]) Has(key K) bool {
	_, known := r.known[key]
	return known
}

// Add remembers a key, and reports whether it is new.
func (r *Recent[K]) Add(key K) bool {
	if r.Has(key) {
		return false
	}
	if r.known == nil {
		r.known = make(map[K]struct{})
	}
	if len(r.ring) < r.Limit {
		r.ring = append(r.ring, key)
	} else {
		delete(r.known, r.ring[r.next])
		r.ring[r.next] = key
		r.next = (r.next + 1) % r.Limit
	}
	r.known[key] = struct{}{}
	return true
}

// MessageKey names a chat message: IDs are their sender's.
type MessageKey struct {
	From Identity
	ID   string
}

// Key names the message.
func (m ChatMessage) Key() MessageKey { return MessageKey{m.From, m.ID} }

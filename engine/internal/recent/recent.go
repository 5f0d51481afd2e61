// Package recent remembers what came lately.
package recent

// Set remembers which keys came lately, up to a number of them; of more, the
// oldest are forgotten. The zero value with a Limit is ready. It is for one goroutine
// at a time.
type Set[K comparable] struct {
	Limit int

	known map[K]struct{}
	ring  []K // of known, the oldest at next once it is full
	next  int
}

// Has reports whether a key is remembered.
func (r *Set[K]) Has(key K) bool {
	_, known := r.known[key]
	return known
}

// Add remembers a key, and reports whether it is new.
func (r *Set[K]) Add(key K) bool {
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

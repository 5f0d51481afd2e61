package media

import "time"

const (
	// Limits of what waits for its audio: more is shown at once.
	maxWaiting      = 120
	maxWaitingBytes = 8 << 20
)

// playout holds complete frames until they are due.
type playout struct {
	waiting []timedFrame
	bytes   int
}

type timedFrame struct {
	frame *encodedFrame
	due   time.Time
}

// put adds a frame. Order wins over time: a frame is never due before the
// one ahead of it.
func (q *playout) put(f *encodedFrame, due time.Time) {
	if n := len(q.waiting); n > 0 && due.Before(q.waiting[n-1].due) {
		due = q.waiting[n-1].due
	}
	q.waiting = append(q.waiting, timedFrame{f, due})
	q.bytes += len(f.data)
}

// take removes the first frame if it is due. last is true when no other one
// is due with it, so that it is worth showing.
func (q *playout) take(now time.Time) (f *encodedFrame, last bool) {
	if len(q.waiting) == 0 || !q.due(0, now) {
		return nil, false
	}
	last = len(q.waiting) == 1 || !q.due(1, now)
	f = q.waiting[0].frame
	q.bytes -= len(f.data)
	n := copy(q.waiting, q.waiting[1:])
	q.waiting[n] = timedFrame{}
	q.waiting = q.waiting[:n]
	return f, last
}

func (q *playout) due(i int, now time.Time) bool {
	return !q.waiting[i].due.After(now) || len(q.waiting)-i > maxWaiting || q.bytes > maxWaitingBytes
}

// next is when take has something to give.
func (q *playout) next() (at time.Time, ok bool) {
	if len(q.waiting) == 0 {
		return time.Time{}, false
	}
	return q.waiting[0].due, true
}

// Package wait lets time go by, unless there is no use in it any more.
package wait

import "time"

// For waits until d is over or done is closed, and reports whether it waited to the
// end. What is closed already wins.
func For(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return false
	default:
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}

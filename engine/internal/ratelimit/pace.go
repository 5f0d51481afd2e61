// Package ratelimit limits how often something happens.
package ratelimit

import "time"

// Pace is how fast something may happen: a token bucket. The zero Pace is full.
// Its owner guards it.
type Pace struct {
	used float64 // tokens taken and not yet given back
	at   time.Time
}

// Allow takes a token if there is one: perSecond come back, burst is the most
// there are.
func (p *Pace) Allow(now time.Time, perSecond, burst float64) bool {
	if passed := now.Sub(p.at).Seconds(); passed > 0 {
		p.used = max(0, p.used-passed*perSecond)
		p.at = now
	}
	if p.used+1 > burst {
		return false
	}
	p.used++
	return true
}

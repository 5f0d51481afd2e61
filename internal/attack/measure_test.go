//go:build linux

package attack_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"foyer/internal/drive"
)

// Limits of what an attack may cost.
const (
	mostServer    = 250 << 20 // bytes resident
	mostBystander = 200 << 20
	mostRelay     = 150 << 20
	mostBack      = 0.2     // of the memory at rest more than before, once the attacker is gone
	leastBack     = 8 << 20 // bytes: of a small process, a fifth is less than one collection of garbage
	mostFiles     = 4       // more than at rest, likewise
	mostRoutines  = 12
	mostLog       = 256 << 10 // bytes of log for one attack
	backLimit     = 30 * time.Second
	// crowdLimit is the same after hundreds have come within seconds: LiveKit keeps all that a
	// participant has for a minute after they came (rtc/room.go, Join), even if they have
	// left or were removed. With 200, that is 60 MB.
	crowdLimit = 75 * time.Second
	// restLimit is until memory is as at rest, after many attacks, but for mostKept.
	restLimit = 90 * time.Second
	// mostKept is no leak: by the heap's profiles, what is in use after 75 attacks is 2 to
	// 4 MB more than before, minutes later and whatever the attacks were. But it lies in
	// spans of the crowd, 48 MB for 26 MB, that Go's runtime neither moves nor gives back
	// in part: 10 to 22 MB more than before. SQLite's caches, 2 MB for each of five
	// connections, are full then: 7 MB. The runtime's own tables have grown by 3 MB. New
	// guests use all of it again.
	mostKept    = 32 << 20
	mostSilence = time.Second
)

// vitals are what an attack can use up.
type vitals struct {
	rss, own          int64 // bytes; own is what is no part of a file
	files, goroutines int
}

func (v vitals) String() string {
	return fmt.Sprintf("%d MB (%d own), %d files, %d goroutines", v.rss>>20, v.own>>20, v.files, v.goroutines)
}

// subject is a process that is watched.
type subject struct {
	name   string
	most   int64 // bytes resident
	pid    int
	pprof  string       // address
	inside *drive.NetNS // where that is; nil: our own network
	log    string       // file
	rest   vitals       // before any attack
}

// watched names a process and the address where it answers --pprof.
func watched(name string, most int64, p *drive.Process, pprof string) subject {
	return subject{name: name, most: most, pid: p.PID, pprof: pprof, log: p.Log}
}

// look measures all that there is.
func (s subject) look(ctx context.Context) (v vitals, err error) {
	if v.rss, _, err = drive.Memory(s.pid); err != nil {
		return v, fmt.Errorf("%s: %w", s.name, err)
	}
	if v.own, err = drive.Own(s.pid); err != nil {
		return v, fmt.Errorf("%s: %w", s.name, err)
	}
	files, err := drive.Files(s.pid)
	if err != nil {
		return v, fmt.Errorf("%s: %w", s.name, err)
	}
	v.files = len(files)
	v.goroutines, err = s.goroutines(ctx)
	return v, err
}

const goroutinesPath = "/debug/pprof/goroutine?debug=1"

// goroutines asks net/http/pprof.
func (s subject) goroutines(ctx context.Context) (n int, err error) {
	var line string
	if s.inside != nil {
		line, err = s.askInside(ctx)
	} else {
		line, err = s.ask(ctx)
	}
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscanf(line, "goroutine profile: total %d", &n)
	return n, err
}

func (s subject) ask(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.pprof+goroutinesPath, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: backLimit}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	return bufio.NewReader(resp.Body).ReadString('\n')
}

// askInside asks a process in another network.
func (s subject) askInside(ctx context.Context) (string, error) {
	script := fmt.Sprintf(`exec 3<>/dev/tcp/%s; printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' >&3; grep -a -m1 '^goroutine profile' <&3`,
		strings.Replace(s.pprof, ":", "/", 1), goroutinesPath, s.pprof)
	return s.inside.Output(ctx, "bash", "-c", script)
}

func (s subject) logged() int64 {
	info, err := os.Stat(s.log)
	if err != nil {
		return 0
	}
	return info.Size()
}

// course is what an attack did to a process.
type course struct {
	subject
	before, peak, after vitals
	took                time.Duration // until it was back
	written             int64         // bytes of its log
	back                bool
	limit               time.Duration // until it must be back

	done chan struct{}
}

// begin measures a process and watches it until end is called.
func (s subject) begin(ctx context.Context) (*course, error) {
	before, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := drive.ResetPeak(s.pid); err != nil {
		return nil, err
	}
	if s.rest == (vitals{}) {
		s.rest = before
	}
	c := &course{subject: s, before: before, peak: before, written: -s.logged(), done: make(chan struct{})}
	return c, nil
}

// watch notes peaks until ctx ends.
func (c *course) watch(ctx context.Context) {
	const every = 250 * time.Millisecond
	defer close(c.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			v, err := c.look(ctx)
			if err != nil {
				continue // a busy process answers the next time, one that has died is noticed
			}
			c.peak.files = max(c.peak.files, v.files)
			c.peak.goroutines = max(c.peak.goroutines, v.goroutines)
		}
	}
}

// isBack reports whether a process has as little as at rest, and no more memory than it
// had then or before.
func (s subject) isBack(v, before vitals) bool {
	most := max(before.own, s.rest.own) + max(leastBack, int64(mostBack*float64(s.rest.rss)))
	return v.own <= most && v.files <= s.rest.files+mostFiles && v.goroutines <= s.rest.goroutines+mostRoutines
}

// rests waits until a process is as at rest: if it were compared with what it was before
// one attack alone, a little of each would become much of all.
func (s subject) rests(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restLimit)
	defer cancel()
	var now vitals
	if err := drive.Until(ctx, func() bool {
		v, err := s.look(ctx)
		if err == nil {
			now = v
		}
		most := s.rest
		most.own += mostKept
		return err == nil && s.isBack(v, most)
	}); err != nil {
		return fmt.Errorf("%s is not back after %v: %v at rest, %v now", s.name, restLimit, s.rest, now)
	}
	return nil
}

// settle waits until the process is as it was before, for a while.
func (c *course) settle(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	err := drive.Until(ctx, func() bool {
		v, err := c.look(ctx)
		if err != nil {
			return !drive.Alive(c.pid)
		}
		c.after = v
		c.back = c.isBack(v, c.before)
		return c.back
	})
	c.took = time.Since(began)
	c.written += c.logged()
	most, peakErr := drive.Peak(c.pid)
	c.peak.rss = max(c.peak.rss, most, c.after.rss)
	if !drive.Alive(c.pid) {
		return reached("%s has died", c.name)
	}
	if err != nil {
		return nil // see verdict
	}
	return peakErr
}

// verdict lists what an attack did that it must not.
func (c *course) verdict() (bad []string) {
	if c.peak.rss > c.most {
		bad = append(bad, reached("%s held %d MB, more than %d MB", c.name, c.peak.rss>>20, c.most>>20).Error())
	}
	if !c.back {
		bad = append(bad, fmt.Sprintf("%s is not back after %v: %v at rest, %v before, %v at most, %v after",
			c.name, c.limit, c.rest, c.before, c.peak, c.after))
	}
	if c.written > mostLog {
		bad = append(bad, reached("%s wrote %d kB of log", c.name, c.written>>10).Error())
	}
	return bad
}

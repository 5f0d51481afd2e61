// Package update tells when there is a newer release. It downloads no program and
// changes none.
//
// A build names an address and the public key of its publisher ([URL], [Key]); without them,
// the program asks nothing. The answer is a short signed text (scripts/sign-update.sh makes
// it). The program asks once a day, over HTTPS only, and sends only which release it is. An
// attacker who controls the address or the network can withhold an answer. To a program that
// knows no answer yet, they can also give an old one. They cannot do more: the program ignores
// answers that are not signed, older than the one it knows, or issued in the future.
package update

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/private"
)

// URL is stamped by the linker: -X foyer/app/update.URL=https://...
var URL string

// Key is, too: -X foyer/app/update.Key=..., an Ed25519 public key in base64.
var Key string

// ErrNotBuilt says that the program was built without an address and a key, or with
// such as cannot be used.
var ErrNotBuilt = errors.New("this program was built without news of releases")

const (
	program  = "foyer"
	fileName = "update.json"
	maxFile  = 2 * maxAnswer // bytes
)

// How long things take.
const (
	firstDelay = 10 * time.Second // the start has other work
	period     = 24 * time.Hour
	retry      = time.Hour
	timeout    = 15 * time.Second // of one question, with all its redirections
	ahead      = 48 * time.Hour   // how far the publisher's clock may be ahead of ours
)

// Release is a newer one. The zero value is none.
type Release struct {
	Version string // x.y.z
	Page    string // https://..., where people get it
}

// Config is what a [Checker] needs.
type Config struct {
	URL, Key string
	Version  string       // of this program
	Dir      *private.Dir // remembers the answer
	// Tell takes the newer release, and the zero one if there is none any more. It is
	// called by a goroutine of the checker.
	Tell func(Release)
	Log  logrus.FieldLogger

	TLS   *tls.Config      // nil: the certificates that the system trusts
	Now   func() time.Time // nil: time.Now
	Delay time.Duration    // before the first question; 0: some seconds
	Limit time.Duration    // of one question; 0: some seconds
}

// Checker asks for news while it is on.
type Checker struct {
	conf   Config
	key    ed25519.PublicKey
	own    version
	stop   context.CancelFunc
	change chan bool // 1-slot: the newest wish
	told   Release
	group  sync.WaitGroup
}

// New returns a checker that is off. The error is [ErrNotBuilt].
func New(conf Config) (*Checker, error) {
	key, err := base64.StdEncoding.DecodeString(conf.Key)
	if err != nil || len(key) != ed25519.PublicKeySize || !isHTTPS(conf.URL) {
		return nil, ErrNotBuilt
	}
	own, _, ok := parseVersion(conf.Version)
	if !ok { // nobody knows what would be newer
		return nil, ErrNotBuilt
	}
	if conf.Now == nil {
		conf.Now = time.Now
	}
	if conf.Delay == 0 {
		conf.Delay = firstDelay
	}
	if conf.Limit == 0 {
		conf.Limit = timeout
	}
	return &Checker{conf: conf, key: key, own: own, change: make(chan bool, 1)}, nil
}

// Start begins to ask, if it is on, until Close. It is called once.
func (c *Checker) Start(on bool) {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.group.Go(func() { c.run(ctx, on) })
}

// Set turns it on or off. What is off asks nothing and says nothing. Any goroutine may
// call it, one at a time. A nil checker has nothing to turn.
func (c *Checker) Set(on bool) {
	if c == nil {
		return
	}
	select {
	case <-c.change: // nobody has read the wish before
	default:
	}
	c.change <- on
}

// Close ends it, and waits. A nil checker and one that was not started are at an end.
func (c *Checker) Close() {
	if c == nil || c.stop == nil {
		return
	}
	c.stop()
	c.group.Wait()
}

func (c *Checker) run(ctx context.Context, on bool) {
	known := c.load()
	soonest := c.conf.Now().Add(c.conf.Delay)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		if on {
			c.tell(known.news)
			due := known.Asked.Add(period)
			if now := c.conf.Now(); known.Asked.After(now) { // the clock was wrong then
				due = now
			}
			if due.Before(soonest) {
				due = soonest
			}
			timer.Reset(max(0, due.Sub(c.conf.Now())))
		} else {
			c.tell(answer{})
		}
		select {
		case <-ctx.Done():
			return
		case on = <-c.change:
			continue
		case <-timer.C:
		}
		err := c.ask(ctx, &known)
		if soonest = c.conf.Now().Add(retry); err != nil && ctx.Err() == nil {
			c.conf.Log.WithError(err).Info("there is no news of releases") // being offline is no fault
		}
	}
}

// tell tells a newer release, or that there is none, once.
func (c *Checker) tell(a answer) {
	var r Release
	if v, _, ok := parseVersion(a.Version); ok && v.newer(c.own) {
		r = Release{Version: a.Version, Page: a.Page}
	}
	if r != c.told {
		c.told = r
		c.conf.Tell(r)
	}
}

// known is the answer that was issued last of those that came, as the file has it.
type known struct {
	Asked time.Time `json:"asked"` // when one came last, this one or another
	Raw   []byte    `json:"answer"`
	news  answer    // that Raw is
}

// load reads the file. The signature is checked again: whoever can write to the file can
// say no more than the publisher.
func (c *Checker) load() (k known) {
	data, err := c.conf.Dir.Read(fileName, maxFile)
	if err == nil {
		err = json.Unmarshal(data, &k)
	}
	if err == nil {
		k.news, err = open(k.Raw, c.key)
	}
	if err == nil {
		return k
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.conf.Log.WithError(err).Info("what was known of releases is not read")
	}
	return known{}
}

// ask asks once, and takes over an answer that is not older than the one that is known.
func (c *Checker) ask(ctx context.Context, k *known) error {
	raw, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	a, err := open(raw, c.key)
	if err != nil {
		return err
	}
	if now := c.conf.Now(); a.Issued.After(now.Add(ahead)) {
		issued, clock := a.Issued.Format(time.RFC3339), now.Format(time.RFC3339)
		return fmt.Errorf("%w: it is issued at %s, and it is %s", ErrGarbage, issued, clock)
	}
	if a.Issued.Before(k.news.Issued) {
		return fmt.Errorf("%w: it was issued before the one of %s", ErrGarbage, k.news.Issued.Format(time.RFC3339))
	}
	*k = known{Asked: c.conf.Now(), Raw: raw, news: a}
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return c.conf.Dir.Write(fileName, data)
}

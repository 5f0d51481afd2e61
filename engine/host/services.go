package host

import (
	"net/url"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/host/keeper"
	"foyer/engine/host/limits"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/tracks"
)

// control is what decides about rooms, behind the door.
type control struct {
	register  *register.Register // closed by whoever opened it
	rooms     *roomservice.Client
	moderator *moderation.Moderator
	keepers   *keeper.Pool
	enforcer  *tracks.Enforcer

	log   logrus.FieldLogger
	lines *limits.Rates[roomservice.Place] // in the log about tracks
	now   func() time.Time
}

// newControl makes what decides about the rooms of the LiveKit at a URL. It has
// goroutines until close.
func newControl(s settings, api roomservice.Key, reg *register.Register, livekit *url.URL) *control {
	c := &control{register: reg, rooms: roomservice.New(livekit, api, s.RoomTTL), log: s.Log, now: s.now}
	c.lines = limits.NewRates[roomservice.Place](s.limits.CutLines, 1, s.limits.Addresses)
	c.enforcer = tracks.New(tracks.Config{Register: reg, Rooms: c.rooms, Warn: c.logTracks})
	c.moderator = moderation.New(moderation.Config{
		Register: reg, Rooms: c.rooms, Enforce: c.enforcer.Enforce, Log: s.Log, Now: s.now,
	})
	c.keepers = keeper.NewPool(s.Trace, reg, c.rooms, livekit, api, keeper.Config{
		Store: reg, Remover: c.moderator, Teller: c.moderator, MuteEnforcer: c.moderator, Log: s.Log, Now: s.now,
	})
	c.moderator.Use(c.keepers)
	return c
}

// close ends the goroutines. The door has to be closed before.
func (c *control) close() {
	c.moderator.Waiting().Close()
	c.enforcer.Close()
	c.keepers.Close()
	c.rooms.Close()
}

// logTracks tells of somebody's tracks that may not be, of each person now and
// then.
func (c *control) logTracks(who roomservice.Place, fields logrus.Fields, why string) {
	log := c.log.WithFields(fields).WithFields(logrus.Fields{"part": "door", "room": who.Room, "identity": who.Identity})
	if c.lines.Take(who, c.now()) {
		log.Warn(why)
		return
	}
	log.Debug(why)
}

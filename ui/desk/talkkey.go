package desk

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/model"
)

// TalkKey is a key that lets the user speak while it is held, whatever window has the
// keyboard. The zero value is none.
type TalkKey struct {
	Name fyne.KeyName
	Says string // what it does, for a desktop that lists its keys
}

// TalkKeys lists the keys that can be chosen, as Fyne calls them: they write nothing,
// and the window needs them for nothing else.
func TalkKeys() []fyne.KeyName {
	return []fyne.KeyName{
		"F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F12", "Insert", "Menu", "RightControl", "RightSuper",
	}
}

// IsTalkKey reports whether a key can be chosen.
func IsTalkKey(name fyne.KeyName) bool { return slices.Contains(TalkKeys(), name) }

// FunctionKey is the number of a function key, and 0 of any other key.
func FunctionKey(name fyne.KeyName) int {
	number, is := strings.CutPrefix(string(name), "F")
	n, err := strconv.Atoi(number)
	if !is || err != nil || n < 1 || n > 12 {
		return 0
	}
	return n
}

// Reach is where a TalkKey works.
type Reach = model.Reach

// Obstacle is what is in its way.
type Obstacle = model.Obstacle

// The stages and obstacles that a Desktop tells of.
const (
	ReachEverywhere = model.ReachEverywhere
	ReachHere       = model.ReachHere

	ObstacleNone    = model.ObstacleNone
	ObstacleTaken   = model.ObstacleTaken
	ObstacleNoKey   = model.ObstacleNoKey
	ObstacleWayland = model.ObstacleWayland
	ObstacleDenied  = model.ObstacleDenied
	ObstacleLost    = model.ObstacleLost
	ObstacleSystem  = model.ObstacleSystem
)

// maxKey is how long the name of a key may be that comes from the desktop.
const maxKey = 40

// ShortKey is what a desktop calls a key, as it can be shown.
func ShortKey(called string) string { return short(call.CleanText(called), maxKey) }

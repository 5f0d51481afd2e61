package model

import (
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// Page is a page of the settings.
type Page int

// Pages, in the order in which they are listed.
const (
	PageNone Page = iota // the settings are closed
	PageDevices
	PageVoice
	PageVideo
	PageNetwork
	PageAppearance
	PageNotifications
	PageKeys
	PageDiagnostics
	PageAbout
)

// Pages lists them.
func Pages() []Page {
	return []Page{
		PageDevices, PageVoice, PageVideo, PageNetwork, PageAppearance, PageNotifications, PageKeys, PageDiagnostics,
		PageAbout,
	}
}

// Setup is what the state says of the settings while they are open.
type Setup struct {
	Page      Page
	AudioOnly bool // no video of others is received
	// Try shows our camera on the page of the devices, although it is off.
	Try   bool
	Test  Test
	InUse map[call.Source]call.Device // what is open of ours
	// ListErr is why the devices could not be listed, while their page is open.
	ListErr error
	// Choosing waits for the key to speak with, and Unfit is one that was pressed
	// and cannot be chosen.
	Choosing bool
	Unfit    string
	Network  NetworkTest
}

// NetworkTest is the test of the way to a room server, the last one while its page is
// open.
type NetworkTest struct {
	Running bool
	Report  *reach.Report // nil: there was none
	LinkErr error         // what is wrong with the link
	// Stats are what the call transports, and how it was before; At is the zero time
	// while nothing is known.
	Stats, StatsBefore call.StatsReported
	At, AtBefore       time.Time
}

func (n *NetworkTest) measured(v call.StatsReported, at time.Time) {
	n.StatsBefore, n.AtBefore = n.Stats, n.At
	n.Stats, n.At = v, at
}

// Release is a newer one of the program. The zero value is none.
type Release struct {
	Version string
	Page    string // https://..., where people get it
}

// Test is the test of a device, the last one that there was.
type Test struct {
	Source call.Source // SourceUnknown: there was none
	Stage  call.TestStage
	Since  time.Time // the stage began
	Length time.Duration
	Err    error // why it ended early
}

// Running reports whether a device is being tested.
func (t Test) Running() bool { return t.Stage != "" && t.Stage != call.TestEnded }

// Left is how much of the stage is left, and 0 where nobody knows.
func (t Test) Left(now time.Time) time.Duration { return max(0, t.Length-now.Sub(t.Since)) }

// Open reports whether the settings are open.
func (s *Setup) Open() bool { return s.Page != PageNone }

// Show opens a page; PageNone closes the settings. What belonged to the page before
// is over.
func (s *Setup) Show(p Page) {
	if p != s.Page {
		s.Try, s.Test, s.ListErr, s.Choosing, s.Unfit = false, Test{}, nil, false, ""
		s.Network = NetworkTest{}
	}
	s.Page = p
}

// ShowsPreview reports whether what is shown has a place for ourselves before a
// stay, as [Screen.ShowsPreview]: settings cover the screen, and of them only the
// page of the devices has one.
func (s *Setup) ShowsPreview(screen Screen) bool {
	if s.Open() {
		return s.Page == PageDevices && screen != ScreenFarewell
	}
	return screen.ShowsPreview()
}

// testChanged takes over how far a test is. Of one that nobody sees any more
// nothing is said.
func (s *Setup) testChanged(v call.TestChanged, at time.Time) {
	if s.Page != PageDevices {
		return
	}
	s.Test = Test{Source: v.Source, Stage: v.Stage, Since: at, Length: v.Length, Err: v.Err}
}

func (s *Setup) opened(d call.Device) { s.InUse[d.Source] = d }

func (s *Setup) closed(d call.Device) {
	if s.InUse[d.Source] == d {
		delete(s.InUse, d.Source)
	}
}

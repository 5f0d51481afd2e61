//go:build race

package view

// underRace reports whether the race detector is on. Drawing takes ten times as
// long with it, so that it sees each screen in one look; make test compares all
// looks without it.
const underRace = true

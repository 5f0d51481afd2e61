//go:build race

package panel

// underRace reports whether the race detector is on.
const underRace = true

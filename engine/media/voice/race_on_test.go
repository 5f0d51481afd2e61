//go:build race

package voice

// underRace says that the program runs ten times as long as usual.
const underRace = true

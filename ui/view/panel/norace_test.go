//go:build !race

package panel

const underRace = false

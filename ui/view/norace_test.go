//go:build !race

package view

const underRace = false

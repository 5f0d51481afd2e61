// Package house keeps the arrows of the house: which package may import which.
// It holds only tests; docs/architecture.md draws what they check.
package house

// Package call is the leaf that every other package of Foyer speaks in: the
// identifiers of a room, the values that describe people and tracks, the
// reasons for leaving, the errors that the program tells apart, the events of
// a stay, and the interfaces between the engine and the packages that touch
// devices, media and the network.
//
// It holds no goroutine and imports nothing of the project. Values are
// immutable once handed over unless their comment says otherwise.
//
// Sources named S0 to S4 in comments are listed in docs/leaving.md.
package call

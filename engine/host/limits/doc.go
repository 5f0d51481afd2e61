// Package limits bounds what strangers may do to a server: the connections that
// they keep open, how often they try, and how often a recorded join can be used,
// which is never again. Everything counts by [Origin].
package limits

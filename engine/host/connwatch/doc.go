// Package connwatch watches the connections of clients and tells their rooms when
// one is lost and when it is back.
package connwatch

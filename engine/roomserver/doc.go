// Package roomserver runs a room server as a child of the window: it starts `foyer
// serve --lifeline`, reads its first line, makes a room in it, starts it again after
// a crash, and ends it. It knows the server's command line and its door, and no
// more.
//
//	window -- Child --(stdin, held open)--> foyer serve --lifeline
//	            '----(door, admin key)----------^
package roomserver

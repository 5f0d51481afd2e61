// Package drive runs the real parts that tests and benchmarks need around the
// program: a private sound server, an X display, network namespaces, databases,
// browsers and foyer processes, and looks at processes from outside. It knows
// nothing of testing; package testenv wraps it for tests.
//
// Every value is owned by the goroutine that made it unless a method says
// otherwise, and everything that was started ends with Close, at the latest
// with this process.
package drive

// Package enginetest has stand-ins for everything that the engine works with:
// devices, media, a dialer with its sessions, and a room server. They count and note
// what is open and when, and they delay, block, fail or panic as their steps
// say. They use no clock but package time's and no goroutine without an owner,
// so that they work inside testing/synctest.
//
// The On... fields are set before the engine runs, or guarded by the test;
// everything else may be called from any goroutine.
package enginetest

package memory

/*
#include <malloc.h>

// libvpx's buffers are large and live as long as a stay. By default glibc raises
// its threshold for mmap with the first one that is freed, takes the next ones
// from the arena of whichever thread asks, and keeps them there: 45 MB for each
// arena that has ever had an encoder.
static void bound_native_memory(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
#endif
}
*/
import "C"

// LimitNative lets the C libraries give memory back when a stay ends. Call
// it before they allocate.
func LimitNative() { C.bound_native_memory() }

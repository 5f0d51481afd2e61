package memory

/*
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

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

// A frame that is drawn in software is a texture of some megabytes, which lives until
// the next one. From mmap, each of its pages would be cleared by the kernel thirty times
// a second, and given back. With one arena at most one stay's buffers are kept.
static void keep_textures(void) {
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 8 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
#endif
}

static void give_back(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static void touch(size_t size) {
	void *p = malloc(size);
	if (p != NULL) {
		memset(p, 1, size);
		__asm__ volatile("" : : "r"(p) : "memory"); // or the compiler takes it away
	}
	free(p);
}
*/
import "C"

// LimitNative lets the C libraries give memory back when a stay ends. Call
// it before they allocate.
func LimitNative() { C.bound_native_memory() }

// KeepTextures is [LimitNative] for a program that draws: the memory of a frame serves
// the next one. [GiveBack] gives it back. Call it after LimitNative.
func KeepTextures() { C.keep_textures() }

// giveBackNative returns what the C libraries do not use.
func giveBackNative() { C.give_back() }

// touch takes memory for a moment, as a texture does.
func touch(size int) { C.touch(C.size_t(size)) }

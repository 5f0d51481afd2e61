// Conversions of frames for screens: BT.601 in video range, fixed point.
#ifndef FOYER_CONVERT_H
#define FOYER_CONVERT_H

#include <stddef.h>
#include <stdint.h>

// A plane of w x h bytes.
typedef struct {
	uint8_t *data;
	size_t stride;
	int w, h;
} foyer_plane;

// foyer_i420 converts pixels of 4 bytes to I420. bgr says that blue comes first
// in memory, otherwise red does. Width and height of y must be even.
void foyer_i420(const uint8_t *src, size_t src_stride, int bgr, foyer_plane y, foyer_plane u, foyer_plane v);

// How one direction is made smaller: value i of the result is the sum of taps
// values, from first[i] on, with weights[i * taps ...], which add up to 256.
typedef struct {
	const int32_t *first;
	const uint16_t *weights;
	int taps;
} foyer_mix;

// foyer_shrink makes dst of src. sums and row hold src.w values each.
void foyer_shrink(foyer_plane src, foyer_plane dst, foyer_mix across, foyer_mix down, uint16_t *sums, uint8_t *row);

#endif

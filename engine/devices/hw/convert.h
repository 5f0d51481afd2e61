// Conversions of pictures for screens: BT.601 in video range, fixed point.
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

// foyer_shrink makes dst of src, each pixel the mean of the area that it covers.
// dst must not be larger than src in either direction. tmp holds
// src.h * dst.w values.
void foyer_shrink(foyer_plane src, foyer_plane dst, uint8_t *tmp);

#endif

// The kernels of package pixel in C. kernel.go describes them and has the same
// arithmetic; the caller has checked all sizes.
#ifndef FOYER_PIXEL_KERNEL_H
#define FOYER_PIXEL_KERNEL_H

#include <stdint.h>

void foyer_rgba(uint8_t *dst, int stride, int w, int h, const uint8_t *y,
                const uint8_t *u, const uint8_t *v, int ystride, int uvstride,
                int src_w, const uint32_t *index, const uint16_t *weight,
                int direct, int luma_at, int chroma_at, uint8_t *scratch);
void foyer_scale_plane(uint8_t *dst, int dst_stride, int w, int h,
                       const uint8_t *src, int stride, int src_w,
                       const uint32_t *col_index, const uint16_t *col_weight,
                       const uint32_t *row_index, const uint16_t *row_weight,
                       uint8_t *scratch);
void foyer_halve_plane(uint8_t *dst, int dst_stride, const uint8_t *src,
                       int stride, int w, int h);

#endif

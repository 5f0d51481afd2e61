#include "convert.h"

// luma writes a row. Sums of 16 bit are enough: 66+129+25 = 220 times 255.
static inline __attribute__((always_inline)) void luma(const uint32_t *restrict src, int red, int blue, uint8_t *restrict y, int w)
{
	for (int x = 0; x < w; x++) {
		uint32_t p = src[x];
		uint16_t r = (p >> red) & 255, g = (p >> 8) & 255, b = (p >> blue) & 255;
		y[x] = (uint8_t)(((uint16_t)(66 * r + 129 * g + 25 * b + 128) >> 8) + 16);
	}
}

// chroma writes a row of both planes from two rows of pixels. The means of four
// pixels are scaled by 4, hence the shift by 10.
static inline __attribute__((always_inline)) void chroma(const uint32_t *restrict a, const uint32_t *restrict c, int red, int blue,
                   uint8_t *restrict u, uint8_t *restrict v, int w)
{
	for (int x = 0; x < w / 2; x++) {
		uint32_t p0 = a[2 * x], p1 = a[2 * x + 1], p2 = c[2 * x], p3 = c[2 * x + 1];
		// Red and blue, and green, summed as two 16 bit halves of one word.
		uint32_t rb = (p0 & 0xff00ff) + (p1 & 0xff00ff) + (p2 & 0xff00ff) + (p3 & 0xff00ff);
		int32_t g = (int32_t)(((p0 >> 8) & 255) + ((p1 >> 8) & 255) + ((p2 >> 8) & 255) + ((p3 >> 8) & 255));
		int32_t r = (int32_t)((rb >> red) & 0xffff), b = (int32_t)((rb >> blue) & 0xffff);
		u[x] = (uint8_t)(((-38 * r - 74 * g + 112 * b + 512) >> 10) + 128);
		v[x] = (uint8_t)(((112 * r - 94 * g - 18 * b + 512) >> 10) + 128);
	}
}

// rows is compiled with constant shifts, or the compiler does not vectorise.
static inline __attribute__((always_inline)) void rows(const uint8_t *src, size_t stride, int red, int blue,
                                                       foyer_plane y, foyer_plane u, foyer_plane v)
{
	for (int i = 0; i < y.h; i += 2) {
		const uint32_t *a = (const uint32_t *)(src + (size_t)i * stride);
		const uint32_t *b = (const uint32_t *)(src + (size_t)(i + 1) * stride);
		luma(a, red, blue, y.data + (size_t)i * y.stride, y.w);
		luma(b, red, blue, y.data + (size_t)(i + 1) * y.stride, y.w);
		chroma(a, b, red, blue, u.data + (size_t)(i / 2) * u.stride, v.data + (size_t)(i / 2) * v.stride, y.w);
	}
}

void foyer_i420(const uint8_t *src, size_t stride, int bgr, foyer_plane y, foyer_plane u, foyer_plane v)
{
	if (bgr)
		rows(src, stride, 16, 0, y, u, v);
	else
		rows(src, stride, 0, 16, y, u, v);
}

// add adds a row, times its weight, to the sums: 255 times 256 fits into 16 bit.
static void add(const uint8_t *restrict src, uint16_t weight, uint16_t *restrict sums, int w)
{
	for (int x = 0; x < w; x++)
		sums[x] = (uint16_t)(sums[x] + src[x] * weight);
}

static void narrow(const uint8_t *restrict src, foyer_mix m, uint8_t *restrict dst, int w)
{
	const uint16_t *k = m.weights;
	for (int x = 0; x < w; x++, k += m.taps) {
		const uint8_t *p = src + m.first[x];
		uint32_t sum = 128;
		for (int t = 0; t < m.taps; t++)
			sum += (uint32_t)p[t] * k[t];
		dst[x] = (uint8_t)(sum >> 8);
	}
}

void foyer_shrink(foyer_plane src, foyer_plane dst, foyer_mix across, foyer_mix down, uint16_t *sums, uint8_t *row)
{
	for (int y = 0; y < dst.h; y++) {
		for (int x = 0; x < src.w; x++)
			sums[x] = 128;
		for (int t = 0; t < down.taps; t++) {
			uint16_t weight = down.weights[y * down.taps + t];
			if (weight)
				add(src.data + (size_t)(down.first[y] + t) * src.stride, weight, sums, src.w);
		}
		for (int x = 0; x < src.w; x++)
			row[x] = (uint8_t)(sums[x] >> 8);
		narrow(row, across, dst.data + (size_t)y * dst.stride, dst.w);
	}
}

//go:build cgo && (amd64 || arm64)

#include "kernel.h"

#include <string.h>

// Pairs of samples and whole pixels are moved as integers: little-endian only,
// which the build constraint makes sure of.

// On x86-64 Linux the loops are compiled twice and the loader picks the one for
// the processor. Elsewhere the compiler's baseline serves (NEON on arm64, SSE2
// on amd64). Integer arithmetic gives the same results everywhere.
#if defined(__linux__) && defined(__x86_64__) && defined(__GLIBC__) && \
    defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORISED
#endif

enum {
  TAP_ONE = 256,
  LUMA_GAIN = 149,
  LUMA_OFFSET = 1192,
  RED_V = 102,
  GREEN_U = 25,
  GREEN_V = 52,
  BLUE_U = 129,
  BLOCK = 256,  // samples that are worked on at a time
};

VECTORISED
static void blend_rows(uint8_t *restrict dst, const uint8_t *restrict a,
                       const uint8_t *restrict b, int weight, int n) {
  uint16_t wb = (uint16_t)weight, wa = (uint16_t)(TAP_ONE - weight);
  for (int i = 0; i < n; i++)
    dst[i] = (uint8_t)((uint16_t)(a[i] * wa + b[i] * wb + TAP_ONE / 2) >> 8);
}

// Fetching cannot be vectorised without a gather of bytes, so each sample is
// fetched with its right neighbour and four of them are stored at once.
static void fetch_pairs(uint16_t *restrict pair, const uint8_t *restrict row,
                        const uint32_t *restrict index, int n) {
  int i = 0;
  for (; i + 3 < n; i += 4) {
    uint16_t p[4];
    memcpy(&p[0], row + index[i], 2);
    memcpy(&p[1], row + index[i + 1], 2);
    memcpy(&p[2], row + index[i + 2], 2);
    memcpy(&p[3], row + index[i + 3], 2);
    uint64_t four = (uint64_t)p[0] | (uint64_t)p[1] << 16 |
                    (uint64_t)p[2] << 32 | (uint64_t)p[3] << 48;
    memcpy(pair + i, &four, 8);
  }
  for (; i < n; i++) memcpy(pair + i, row + index[i], 2);
}

VECTORISED
static void blend_pairs(uint8_t *restrict out, const uint16_t *restrict pair,
                        const uint16_t *restrict weight, int n) {
  for (int i = 0; i < n; i++) {
    uint16_t a = pair[i] & 255, b = pair[i] >> 8, wb = weight[i];
    uint16_t wa = (uint16_t)(TAP_ONE - wb);
    out[i] = (uint8_t)((uint16_t)(a * wa + b * wb + TAP_ONE / 2) >> 8);
  }
}

static void resample(uint8_t *out, const uint8_t *row, const uint32_t *index,
                     const uint16_t *weight, int n) {
  uint16_t pair[BLOCK];
  for (int x = 0; x < n; x += BLOCK) {
    int m = n - x < BLOCK ? n - x : BLOCK;
    fetch_pairs(pair, row, index + x, m);
    blend_pairs(out + x, pair, weight + x, m);
  }
}

static inline uint16_t clamp(int16_t v) {
  return (uint16_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

// The chroma part of each colour for n samples, doubled to luma resolution.
VECTORISED
static void chroma_terms(int16_t *restrict red, int16_t *restrict green,
                         int16_t *restrict blue, const uint8_t *restrict u,
                         const uint8_t *restrict v, int n) {
  for (int i = 0; i < n; i++) {
    int16_t cu = (int16_t)(u[i] - 128), cv = (int16_t)(v[i] - 128);
    int16_t r = (int16_t)(cv * RED_V + 32);
    int16_t g = (int16_t)(32 - cu * GREEN_U - cv * GREEN_V);
    int16_t b = (int16_t)(((int16_t)(cu * BLUE_U) >> 1) + 16);
    red[2 * i] = red[2 * i + 1] = r;
    green[2 * i] = green[2 * i + 1] = g;
    blue[2 * i] = blue[2 * i + 1] = b;
  }
}

VECTORISED
static void colour(uint8_t *restrict dst, const uint8_t *restrict y,
                   const int16_t *restrict red, const int16_t *restrict green,
                   const int16_t *restrict blue, int n) {
  for (int i = 0; i < n; i++) {
    int16_t l =
        (int16_t)((int16_t)((uint16_t)(y[i] * LUMA_GAIN) >> 1) - LUMA_OFFSET);
    uint16_t r = clamp((int16_t)((int16_t)(l + red[i]) >> 6));
    uint16_t g = clamp((int16_t)((int16_t)(l + green[i]) >> 6));
    uint16_t b = clamp((int16_t)((int16_t)((l >> 1) + blue[i]) >> 5));
    uint16_t rg = (uint16_t)(r | g << 8), ba = (uint16_t)(b | 0xff00);
    uint32_t pixel = rg | (uint32_t)ba << 16;
    memcpy(dst + 4 * i, &pixel, 4);
  }
}

static void convert_row(uint8_t *dst, const uint8_t *y, const uint8_t *u,
                        const uint8_t *v, int w) {
  int16_t red[BLOCK], green[BLOCK], blue[BLOCK];
  for (int x = 0; x < w; x += BLOCK) {
    int n = w - x < BLOCK ? w - x : BLOCK;
    chroma_terms(red, green, blue, u + x / 2, v + x / 2, (n + 1) / 2);
    colour(dst + 4 * x, y + x, red, green, blue, n);
  }
}

// A plane on its way into rows of the output.
typedef struct {
  const uint8_t *plane;
  int stride, w;         // w samples in a source row
  const uint32_t *index;   // n taps
  const uint16_t *weight;
  int n;
  int lo, hi;  // the source columns that the taps use, hi excluded
  int direct, at;
  uint8_t *blend;  // room for w + 1 samples
} rows;

static void span(rows *r) {
  int first = (int)r->index[0];
  int last = (int)r->index[r->n - 1];
  r->lo = first < last ? first : last;
  r->hi = (first < last ? last : first) + 2;
  if (r->hi > r->w) r->hi = r->w;
}

static const uint8_t *make_row(const rows *r, uint32_t index, int weight,
                               uint8_t *out) {
  if (weight == TAP_ONE) {
    index++;
    weight = 0;
  }
  const uint8_t *row = r->plane + (size_t)index * (size_t)r->stride;
  if (weight > 0) {
    blend_rows(r->blend + r->lo, row + r->lo, row + r->stride + r->lo, weight,
               r->hi - r->lo);
    row = r->blend;
    r->blend[r->w] = r->blend[r->w - 1];
  } else if (r->w == 1) {
    r->blend[0] = r->blend[1] = row[0];
    row = r->blend;
  }
  if (r->direct) return row + r->at;
  resample(out, row, r->index, r->weight, r->n);
  return out;
}

void foyer_rgba(uint8_t *dst, int stride, int w, int h, const uint8_t *y,
                const uint8_t *u, const uint8_t *v, int ystride, int uvstride,
                int src_w, const uint32_t *index, const uint16_t *weight,
                int direct, int luma_at, int chroma_at, uint8_t *scratch) {
  int cw = (w + 1) / 2, ch = (h + 1) / 2, src_cw = (src_w + 1) / 2;
  int at_ly = w + cw, at_cy = w + cw + h;  // where the row taps begin
  rows ry = {y, ystride, src_w,  index,   weight, w,
             0, 0,       direct, luma_at, scratch};
  rows ru = {u, uvstride, src_cw, index + w, weight + w,
             cw, 0, 0, direct, chroma_at, ry.blend + src_w + 1};
  rows rv = ru;
  rv.plane = v;
  rv.blend = ru.blend + src_cw + 1;
  span(&ry);
  span(&ru);
  span(&rv);
  uint8_t *out_y = rv.blend + src_cw + 1, *out_u = out_y + w,
          *out_v = out_u + cw;
  for (int j = 0; j < ch; j++) {
    uint32_t i = index[at_cy + j];
    int f = weight[at_cy + j];
    const uint8_t *row_u = make_row(&ru, i, f, out_u);
    const uint8_t *row_v = make_row(&rv, i, f, out_v);
    for (int k = 2 * j; k < 2 * j + 2 && k < h; k++) {
      const uint8_t *row_y =
          make_row(&ry, index[at_ly + k], weight[at_ly + k], out_y);
      convert_row(dst + (size_t)k * (size_t)stride, row_y, row_u, row_v, w);
    }
  }
}

void foyer_scale_plane(uint8_t *dst, int dst_stride, int w, int h,
                       const uint8_t *src, int stride, int src_w,
                       const uint32_t *col_index, const uint16_t *col_weight,
                       const uint32_t *row_index, const uint16_t *row_weight,
                       uint8_t *scratch) {
  rows r = {src, stride, src_w, col_index, col_weight, w, 0, 0, 0, 0, scratch};
  span(&r);
  for (int j = 0; j < h; j++)
    make_row(&r, row_index[j], row_weight[j],
             dst + (size_t)j * (size_t)dst_stride);
}

VECTORISED
static void halve_row(uint8_t *restrict dst, const uint8_t *restrict a,
                      const uint8_t *restrict b, int n) {
  for (int i = 0; i < n; i++)
    dst[i] = (uint8_t)((uint16_t)(a[2 * i] + a[2 * i + 1] + b[2 * i] +
                                  b[2 * i + 1] + 2) >>
                       2);
}

void foyer_halve_plane(uint8_t *dst, int dst_stride, const uint8_t *src,
                       int stride, int w, int h) {
  for (int j = 0; j < (h + 1) / 2; j++) {
    const uint8_t *a = src + (size_t)(2 * j) * (size_t)stride;
    const uint8_t *b = 2 * j + 1 < h ? a + stride : a;
    uint8_t *out = dst + (size_t)j * (size_t)dst_stride;
    halve_row(out, a, b, w / 2);
    if (w % 2) out[w / 2] = (uint8_t)((2 * a[w - 1] + 2 * b[w - 1] + 2) >> 2);
  }
}

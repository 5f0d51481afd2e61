// libvpx as vp8.go needs it: handles on the C heap, plain arguments, so that no
// Go pointer is ever stored in C memory beyond a call.
#ifndef FOYER_VP8_H
#define FOYER_VP8_H

#include <stddef.h>
#include <stdint.h>

typedef struct foyer_vp8_decoder foyer_vp8_decoder;
typedef struct foyer_vp8_encoder foyer_vp8_encoder;

// Results beside libvpx' own vpx_codec_err_t, which are >= 0.
enum {
  FOYER_VP8_CORRUPT = -1,
  FOYER_VP8_NO_PICTURE = -2,
  FOYER_VP8_SIZE = -3,
};

foyer_vp8_decoder *foyer_vp8_decoder_new(void);
void foyer_vp8_decoder_free(foyer_vp8_decoder *d);
// The planes of a frame in the decoder's memory, valid until its next call.
typedef struct {
  const uint8_t *y, *u, *v;
  int ystride, uvstride;
} foyer_vp8_planes;

// Decodes one frame, whose frame must be w x h.
int foyer_vp8_decode(foyer_vp8_decoder *d, const uint8_t *data, unsigned n,
                     int w, int h, foyer_vp8_planes *out);

// screen: text and lines rather than faces.
foyer_vp8_encoder *foyer_vp8_encoder_new(int w, int h, int fps, int kbps,
                                         int screen);
void foyer_vp8_encoder_free(foyer_vp8_encoder *e);
int foyer_vp8_set_bitrate(foyer_vp8_encoder *e, int kbps);
// An encoded frame, valid until the next call; n is 0 when the rate control
// dropped the frame.
typedef struct {
  const uint8_t *data;
  size_t n;
  int key;
  int quantizer; // 0..127
  int err;
} foyer_vp8_packet;

// pts and duration in 1/90000 s.
foyer_vp8_packet foyer_vp8_encode(foyer_vp8_encoder *e, const uint8_t *y,
                                  const uint8_t *u, const uint8_t *v,
                                  int ystride, int uvstride, int64_t pts,
                                  int64_t duration, int force_key);

const char *foyer_vp8_error(int code);

#endif

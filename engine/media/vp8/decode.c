#include "codec.h"

#include <stdlib.h>

#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

struct foyer_vp8_decoder {
  vpx_codec_ctx_t codec;
};

foyer_vp8_decoder *foyer_vp8_decoder_new(void) {
  foyer_vp8_decoder *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  // One thread: a call has many frames at once, and threads of one small
  // frame only wait for each other.
  vpx_codec_dec_cfg_t cfg = {.threads = 1};
  if (vpx_codec_dec_init(&d->codec, vpx_codec_vp8_dx(), &cfg, 0) !=
      VPX_CODEC_OK) {
    free(d);
    return NULL;
  }
  return d;
}

void foyer_vp8_decoder_free(foyer_vp8_decoder *d) {
  vpx_codec_destroy(&d->codec);
  free(d);
}

int foyer_vp8_decode(foyer_vp8_decoder *d, const uint8_t *data, unsigned n,
                     int w, int h, foyer_vp8_planes *out) {
  int err = vpx_codec_decode(&d->codec, data, n, NULL, 0);
  if (err != VPX_CODEC_OK) return err;
  vpx_codec_iter_t it = NULL;
  vpx_image_t *img = vpx_codec_get_frame(&d->codec, &it);
  if (!img) return FOYER_VP8_NO_PICTURE;
  int corrupted = 0;
  if (vpx_codec_control(&d->codec, VP8D_GET_FRAME_CORRUPTED, &corrupted) !=
          VPX_CODEC_OK ||
      corrupted)
    return FOYER_VP8_CORRUPT;
  if ((int)img->d_w != w || (int)img->d_h != h) return FOYER_VP8_SIZE;
  if (img->stride[VPX_PLANE_U] != img->stride[VPX_PLANE_V])
    return FOYER_VP8_SIZE;
  out->y = img->planes[VPX_PLANE_Y];
  out->u = img->planes[VPX_PLANE_U];
  out->v = img->planes[VPX_PLANE_V];
  out->ystride = img->stride[VPX_PLANE_Y];
  out->uvstride = img->stride[VPX_PLANE_U];
  return VPX_CODEC_OK;
}

const char *foyer_vp8_error(int code) {
  return vpx_codec_err_to_string((vpx_codec_err_t)code);
}

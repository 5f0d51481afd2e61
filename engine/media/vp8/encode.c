#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

struct foyer_vp8_encoder {
  vpx_codec_ctx_t codec;
  vpx_codec_enc_cfg_t cfg;
};

// Rate control for a live conversation, as WebRTC sets it: no look-ahead, a
// buffer of a second, quantizers 2..56. Not error resilient: after a loss
// receivers wait for a key frame anyway, and resilience costs bits in every
// frame.
static void configure(vpx_codec_enc_cfg_t *c, int w, int h, int kbps) {
  c->g_w = (unsigned)w;
  c->g_h = (unsigned)h;
  c->g_timebase.num = 1;
  c->g_timebase.den = 90000;
  c->g_threads = 1;
  c->g_pass = VPX_RC_ONE_PASS;
  c->g_lag_in_frames = 0;
  c->g_error_resilient = 0;
  c->rc_end_usage = VPX_CBR;
  c->rc_target_bitrate = (unsigned)kbps;
  c->rc_dropframe_thresh = 30;
  c->rc_resize_allowed = 0;
  c->rc_min_quantizer = 2;
  c->rc_max_quantizer = 56;
  c->rc_undershoot_pct = 100;
  c->rc_overshoot_pct = 15;
  c->rc_buf_sz = 1000;
  c->rc_buf_initial_sz = 500;
  c->rc_buf_optimal_sz = 600;
  // Key frames when asked for, and at the latest every 3000 frames.
  c->kf_mode = VPX_KF_AUTO;
  c->kf_max_dist = 3000;
}

// A key frame may take this share (in percent of an average frame) of the
// bits: half of the optimal buffer, at least 300 % (WebRTC).
static unsigned max_intra_percent(const vpx_codec_enc_cfg_t *c, int fps) {
  unsigned percent = c->rc_buf_optimal_sz / 2 * (unsigned)fps / 10;
  return percent < 300 ? 300 : percent;
}

static int control(foyer_vp8_encoder *e, int fps, int screen) {
  vpx_codec_ctx_t *c = &e->codec;
  return vpx_codec_control(c, VP8E_SET_CPUUSED, -6) ||
         vpx_codec_control(c, VP8E_SET_STATIC_THRESHOLD, screen ? 100 : 1) ||
         vpx_codec_control(c, VP8E_SET_NOISE_SENSITIVITY, 0) ||
         vpx_codec_control(c, VP8E_SET_TOKEN_PARTITIONS, 0) ||
         vpx_codec_control(c, VP8E_SET_ENABLEAUTOALTREF, 0) ||
         vpx_codec_control(c, VP8E_SET_SCREEN_CONTENT_MODE, screen ? 1 : 0) ||
         vpx_codec_control(c, VP8E_SET_MAX_INTRA_BITRATE_PCT,
                           max_intra_percent(&e->cfg, fps));
}

foyer_vp8_encoder *foyer_vp8_encoder_new(int w, int h, int fps, int kbps,
                                         int screen) {
  foyer_vp8_encoder *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->cfg, 0)) {
    free(e);
    return NULL;
  }
  configure(&e->cfg, w, h, kbps);
  if (vpx_codec_enc_init(&e->codec, vpx_codec_vp8_cx(), &e->cfg, 0)) {
    free(e);
    return NULL;
  }
  if (control(e, fps, screen)) {
    foyer_vp8_encoder_free(e);
    return NULL;
  }
  return e;
}

void foyer_vp8_encoder_free(foyer_vp8_encoder *e) {
  vpx_codec_destroy(&e->codec);
  free(e);
}

int foyer_vp8_set_bitrate(foyer_vp8_encoder *e, int kbps) {
  e->cfg.rc_target_bitrate = (unsigned)kbps;
  return vpx_codec_enc_config_set(&e->codec, &e->cfg);
}

foyer_vp8_packet foyer_vp8_encode(foyer_vp8_encoder *e, const uint8_t *y,
                                  const uint8_t *u, const uint8_t *v,
                                  int ystride, int uvstride, int64_t pts,
                                  int64_t duration, int force_key) {
  foyer_vp8_packet out = {NULL, 0, 0, 0, VPX_CODEC_OK};
  vpx_image_t img;
  if (!vpx_img_wrap(&img, VPX_IMG_FMT_I420, e->cfg.g_w, e->cfg.g_h, 1,
                    (uint8_t *)y)) {
    out.err = VPX_CODEC_INVALID_PARAM;
    return out;
  }
  img.planes[VPX_PLANE_U] = (uint8_t *)u;
  img.planes[VPX_PLANE_V] = (uint8_t *)v;
  img.stride[VPX_PLANE_Y] = ystride;
  img.stride[VPX_PLANE_U] = img.stride[VPX_PLANE_V] = uvstride;
  vpx_enc_frame_flags_t flags = force_key ? VPX_EFLAG_FORCE_KF : 0;
  out.err = vpx_codec_encode(&e->codec, &img, pts, (unsigned long)duration,
                             flags, VPX_DL_REALTIME);
  if (out.err != VPX_CODEC_OK) return out;
  vpx_codec_iter_t it = NULL;
  const vpx_codec_cx_pkt_t *p;
  while ((p = vpx_codec_get_cx_data(&e->codec, &it)) != NULL) {
    if (p->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    out.data = p->data.frame.buf;
    out.n = p->data.frame.sz;
    out.key = (p->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
  }
  if (out.n)
    out.err = vpx_codec_control(&e->codec, VP8E_GET_LAST_QUANTIZER,
                                &out.quantizer);
  return out;
}

// AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2), decay multiplied by the rate as in
// PyTorch. With g = gradient * step.gradient_scale, t = step.updates + 1:
//
//   m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
//   p = (1 - lr decay) p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
//
// Element-wise, float32, one sweep: 16 bytes read and 12 written a parameter (ordinary stores: the lines are in the
// cache, non-temporal ones were half as fast). The scalars are made in float64. Copies are refreshed afterwards.
#include <cmath>

#include "optimizer_arguments.h"
#include "segments.h"

namespace vn {
namespace {

struct AdamW {
  float beta1, rest1, beta2, rest2, unbias2, rate, keep, eps, gradient_scale;
};

constexpr int64_t tile_elements = 1 << 16;

}  // namespace
}  // namespace vn

#define VN_LOOPS "adamw.inl"
#include "each_isa.h"

using namespace vn;

int32_t vn_adamw_update(vn_context* ctx, float* masters, float* m, float* v, const float* gradients,
                        const vn_segment* segments, int64_t count, float beta1, float beta2, float eps) {
  VN_TRY(check_adamw_update(ctx, masters, m, v, gradients, segments, count, beta1, beta2, eps));
  VN_TRY(require_segments(ctx, "adamw_update", segments, count));
  const vn_step& step = *ctx->step;
  VN_REQUIRE(ctx, step.updates >= 0, "adamw_update: step.updates is %lld", (long long) step.updates);
  if (step.skip) return VN_OK;

  const double t = double(step.updates + 1);
  const double correction1 = 1 - std::pow(double(beta1), t), correction2 = 1 - std::pow(double(beta2), t);
  const auto update = VN_PICK(ctx->level, update);
  const int64_t total = live_elements(segments, count);
  ctx->pool.run(ceil_div(total, tile_elements), [&](int64_t tile, int) {
    for_each_piece(segments, count, tile * tile_elements, std::min(total, (tile + 1) * tile_elements),
                   [&](const vn_segment& s, int64_t first, int64_t n) {
                     const double rate = double(step.learning_rate) * double(s.learning_rate_scale);
                     const AdamW a = {beta1, 1 - beta1, beta2, 1 - beta2, float(1 / correction2),
                                      float(rate / correction1), float(1 - rate * double(s.weight_decay)), eps,
                                      step.gradient_scale};
                     update(masters + first, m + first, v + first, gradients + first, n, a);
                   });
  });
  for (int64_t i = 0; i < count; i++) {
    const vn_segment& s = segments[i];
    if (s.copy && !s.frozen) {
      VN_TRY(vn_compute_copy_refresh(ctx, s.copy, masters + s.offset, s.rows, s.cols, s.copy_dtype));
    }
  }
  return VN_OK;
}

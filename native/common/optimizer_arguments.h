// What the gradient norm and AdamW require of their arguments, on every backend. Segments are device memory: what they
// say is checked by who may read them.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_gradient_norm(Call* ctx, const float* gradients, const vn_segment* segments, int64_t count,
                                   float clip) {
  VN_REQUIRE(ctx, gradients || count == 0, "gradient_norm: gradients is null");
  VN_REQUIRE(ctx, count >= 0 && (segments || count == 0), "gradient_norm: segments is null or their count %lld",
             (long long) count);
  VN_REQUIRE(ctx, clip >= 0, "gradient_norm: clip is %g", double(clip));
  return require_step(ctx, "gradient_norm");
}

inline int32_t check_adamw_update(Call* ctx, const float* masters, const float* m, const float* v,
                                  const float* gradients, const vn_segment* segments, int64_t count, float beta1,
                                  float beta2, float eps) {
  VN_REQUIRE(ctx, count == 0 || (masters && m && v && gradients), "adamw_update: %s is null",
             !masters ? "masters" : !m ? "m" : !v ? "v" : "gradients");
  VN_REQUIRE(ctx, count >= 0 && (segments || count == 0), "adamw_update: segments is null or their count %lld",
             (long long) count);
  VN_REQUIRE(ctx, beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
             "adamw_update: betas are %g and %g, not in [0, 1)", double(beta1), double(beta2));
  VN_REQUIRE(ctx, eps >= 0, "adamw_update: eps is %g", double(eps));
  return require_step(ctx, "adamw_update");
}

}  // namespace vn

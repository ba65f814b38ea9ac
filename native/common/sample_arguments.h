// What sampling requires of its arguments, on every backend.
#pragma once
#include <cmath>

#include "call.h"

namespace vn {

inline int32_t check_sample(Call* ctx, const int32_t* ids, const float* logits, int64_t rows, int64_t V, int64_t Vp,
                            float temperature, int64_t top_k, float top_p, int64_t draw) {
  VN_REQUIRE(ctx, addressable({rows, Vp}) && V >= 1 && V <= Vp && Vp <= INT32_MAX,
             "sample: rows is %lld, V %lld, Vp %lld", (long long) rows, (long long) V, (long long) Vp);
  VN_REQUIRE(ctx, rows == 0 || (ids && logits), "sample: %s is null", ids ? "logits" : "ids");
  VN_REQUIRE(ctx, temperature >= 0 && std::isfinite(temperature), "sample: temperature is %g", double(temperature));
  VN_REQUIRE(ctx, top_k >= 0, "sample: top_k is %lld", (long long) top_k);
  VN_REQUIRE(ctx, top_p >= 0 && top_p <= 1, "sample: top_p is %g, not in [0, 1]", double(top_p));
  VN_REQUIRE(ctx, draw >= 0, "sample: draw is %lld", (long long) draw);
  return VN_OK;
}

inline int32_t check_penalize_repetition(Call* ctx, const float* logits, const int32_t* previous,
                                         const int32_t* lengths, int64_t rows, int64_t capacity, int64_t Vp,
                                         float penalty) {
  VN_REQUIRE(ctx, addressable({rows, Vp}) && addressable({rows, capacity}),
             "penalize_repetition: rows is %lld, Vp %lld, capacity %lld", (long long) rows, (long long) Vp,
             (long long) capacity);
  VN_REQUIRE(ctx, rows == 0 || (logits && lengths && (previous || capacity == 0)), "penalize_repetition: %s is null",
             !logits ? "logits" : !lengths ? "lengths" : "previous");
  VN_REQUIRE(ctx, penalty > 0 && std::isfinite(penalty), "penalize_repetition: penalty is %g", double(penalty));
  return require_step(ctx, "penalize_repetition");
}

}  // namespace vn

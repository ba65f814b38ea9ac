// What the classifier requires of its arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_head(Call* ctx, const char* operation, const void* copy, int64_t rows, int64_t C, int64_t Vp,
                          int32_t copy_dtype) {
  VN_REQUIRE(ctx, rows >= 0 && C > 0 && Vp > 0 && addressable({rows, C}) && addressable({Vp, C}),
             "%s: rows is %lld, C is %lld, Vp is %lld", operation, (long long) rows, (long long) C, (long long) Vp);
  VN_REQUIRE(ctx, !copy || is_storage(copy_dtype) || copy_dtype == VN_I8, "%s: copy_dtype is %d, not 0 .. 3", operation,
             copy_dtype);
  return VN_OK;
}

inline int32_t check_classifier(Call* ctx, const float* losses, const void* dhidden, const float* dhead,
                                const void* hidden, const int32_t* labels, const float* row_scale, const float* head,
                                const void* copy, int64_t rows, int64_t C, int64_t V, int64_t Vp, int32_t copy_dtype) {
  constexpr const char* operation = "classifier_forward_backward";
  VN_REQUIRE(ctx, losses && hidden && labels && (head || copy), "%s: %s is null", operation,
             !losses ? "losses" : !hidden ? "hidden" : !labels ? "labels" : "head");
  VN_REQUIRE(ctx, !dhidden || row_scale, "%s: row_scale is null, but dhidden is wanted", operation);
  VN_REQUIRE(ctx, dhidden || !dhead, "%s: dhead is wanted, but dhidden is null", operation);
  VN_TRY(check_head(ctx, operation, copy, rows, C, Vp, copy_dtype));
  VN_REQUIRE(ctx, V > 0 && V <= Vp && V <= INT32_MAX, "%s: V is %lld, Vp is %lld", operation, (long long) V,
             (long long) Vp);
  return dhidden ? require_step(ctx, operation) : VN_OK;
}

inline int32_t check_logits(Call* ctx, const float* logits, const void* hidden, const float* head, const void* copy,
                            int64_t rows, int64_t C, int64_t Vp, int32_t copy_dtype) {
  constexpr const char* operation = "classifier_logits";
  VN_REQUIRE(ctx, logits && hidden && (head || copy), "%s: %s is null", operation,
             !logits ? "logits" : !hidden ? "hidden" : "head");
  return check_head(ctx, operation, copy, rows, C, Vp, copy_dtype);
}

}  // namespace vn

// What bias and activation on their own require of their arguments, on every backend.
#pragma once
#include "linear_arguments.h"

namespace vn {

inline int32_t check_bias_activation(Call* ctx, const char* operation, int64_t rows, int64_t N, int32_t activation) {
  VN_REQUIRE(ctx, rows >= 0 && N > 0 && addressable({rows, N}), "%s: rows is %lld, N is %lld", operation,
             (long long) rows, (long long) N);
  return check_activation(ctx, operation, activation);
}

inline int32_t check_bias_activation_forward(Call* ctx, const void* y, const void* x, int64_t rows, int64_t N,
                                             int32_t activation) {
  constexpr const char* operation = "bias_activation_forward";
  VN_REQUIRE(ctx, y && x, "%s: %s is null", operation, y ? "x" : "y");
  return check_bias_activation(ctx, operation, rows, N, activation);
}

inline int32_t check_bias_activation_backward(Call* ctx, const void* dx, const void* dy, const void* pre, int64_t rows,
                                              int64_t N, int32_t activation) {
  constexpr const char* operation = "bias_activation_backward";
  VN_REQUIRE(ctx, dx && dy, "%s: %s is null", operation, dx ? "dy" : "dx");
  VN_TRY(check_bias_activation(ctx, operation, rows, N, activation));
  VN_REQUIRE(ctx, pre || activation == VN_NO_ACTIVATION, "%s: pre is null, activation is %d", operation, activation);
  return VN_OK;
}

}  // namespace vn

// What a linear layer requires of its arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_activation(Call* ctx, const char* operation, int32_t activation) {
  VN_REQUIRE(ctx, activation >= VN_NO_ACTIVATION && activation <= VN_GELU_ERF,
             "%s: activation is %d, not 0 (none), 1 (GELU by tanh) or 2 (GELU by erf)", operation, activation);
  return VN_OK;
}

inline int32_t check_linear(Call* ctx, const char* operation, const void* copy, int64_t rows, int64_t N, int64_t K,
                            int32_t activation, int32_t copy_dtype) {
  VN_REQUIRE(ctx, rows >= 0 && N > 0 && K > 0, "%s: rows is %lld, N is %lld, K is %lld", operation, (long long) rows,
             (long long) N, (long long) K);
  VN_REQUIRE(ctx, addressable({rows, N}) && addressable({rows, K}) && addressable({N, K}),
             "%s: rows %lld, N %lld, K %lld are too large", operation, (long long) rows, (long long) N, (long long) K);
  VN_TRY(check_activation(ctx, operation, activation));
  VN_REQUIRE(ctx, !copy || is_storage(copy_dtype) || copy_dtype == VN_I8,
             "%s: copy_dtype is %d; a copy is 0 (f32), 1 (bf16), 2 (f16) or 3 (int8)", operation, copy_dtype);
  return VN_OK;
}

inline int32_t check_linear_forward(Call* ctx, const void* y, const void* pre, const void* x, const float* weight,
                                    const void* copy, int64_t rows, int64_t N, int64_t K, int32_t activation,
                                    int32_t copy_dtype) {
  constexpr const char* operation = "linear_forward";
  VN_REQUIRE(ctx, y && x && (weight || copy), "%s: %s is null", operation, !y ? "y" : !x ? "x" : "weight");
  VN_TRY(check_linear(ctx, operation, copy, rows, N, K, activation, copy_dtype));
  VN_REQUIRE(ctx, !pre || activation != VN_NO_ACTIVATION, "%s: pre is given, but there is no activation", operation);
  return VN_OK;
}

inline int32_t check_linear_backward(Call* ctx, const void* dx, const float* dweight, const void* dy, const void* x,
                                     const void* x_pre, const float* weight, const void* copy, int64_t rows, int64_t N,
                                     int64_t K, int32_t activation, int32_t copy_dtype) {
  constexpr const char* operation = "linear_backward";
  VN_REQUIRE(ctx, dy, "%s: dy is null", operation);
  VN_REQUIRE(ctx, !dx || weight || copy, "%s: weight is null, but dx is wanted", operation);
  VN_REQUIRE(ctx, !dweight || x, "%s: x is null, but dweight is wanted", operation);
  VN_TRY(check_linear(ctx, operation, copy, rows, N, K, activation, copy_dtype));
  VN_REQUIRE(ctx, !dx || (x_pre != nullptr) == (activation != VN_NO_ACTIVATION), "%s: x_pre is %s, activation is %d",
             operation, x_pre ? "given" : "null", activation);
  return VN_OK;
}

}  // namespace vn

// What residual_layernorm requires of its arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_norm(Call* ctx, const char* operation, int64_t rows, int64_t C, int32_t norm) {
  VN_REQUIRE(ctx, addressable({rows, C}) && C > 0, "%s: rows is %lld, C %lld", operation, (long long) rows,
             (long long) C);
  VN_REQUIRE(ctx, norm == VN_LAYERNORM || norm == VN_LAYERNORM1P, "%s: norm is %d", operation, norm);
  return VN_OK;
}

inline int32_t check_residual_layernorm_forward(Call* ctx, const void* sum, const void* out, const float* mean,
                                                const float* rstd, const void* residual, const void* x,
                                                const float* weight, int64_t rows, int64_t T, int64_t C, float eps,
                                                int32_t norm, float dropout) {
  const char* operation = "residual_layernorm_forward";
  VN_TRY(check_norm(ctx, operation, rows, C, norm));
  VN_REQUIRE(ctx, residual, "%s: residual is null", operation);
  VN_REQUIRE(ctx, (x != nullptr) == (sum != nullptr), "%s: sum is %s and x is %s; both or neither", operation,
             sum ? "given" : "null", x ? "given" : "null");
  VN_REQUIRE(ctx, x || out, "%s: x and out are null, so there is nothing to do", operation);
  VN_REQUIRE(ctx, !out || (mean && rstd && weight), "%s: %s is null", operation,
             !mean ? "mean" : !rstd ? "rstd" : "weight");
  VN_REQUIRE(ctx, eps >= 0, "%s: eps is %g", operation, double(eps));
  return require_dropout(ctx, operation, x ? dropout : 0, T);
}

inline int32_t check_residual_layernorm_backward(Call* ctx, const void* dresidual, const void* dx, const void* dout,
                                                 const void* sum, const float* mean, const float* rstd,
                                                 const float* weight, int64_t rows, int64_t T, int64_t C, int32_t norm,
                                                 float dropout) {
  const char* operation = "residual_layernorm_backward";
  VN_TRY(check_norm(ctx, operation, rows, C, norm));
  VN_REQUIRE(ctx, dresidual && dout && sum && mean && rstd && weight, "%s: %s is null", operation,
             !dresidual ? "dresidual" : !dout ? "dout" : !sum ? "sum" : !mean ? "mean" : !rstd ? "rstd" : "weight");
  return require_dropout(ctx, operation, dx ? dropout : 0, T);
}

}  // namespace vn

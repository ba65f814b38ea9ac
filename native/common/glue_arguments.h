// What the glue operations require of their arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_cast(Call* ctx, const void* out, const void* x, int64_t n) {
  VN_REQUIRE(ctx, addressable({n}), "cast: n is %lld", (long long) n);
  VN_REQUIRE(ctx, n == 0 || (out && x), "cast: %s is null", out ? "x" : "out");
  return VN_OK;
}

inline int32_t check_axpy(Call* ctx, const float* y, const float* x, int64_t n) {
  VN_REQUIRE(ctx, addressable({n}), "axpy: n is %lld", (long long) n);
  VN_REQUIRE(ctx, n == 0 || (y && x), "axpy: %s is null", y ? "x" : "y");
  return VN_OK;
}

inline int32_t check_scale(Call* ctx, const float* y, int64_t n) {
  VN_REQUIRE(ctx, addressable({n}), "scale: n is %lld", (long long) n);
  VN_REQUIRE(ctx, n == 0 || y, "scale: y is null");
  return VN_OK;
}

inline int32_t check_reduce_rows(Call* ctx, const float* out, const void* x, int64_t rows, int64_t C) {
  VN_REQUIRE(ctx, addressable({rows, C}), "reduce_rows: rows is %lld, C %lld", (long long) rows, (long long) C);
  VN_REQUIRE(ctx, C == 0 || (out && (x || rows == 0)), "reduce_rows: %s is null", out ? "x" : "out");
  return VN_OK;
}

}  // namespace vn

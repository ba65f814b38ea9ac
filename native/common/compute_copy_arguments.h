// What compute copies require of their arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_copy_shape(Call* ctx, const char* operation, int64_t rows, int64_t cols, int32_t dtype) {
  VN_REQUIRE(ctx, addressable({rows, cols}), "%s: rows is %lld, cols is %lld", operation, (long long) rows,
             (long long) cols);
  if (is_storage(dtype) || dtype == VN_I8) return VN_OK;
  return fail(ctx, dtype >= VN_F32 && dtype <= VN_I32 ? VN_UNSUPPORTED : VN_INVALID_ARGUMENT,
              "%s: dtype is %d; a copy is 0 (f32), 1 (bf16), 2 (f16) or 3 (int8)", operation, dtype);
}

inline int32_t check_copy_bytes(Call* ctx, const int64_t* bytes, int64_t rows, int64_t cols, int32_t dtype) {
  VN_REQUIRE(ctx, bytes, "compute_copy_bytes: bytes is null");
  return check_copy_shape(ctx, "compute_copy_bytes", rows, cols, dtype);
}

inline int32_t check_copy_refresh(Call* ctx, const void* copy, const float* master, int64_t rows, int64_t cols,
                                  int32_t dtype) {
  VN_REQUIRE(ctx, copy && master, "compute_copy_refresh: %s is null", copy ? "master" : "copy");
  return check_copy_shape(ctx, "compute_copy_refresh", rows, cols, dtype);
}

inline int32_t check_copy_rows(Call* ctx, const float* out, const void* copy, int64_t rows, int64_t cols,
                               int64_t first, int64_t count, int32_t dtype) {
  VN_REQUIRE(ctx, out && copy, "compute_copy_rows: %s is null", out ? "copy" : "out");
  VN_TRY(check_copy_shape(ctx, "compute_copy_rows", rows, cols, dtype));
  VN_REQUIRE(ctx, first >= 0 && count >= 0 && first <= rows - count, "compute_copy_rows: rows %lld .. %lld of %lld",
             (long long) first, (long long) first + (long long) count - 1, (long long) rows);
  return VN_OK;
}

}  // namespace vn

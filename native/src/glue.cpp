// Casts, scaled sums and column sums: what is left between the operations.
//
//   cast    out = x, rounded to nearest even          axpy   y += a x          scale   y *= a
//   reduce_rows   out (+)= sum_r x[r]: float32 sums of 64 rows, added in row order; a tile owns its columns
#include "context.h"
#include "glue_arguments.h"

#define VN_LOOPS "glue.inl"
#include "each_isa.h"

using namespace vn;

namespace {

constexpr int64_t tile_elements = 1 << 16;
constexpr int64_t tile_columns = 256, block_rows = 64;

// f(first, count) over tiles of [0, n).
template <class F>
int32_t over_elements(vn_context* ctx, int64_t n, const F& f) {
  ctx->pool.run(ceil_div(n, tile_elements), [&](int64_t tile, int) {
    const int64_t first = tile * tile_elements;
    f(first, std::min(tile_elements, n - first));
  });
  return VN_OK;
}

}  // namespace

int32_t vn_cast(vn_context* ctx, void* out, const void* x, int64_t n, int32_t out_dtype, int32_t x_dtype) {
  VN_TRY(check_cast(ctx, out, x, n));
  return for_dtype(ctx, "cast", "out_dtype", out_dtype, [&](auto to) {
    return for_dtype(ctx, "cast", "x_dtype", x_dtype, [&](auto from) {
      using Out = decltype(to);
      using In = decltype(from);
      const auto run = VN_PICK(ctx->level, cast<Out, In>);
      return over_elements(ctx, n, [&](int64_t first, int64_t count) {
        run(static_cast<Out*>(out) + first, static_cast<const In*>(x) + first, count);
      });
    });
  });
}

int32_t vn_axpy(vn_context* ctx, float* y, const float* x, int64_t n, float a) {
  VN_TRY(check_axpy(ctx, y, x, n));
  const auto run = VN_PICK(ctx->level, axpy);
  return over_elements(ctx, n, [&](int64_t first, int64_t count) { run(y + first, x + first, count, a); });
}

int32_t vn_scale(vn_context* ctx, float* y, int64_t n, float a) {
  VN_TRY(check_scale(ctx, y, n));
  const auto run = VN_PICK(ctx->level, scale);
  return over_elements(ctx, n, [&](int64_t first, int64_t count) { run(y + first, count, a); });
}

int32_t vn_reduce_rows(vn_context* ctx, float* out, const void* x, int64_t rows, int64_t C, int32_t accumulate,
                       int32_t dtype) {
  VN_TRY(check_reduce_rows(ctx, out, x, rows, C));
  return for_dtype(ctx, "reduce_rows", "dtype", dtype, [&](auto type) {
    using T = decltype(type);
    const auto run = VN_PICK(ctx->level, reduce_rows<T>);
    ctx->pool.run(ceil_div(C, tile_columns), [&](int64_t tile, int) {
      const int64_t c = tile * tile_columns;
      run(out + c, static_cast<const T*>(x) + c, rows, C, std::min(tile_columns, C - c), block_rows, accumulate != 0);
    });
    return VN_OK;
  });
}

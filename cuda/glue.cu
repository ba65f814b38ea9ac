// Casts, scaled sums and column sums: what is left between the operations.
//
//   cast    out = x, rounded to nearest even          axpy   y += a x          scale   y *= a
//   reduce_rows   out (+)= sum_r x[r]: float32, in a fixed order (column_sums.cuh)
#include "column_sums.cuh"
#include "glue_arguments.h"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int block_threads = 256;

// One pack a thread.
template <class Out, class In, int N>
__global__ void __launch_bounds__(block_threads) cast(Out* out, const In* x, int64_t packs) {
  const int64_t i = (int64_t(blockIdx.x) * block_threads + threadIdx.x) * N;
  if (i >= packs * N) return;
  const auto from = Pack<In, N>::load(x + i);
  Pack<Out, N> to;
  for (int j = 0; j < N; j++) to.at[j] = from_float<Out>(to_float(from.at[j]));
  to.store(out + i);
}

template <int N>
__global__ void __launch_bounds__(block_threads) axpy(float* y, const float* x, int64_t packs, float a) {
  const int64_t i = (int64_t(blockIdx.x) * block_threads + threadIdx.x) * N;
  if (i >= packs * N) return;
  const auto add = Pack<float, N>::load(x + i);
  auto sum = Pack<float, N>::load(y + i);
  for (int j = 0; j < N; j++) sum.at[j] = fmaf(a, add.at[j], sum.at[j]);
  sum.store(y + i);
}

template <int N>
__global__ void __launch_bounds__(block_threads) scale(float* y, int64_t packs, float a) {
  const int64_t i = (int64_t(blockIdx.x) * block_threads + threadIdx.x) * N;
  if (i >= packs * N) return;
  auto value = Pack<float, N>::load(y + i);
  for (int j = 0; j < N; j++) value.at[j] *= a;
  value.store(y + i);
}

dim3 blocks_of(int64_t packs) { return dim3(unsigned(ceil_div(packs, block_threads))); }

}  // namespace

int64_t glue_scratch_bytes(const vn_sizes& sizes) {
  const int64_t widest = std::max({sizes.C, sizes.ffn, 3 * sizes.H * sizes.D});
  return column_sums_floats(sizes.rows, widest) * int64_t(sizeof(float));
}

}  // namespace vn

using namespace vn;

int32_t vn_cast(vn_context* ctx, void* out, const void* x, int64_t n, int32_t out_dtype, int32_t x_dtype) {
  VN_TRY(check_cast(ctx, out, x, n));
  return for_dtype(ctx, "cast", "out_dtype", out_dtype, [&](auto to) {
    return for_dtype(ctx, "cast", "x_dtype", x_dtype, [&](auto from) {
      using Out = decltype(to);
      using In = decltype(from);
      return for_pack<float>(n, {out, x}, [&](auto pack) -> int32_t {
        const int64_t packs = n / pack.value;
        VN_LAUNCH(ctx, (cast<Out, In, pack.value>), blocks_of(packs), dim3(block_threads), 0, static_cast<Out*>(out),
                  static_cast<const In*>(x), packs);
        return VN_OK;
      });
    });
  });
}

int32_t vn_axpy(vn_context* ctx, float* y, const float* x, int64_t n, float a) {
  VN_TRY(check_axpy(ctx, y, x, n));
  return for_pack<float>(n, {y, x}, [&](auto pack) -> int32_t {
    VN_LAUNCH(ctx, axpy<pack.value>, blocks_of(n / pack.value), dim3(block_threads), 0, y, x, n / pack.value, a);
    return VN_OK;
  });
}

int32_t vn_scale(vn_context* ctx, float* y, int64_t n, float a) {
  VN_TRY(check_scale(ctx, y, n));
  return for_pack<float>(n, {y}, [&](auto pack) -> int32_t {
    VN_LAUNCH(ctx, scale<pack.value>, blocks_of(n / pack.value), dim3(block_threads), 0, y, n / pack.value, a);
    return VN_OK;
  });
}

int32_t vn_reduce_rows(vn_context* ctx, float* out, const void* x, int64_t rows, int64_t C, int32_t accumulate,
                       int32_t dtype) {
  VN_TRY(check_reduce_rows(ctx, out, x, rows, C));
  return for_dtype(ctx, "reduce_rows", "dtype", dtype, [&](auto type) {
    using T = decltype(type);
    Scratch scratch(ctx);
    float* slots = scratch.take<float>(column_sums_floats(rows, C));
    VN_TRY(require_workspace(ctx, "reduce_rows", scratch.bytes()));
    return column_sums(ctx, out, static_cast<const T*>(x), rows, C, accumulate != 0, slots);
  });
}

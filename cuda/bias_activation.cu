// Bias and activation on their own: the unfused form of linear_forward's epilogue, and recomputation of its output.
//
//   forward    pre = x + bias (rounded to dtype),   y = act(pre)
//   backward   dx = dy act'(pre),   dbias (+)= sum_rows dx   (of the rounded dx, float32, in a fixed order)
//
// Shapes: x, y, pre, dx, dy [rows, N] of `dtype`; bias, dbias [N] float32. Elementwise, a pack a thread: y may be x, dx may
// be dy. The column sums are a second pass over dx (column_sums.cuh).
#include "activation.cuh"
#include "bias_activation_arguments.h"
#include "column_sums.cuh"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int block_threads = 256;

// A row's packs may be no whole number of blocks, so packs are counted through all rows.
template <class T, int P>
__global__ void __launch_bounds__(block_threads)
    bias_activation_forward(T* y, T* pre, const T* x, const float* bias, int64_t packs, int64_t row_packs, int kind) {
  const int64_t i = int64_t(blockIdx.x) * block_threads + threadIdx.x;
  if (i >= packs) return;
  auto value = Pack<T, P>::load(x + i * P);
  if (bias) {
    const float* from = bias + i % row_packs * P;
    for (int j = 0; j < P; j++) value.at[j] = from_float<T>(to_float(value.at[j]) + from[j]);
  }
  if (pre) value.store(pre + i * P);
  for (int j = 0; j < P; j++) value.at[j] = from_float<T>(activate(to_float(value.at[j]), kind));
  value.store(y + i * P);
}

template <class T, int P>
__global__ void __launch_bounds__(block_threads)
    bias_activation_backward(T* dx, const T* dy, const T* pre, int64_t packs, int kind) {
  const int64_t i = int64_t(blockIdx.x) * block_threads + threadIdx.x;
  if (i >= packs) return;
  auto gradient = Pack<T, P>::load(dy + i * P);
  if (kind != VN_NO_ACTIVATION) {
    const auto at = Pack<T, P>::load(pre + i * P);
    for (int j = 0; j < P; j++) {
      gradient.at[j] = from_float<T>(to_float(gradient.at[j]) * activation_slope(to_float(at.at[j]), kind));
    }
  }
  gradient.store(dx + i * P);
}

}  // namespace

int64_t bias_activation_scratch_bytes(const vn_sizes& sizes) {
  const int64_t widest = std::max({sizes.C, sizes.ffn, 3 * sizes.H * sizes.D});
  Scratch scratch;
  if (sizes.training) scratch.take<float>(column_sums_floats(sizes.rows, widest));
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_bias_activation_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* bias, int64_t rows,
                                   int64_t N, int32_t activation, int32_t dtype) {
  VN_TRY(check_bias_activation_forward(ctx, y, x, rows, N, activation));
  return for_dtype(ctx, "bias_activation_forward", "dtype", dtype, [&](auto type) {
    using T = decltype(type);
    return for_pack<T>(N, {y, pre, x}, [&](auto pack) -> int32_t {
      const int64_t row_packs = N / pack.value, packs = rows * row_packs;
      VN_LAUNCH(ctx, (bias_activation_forward<T, pack.value>), dim3(unsigned(ceil_div(packs, block_threads))),
                dim3(block_threads), 0, static_cast<T*>(y), static_cast<T*>(pre), static_cast<const T*>(x), bias, packs,
                row_packs, activation);
      return VN_OK;
    });
  });
}

int32_t vn_bias_activation_backward(vn_context* ctx, void* dx, float* dbias, const void* dy, const void* pre,
                                    int64_t rows, int64_t N, int32_t activation, int32_t accumulate, int32_t dtype) {
  VN_TRY(check_bias_activation_backward(ctx, dx, dy, pre, rows, N, activation));
  Scratch scratch(ctx);
  float* slots = scratch.take<float>(dbias ? column_sums_floats(rows, N) : 0);
  VN_TRY(require_workspace(ctx, "bias_activation_backward", scratch.bytes()));
  return for_dtype(ctx, "bias_activation_backward", "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    VN_TRY(for_pack<T>(rows * N, {dx, dy, pre}, [&](auto pack) -> int32_t {
      const int64_t packs = rows * N / pack.value;
      VN_LAUNCH(ctx, (bias_activation_backward<T, pack.value>), dim3(unsigned(ceil_div(packs, block_threads))),
                dim3(block_threads), 0, static_cast<T*>(dx), static_cast<const T*>(dy), static_cast<const T*>(pre),
                packs, activation);
      return VN_OK;
    }));
    if (!dbias) return VN_OK;
    return column_sums(ctx, dbias, static_cast<const T*>(dx), rows, N, accumulate != 0, slots);
  });
}

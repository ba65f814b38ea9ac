// Compute copies (compute_copy.cuh): their size, their refresh from the masters, their rows as float32.
#include "compute_copy.cuh"

#include "compute_copy_arguments.h"

namespace vn {
namespace {

constexpr int block_threads = 256, int8_threads = 128;

template <class T, int N>
__global__ void __launch_bounds__(block_threads) round_master(T* copy, const float* master, int64_t packs) {
  const int64_t i = (int64_t(blockIdx.x) * block_threads + threadIdx.x) * N;
  if (i >= packs * N) return;
  const auto value = Pack<float, N>::load(master + i);
  Pack<T, N> rounded;
  for (int j = 0; j < N; j++) rounded.at[j] = from_float<T>(value.at[j]);
  rounded.store(copy + i);
}

// A block a row.
__global__ void __launch_bounds__(int8_threads)
    quantise_rows(void* copy, const float* master, int64_t rows, int64_t cols) {
  __shared__ float shared[warp_lanes];
  write_int8_row(copy, master, rows, cols, int64_t(blockIdx.x), shared);
}

__global__ void __launch_bounds__(block_threads)
    read_rows(float* out, const void* copy, int64_t rows, int64_t cols, int64_t first, int64_t elements, int dtype) {
  const int64_t i = int64_t(blockIdx.x) * block_threads + threadIdx.x;
  if (i >= elements) return;
  float value[1];
  read_copy(value, copy, rows, cols, first + i / cols, i % cols, dtype);
  out[i] = value[0];
}

}  // namespace
}  // namespace vn

using namespace vn;

int32_t vn_compute_copy_bytes(vn_context* ctx, int64_t* bytes, int64_t rows, int64_t cols, int32_t dtype,
                              int32_t training) {
  VN_TRY(check_copy_bytes(ctx, bytes, rows, cols, dtype));
  switch (dtype) {
    case VN_F32: *bytes = 0; break;
    case VN_I8:  // for decoding: gradients go through masters
      *bytes = training ? 0 : copy_scales_offset(rows, cols) + round_up(rows * int64_t(sizeof(float)), 64);
      break;
    default: *bytes = round_up(rows * cols * 2, 64);
  }
  return VN_OK;
}

int32_t vn_compute_copy_refresh(vn_context* ctx, void* copy, const float* master, int64_t rows, int64_t cols,
                                int32_t dtype) {
  VN_TRY(check_copy_refresh(ctx, copy, master, rows, cols, dtype));
  if (dtype == VN_I8) {
    VN_LAUNCH(ctx, quantise_rows, dim3(unsigned(rows)), dim3(int8_threads), 0, copy, master, rows, cols);
    return VN_OK;
  }
  return for_dtype(ctx, "compute_copy_refresh", "dtype", dtype, [&](auto type) {
    using T = decltype(type);
    return for_pack<float>(rows * cols, {copy, master}, [&](auto pack) -> int32_t {
      const int64_t packs = rows * cols / pack.value;
      VN_LAUNCH(ctx, (round_master<T, pack.value>), dim3(unsigned(ceil_div(packs, block_threads))), dim3(block_threads),
                0, static_cast<T*>(copy), master, packs);
      return VN_OK;
    });
  });
}

int32_t vn_compute_copy_rows(vn_context* ctx, float* out, const void* copy, int64_t rows, int64_t cols, int64_t first,
                             int64_t count, int32_t dtype) {
  VN_TRY(check_copy_rows(ctx, out, copy, rows, cols, first, count, dtype));
  VN_LAUNCH(ctx, read_rows, dim3(unsigned(ceil_div(count * cols, block_threads))), dim3(block_threads), 0, out, copy,
            rows, cols, first, count * cols, dtype);
  return VN_OK;
}

// Compute copies in CUDA: row-major in their type, without padding, as products read them. int8 rows carry a scale,
//   w[row][col] = scale[row] q[row][col],  scale[row] = max |w[row]| / 127,
// and the float32 scales follow the rows, aligned to 64 bytes. Float32 has no copy: its master is read.
#pragma once
#include "context.cuh"

namespace vn {

__host__ __device__ inline int64_t copy_scales_offset(int64_t rows, int64_t cols) {
  return (rows * cols + 63) / 64 * 64;
}
__device__ __forceinline__ const float* copy_scales(const void* copy, int64_t rows, int64_t cols) {
  return reinterpret_cast<const float*>(static_cast<const char*>(copy) + copy_scales_offset(rows, cols));
}

// Elements col .. col + N - 1 of a row of a copy of `dtype`, the same for all threads.
template <int N>
__device__ __forceinline__ void read_copy(float (&out)[N], const void* copy, int64_t rows, int64_t cols, int64_t row,
                                          int64_t col, int dtype) {
  const int64_t at = row * cols + col;
  const auto read = [&](auto type, float scale) {
    using T = decltype(type);
    constexpr int n = N * sizeof(T) <= 16 ? N : 16 / sizeof(T);
    for (int first = 0; first < N; first += n) {
      const auto pack = Pack<T, n>::load(static_cast<const T*>(copy) + at + first);
      for (int j = 0; j < n; j++) {
        if constexpr (sizeof(T) == 1) {
          out[first + j] = float(pack.at[j]) * scale;
        } else {
          out[first + j] = to_float(pack.at[j]);
        }
      }
    }
  };
  switch (dtype) {
    case VN_BF16: return read(bf16{}, 1);
    case VN_F16: return read(f16{}, 1);
    case VN_I8: return read(int8_t{}, copy_scales(copy, rows, cols)[row]);
    default: return read(float{}, 1);
  }
}

// One row of an int8 copy, by all threads of a block of whole warps; `shared` holds 32 floats and is free again.
__device__ __forceinline__ void write_int8_row(void* copy, const float* master, int64_t rows, int64_t cols, int64_t row,
                                               float* shared) {
  const float* from = master + row * cols;
  float most = 0;
  for (int64_t c = threadIdx.x; c < cols; c += blockDim.x) most = fmaxf(most, fabsf(from[c]));
  most = block_max(most, shared);
  const float inverse = most > 0 ? 127 / most : 0;  // a row of zeros has scale 0
  int8_t* to = static_cast<int8_t*>(copy) + row * cols;
  for (int64_t c = threadIdx.x; c < cols; c += blockDim.x) {
    to[c] = int8_t(fminf(127, fmaxf(-127, rintf(from[c] * inverse))));
  }
  if (threadIdx.x == 0) const_cast<float*>(copy_scales(copy, rows, cols))[row] = most / 127;
}

}  // namespace vn

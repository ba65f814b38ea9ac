// Attention's products in float32 for every type, head size and address: a block of 16 x 16 threads multiplies 64 x 64
// rows, each thread 4 x 4 of them, through tiles in shared memory.
#pragma once
#include "attention.cuh"

namespace vn {

constexpr int plain_rows = 64, plain_threads = 256, plain_width = 32, plain_stride = plain_rows + 4;

// One head's rows as float32; q and k are rotated on the way, which rounds nothing.
struct PlainRows {
  const void* data;
  int32_t dtype;
  int64_t first, stride;  // elements
  int b;
  bool rotates;

  __device__ __forceinline__ float at(int64_t i) const {
    switch (dtype) {
      case VN_F32: return static_cast<const float*>(data)[i];
      case VN_BF16: return to_float(static_cast<const bf16*>(data)[i]);
      default: return to_float(static_cast<const f16*>(data)[i]);
    }
  }
  // 0 outside the tensor.
  __device__ __forceinline__ float at(const AttentionCall& a, int t, int c) const {
    if (t >= a.T || c >= a.D) return 0;
    const int64_t row = first + t * stride;
    if (!rotates) return at(row + c);
    return a.rope.rotated(a.position(b, t), c, [&](int i) { return at(row + i); });
  }
};

// Heads packed in rows, [B, T, heads, D].
struct PlainHeads {
  void* data;
  int32_t dtype;
  int heads;

  PlainHeads(const void* data, int32_t dtype, int heads) : data(const_cast<void*>(data)), dtype(dtype), heads(heads) {}

  __device__ __forceinline__ int64_t element(const AttentionCall& a, int b, int t, int h) const {
    return ((int64_t(b) * a.T + t) * heads + h) * a.D;
  }
  __device__ __forceinline__ PlainRows head(const AttentionCall& a, int b, int h, bool rotates = false) const {
    return {data, dtype, element(a, b, 0, h), int64_t(heads) * a.D, b, rotates && a.rope.half > 0};
  }
  __device__ __forceinline__ void store(int64_t i, float x) const {
    switch (dtype) {
      case VN_F32: static_cast<float*>(data)[i] = x; break;
      case VN_BF16: static_cast<bf16*>(data)[i] = from_float<bf16>(x); break;
      default: static_cast<f16*>(data)[i] = from_float<f16>(x);
    }
  }
};

struct PlainTiles {
  union {
    struct {
      float x[plain_width][plain_stride], y[plain_width][plain_stride];  // transposed: [element][row]
    };
    float rows[plain_rows][plain_stride];  // [row][element]
  };
  float p[plain_rows][plain_stride];
};

__device__ __forceinline__ void fetch_columns(const AttentionCall& a, float (&to)[plain_width][plain_stride],
                                              const PlainRows& from, int first, int c0) {
  for (int i = threadIdx.x; i < plain_rows * plain_width; i += plain_threads) {
    to[i % plain_width][i / plain_width] = from.at(a, first + i / plain_width, c0 + i % plain_width);
  }
}

// s[i][j] = row x0 + 4 ty + i of x times row y0 + 4 tx + j of y, tx = thread % 16, ty = thread / 16.
__device__ __forceinline__ void plain_multiply(float (&s)[4][4], const AttentionCall& a, PlainTiles& tiles,
                                               const PlainRows& x, int x0, const PlainRows& y, int y0) {
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  for (int i = 0; i < 4; i++) s[i][0] = s[i][1] = s[i][2] = s[i][3] = 0;
  for (int c0 = 0; c0 < a.D; c0 += plain_width) {
    __syncthreads();
    fetch_columns(a, tiles.x, x, x0, c0);
    fetch_columns(a, tiles.y, y, y0, c0);
    __syncthreads();
#pragma unroll 8
    for (int c = 0; c < plain_width; c++) {
      const auto u = Pack<float, 4>::load(&tiles.x[c][4 * ty]), v = Pack<float, 4>::load(&tiles.y[c][4 * tx]);
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) s[i][j] += u.at[i] * v.at[j];
      }
    }
  }
}

// tiles.p[4 tx + j][4 ty + i] = s[i][j]
__device__ __forceinline__ void plain_keep(PlainTiles& tiles, const float (&s)[4][4]) {
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
#pragma unroll
  for (int j = 0; j < 4; j++) {
    Pack<float, 4>{{s[0][j], s[1][j], s[2][j], s[3][j]}}.store(&tiles.p[4 * tx + j][4 * ty]);
  }
}

// o[k][i][j] += sum over r of p[r][4 ty + i] times element 64 k + 4 tx + j of row y0 + r.
template <int chunks>
__device__ __forceinline__ void plain_multiply_add(float (&o)[chunks][4][4], const AttentionCall& a, PlainTiles& tiles,
                                                   const PlainRows& y, int y0) {
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
#pragma unroll
  for (int k = 0; k < chunks; k++) {
    if (k * 64 >= a.D) continue;
    __syncthreads();
    for (int i = threadIdx.x; i < plain_rows * 64; i += plain_threads) {
      tiles.rows[i / 64][i % 64] = y.at(a, y0 + i / 64, k * 64 + i % 64);
    }
    __syncthreads();
#pragma unroll 8
    for (int r = 0; r < plain_rows; r++) {
      const auto u = Pack<float, 4>::load(&tiles.p[r][4 * ty]), v = Pack<float, 4>::load(&tiles.rows[r][4 * tx]);
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) o[k][i][j] += u.at[i] * v.at[j];
      }
    }
  }
}

// Row i of o, times factor, to the elements of one head from `to` on.
template <int chunks>
__device__ __forceinline__ void plain_store(const PlainHeads& heads, const AttentionCall& a, int64_t to,
                                            const float (&o)[chunks][4][4], int i, float factor) {
  const int tx = threadIdx.x % 16;
#pragma unroll
  for (int k = 0; k < chunks; k++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int c = k * 64 + 4 * tx + j;
      if (c < a.D) heads.store(to + c, o[k][i][j] * factor);
    }
  }
}

// Calls f with the number of accumulators of 64 columns (std::integral_constant).
template <class F>
int32_t for_plain_chunks(int64_t D, const F& f) {
  return D <= 64 ? f(std::integral_constant<int, 1>{}) : f(std::integral_constant<int, most_head_size / 64>{});
}

}  // namespace vn

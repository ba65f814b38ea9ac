// Attention's products on tensor cores: a warp multiplies 16 MB rows, held in registers or in shared memory, with tiles
// of rows in shared memory, and goes on with the result where it lies, in its registers.
//
// A tile is [rows][D] of T without padding; the 16-byte chunks of a row are exchanged so that eight rows at one chunk
// lie in different banks. Head sizes are padded with zeros to D.
//
// Accumulators of mma.sync: lane (g = lane / 4, q = lane % 4) holds of a 16 x 8 block rows g and g + 8, columns 2 q and
// 2 q + 1. Rows of a tile may lie in any order as long as all its readers know it: keys are ordered so that a lane's
// columns (or rows) are four neighbouring keys, which are one draw of dropout.
#pragma once
#include "attention.cuh"

namespace vn {

constexpr int tile_threads = 128, tile_warps = 4;

template <int D>
__device__ __forceinline__ int chunk_at(int row, int chunk) {
  static_assert(D % 32 == 0);
  return row * D + (chunk ^ (D % 64 == 0 ? row % 8 : row / 2 % 4)) * 8;
}

// Rows of one head.
template <class T>
struct HeadRows {
  const T* rows;
  int64_t stride;
};
// Heads packed in rows, [B, T, heads, D].
template <class T>
struct PackedHeads {
  const T* rows;
  int heads;
  __device__ __forceinline__ HeadRows<T> head(const AttentionCall& a, int b, int h) const {
    return {rows + (int64_t(b) * a.T * heads + h) * a.D, int64_t(heads) * a.D};
  }
};

struct InOrder {
  __device__ __forceinline__ int operator()(int row) const { return row; }
};
// Key 4 q + 2 i + r of sixteen becomes column 2 q + r of block i.
struct KeysAsColumns {
  __device__ __forceinline__ int operator()(int key) const {
    return key / 16 * 16 + key / 2 % 2 * 8 + key / 4 % 4 * 2 + key % 2;
  }
};
// Key 2 MB g + 2 m + h of a warp's becomes row g + 8 h of block m.
template <int MB>
struct KeysAsRows {
  static __device__ __forceinline__ int key(int g, int m, int h) { return 2 * MB * g + 2 * m + h; }
  __device__ __forceinline__ int operator()(int key) const {
    constexpr int rows = 16 * MB;
    return key / rows * rows + key / 2 % MB * 16 + key % 2 * 8 + key % rows / (2 * MB);
  }
};

// Starts copying `rows` rows from row `first` on to a tile; zeros past T and past the head's size.
template <int rows, int D, class Slot, class T>
__device__ __forceinline__ void fetch(const AttentionCall& a, T* tile, const HeadRows<T>& from, int first) {
  constexpr int chunks = D / 8;
#pragma unroll
  for (int i = threadIdx.x; i < rows * chunks; i += tile_threads) {
    const int row = i / chunks, chunk = i % chunks, t = first + row;
    const bool is_inside = t < a.T && chunk * 8 < a.D;
    const T* source = from.rows + int64_t(min(t, a.T - 1)) * from.stride + (is_inside ? chunk * 8 : 0);
    cp_async16(tile + chunk_at<D>(Slot()(row), chunk), source, is_inside ? 16 : 0);
  }
}

// 16 MB rows as the first factor of mma.sync: kept in registers, or read from their tile whenever they are needed.
template <class T, int D, int MB, bool is_kept>
struct RowOperand {
  const T* tile;  // where the rows begin
  uint32_t kept[is_kept ? MB : 1][is_kept ? D / 16 : 1][4];

  __device__ __forceinline__ void attach(const T* rows) {
    tile = rows;
    if constexpr (is_kept) {
      for (int m = 0; m < MB; m++) {
        for (int k = 0; k < D / 16; k++) read(kept[m][k], m, k);
      }
    }
  }
  __device__ __forceinline__ void read(uint32_t (&f)[4], int m, int k) const {
    const int lane = threadIdx.x % warp_lanes;
    ldmatrix4<false>(f, tile + chunk_at<D>(m * 16 + lane % 16, 2 * k + lane / 16));
  }

  // s [16 MB, N] = these rows times the N rows of a tile.
  template <int N>
  __device__ __forceinline__ void multiply(float (&s)[MB][N / 8][4], const T* rows) const {
    const int lane = threadIdx.x % warp_lanes;
#pragma unroll
    for (int m = 0; m < MB; m++) {
#pragma unroll
      for (int j = 0; j < N / 8; j++) s[m][j][0] = s[m][j][1] = s[m][j][2] = s[m][j][3] = 0;
    }
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      uint32_t f[MB][4];
#pragma unroll
      for (int m = 0; m < MB; m++) {
        if constexpr (is_kept) {
          for (int i = 0; i < 4; i++) f[m][i] = kept[m][k][i];
        } else {
          read(f[m], m, k);
        }
      }
#pragma unroll
      for (int j = 0; j < N / 16; j++) {
        uint32_t b[4];
        ldmatrix4<false>(b, rows + chunk_at<D>(j * 16 + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
#pragma unroll
        for (int m = 0; m < MB; m++) {
          mma16816<T>(s[m][2 * j], f[m], b[0], b[1]);
          mma16816<T>(s[m][2 * j + 1], f[m], b[2], b[3]);
        }
      }
    }
  }
};

// o [16 MB, D] += p [16 MB, N], rounded to T, times the N rows of a tile.
template <class T, int D, int N, int MB>
__device__ __forceinline__ void multiply_add(float (&o)[MB][D / 8][4], const float (&p)[MB][N / 8][4], const T* rows) {
  const int lane = threadIdx.x % warp_lanes;
#pragma unroll
  for (int k = 0; k < N / 16; k++) {
    uint32_t f[MB][4];
#pragma unroll
    for (int m = 0; m < MB; m++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const auto& block = p[m][2 * k + i / 2];
        f[m][i] = round_pair<T>(block[i % 2 * 2], block[i % 2 * 2 + 1]);
      }
    }
#pragma unroll
    for (int j = 0; j < D / 16; j++) {
      uint32_t b[4];
      ldmatrix4<true>(b, rows + chunk_at<D>(k * 16 + lane % 16, 2 * j + lane / 16));
#pragma unroll
      for (int m = 0; m < MB; m++) {
        mma16816<T>(o[m][2 * j], f[m], b[0], b[1]);
        mma16816<T>(o[m][2 * j + 1], f[m], b[2], b[3]);
      }
    }
  }
}

// Row g + 8 h of block m of o, times factor, as the elements of one head at `to`.
template <class T, int D, int MB>
__device__ __forceinline__ void store_row(T* to, const float (&o)[MB][D / 8][4], int m, int h, float factor, int size) {
  const int column = threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < D / 8; j++) {
    if (j * 8 >= size) break;
    *reinterpret_cast<uint32_t*>(to + j * 8 + column) = round_pair<T>(o[m][j][2 * h] * factor, o[m][j][2 * h + 1] * factor);
  }
}

// Over the four lanes that hold a row.
__device__ __forceinline__ float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(all_lanes, x, 1));
  return fmaxf(x, __shfl_xor_sync(all_lanes, x, 2));
}
__device__ __forceinline__ float row_sum(float x) {
  x += __shfl_xor_sync(all_lanes, x, 1);
  return x + __shfl_xor_sync(all_lanes, x, 2);
}

// Calls f with the head size that tiles are padded to (std::integral_constant).
template <class F>
int32_t for_tile_size(int64_t D, const F& f) {
  if (D <= 64) return f(std::integral_constant<int, 64>{});
  if (D <= 96) return f(std::integral_constant<int, 96>{});
  return f(std::integral_constant<int, 128>{});
}

// Calls f(bf16{}) or f(f16{}).
template <class F>
int32_t for_short_type(int32_t dtype, const F& f) {
  return dtype == VN_BF16 ? f(bf16{}) : f(f16{});
}

}  // namespace vn

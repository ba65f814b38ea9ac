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

// From a lane's chunk 0 or 1 of a row (its place) to chunk 2 k further on: as chunks are exchanged by exclusive or,
// that is one instruction and a constant offset. Tiles are aligned to 128 bytes.
template <int D>
__device__ __forceinline__ SharedAddress move_chunks(SharedAddress place, int k) {
  constexpr int exchanged = D % 64 == 0 ? 4 : 2;
  return (place ^ SharedAddress(k % exchanged * 32)) + SharedAddress(k / exchanged * exchanged * 32);
}
// Of 16 rows of a tile.
template <class T, int D>
constexpr SharedAddress block_bytes = 16 * D * sizeof(T);

// Rows of one head.
template <class T>
struct HeadRows {
  const T* rows;
  int stride;
};
// Heads packed in rows, [B, T, heads, D].
template <class T>
struct PackedHeads {
  const T* rows;
  int heads;
  __device__ __forceinline__ HeadRows<T> head(const AttentionCall& a, int b, int h) const {
    return {rows + (int64_t(b) * a.T * heads + h) * a.D, heads * a.D};
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
#pragma unroll(rows > 32 ? 4 : 1)  // small tiles are those of backward, which has no registers for addresses
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
  SharedAddress place;  // of this lane in the first rows
  uint32_t kept[is_kept ? MB : 1][is_kept ? D / 16 : 1][4];

  __device__ __forceinline__ void attach(const T* rows) {
    const int lane = threadIdx.x % warp_lanes;
    place = shared_address(rows + chunk_at<D>(lane % 16, lane / 16));
    if constexpr (is_kept) {
      for (int m = 0; m < MB; m++) {
        for (int k = 0; k < D / 16; k++) read(kept[m][k], m, k);
      }
    }
  }
  __device__ __forceinline__ void read(uint32_t (&f)[4], int m, int k) const {
    ldmatrix4<false>(f, move_chunks<D>(place, k) + m * block_bytes<T, D>);
  }

  // s [16 MB, N] = these rows times the N rows of a tile.
  template <int N>
  __device__ __forceinline__ void multiply(float (&s)[MB][N / 8][4], const T* rows) const {
    const int lane = threadIdx.x % warp_lanes;
    const SharedAddress columns = shared_address(rows + chunk_at<D>(lane / 16 * 8 + lane % 8, lane / 8 % 2));
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
        ldmatrix4<false>(b, move_chunks<D>(columns, k) + j * block_bytes<T, D>);
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
  const SharedAddress place = shared_address(rows + chunk_at<D>(lane % 16, lane / 16));
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
      ldmatrix4<true>(b, move_chunks<D>(place, j) + k * block_bytes<T, D>);
#pragma unroll
      for (int m = 0; m < MB; m++) {
        mma16816<T>(o[m][2 * j], f[m], b[0], b[1]);
        mma16816<T>(o[m][2 * j + 1], f[m], b[2], b[3]);
      }
    }
  }
}

// p becomes what rounding it to T lost.
template <class T, int N, int MB>
__device__ __forceinline__ void keep_lost(float (&p)[MB][N / 8][4]) {
#pragma unroll
  for (int m = 0; m < MB; m++) {
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
#pragma unroll
      for (int r = 0; r < 4; r++) p[m][j][r] -= to_float(from_float<T>(p[m][j][r]));
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
    const uint32_t pair = round_pair<T>(o[m][j][2 * h] * factor, o[m][j][2 * h + 1] * factor);
    *reinterpret_cast<uint32_t*>(to + j * 8 + column) = pair;
  }
}

// What dropout keeps of a lane's scores is drawn before they are in registers, in a loop of few registers: a word of
// bits.
//
// Of scores with 8 `rows` rows from query t0 on and N columns from key s0 on, ordered as KeysAsColumns, bit kept_bit<N>
// of the row g + 8 i, block j and column 2 q + r.
template <int N>
constexpr int kept_bit(int i, int j, int r) {
  return (i * (N / 16) + j / 2) * 4 + j % 2 * 2 + r;
}
template <int rows, int N>
__device__ __forceinline__ uint64_t kept_of_rows(const AttentionCall& a, int b, int h, int t0, int s0) {
  static_assert(rows * N <= 256);
  if (!a.dropout.draws()) return ~uint64_t(0);
  const int lane = threadIdx.x % warp_lanes, g = lane / 4, q = lane % 4;
  const KeptElements kept(a, b, h);
  uint64_t bits = 0;
#pragma unroll 2
  for (int i = 0; i < rows * (N / 16); i++) {
    bits |= uint64_t(kept.four(t0 + i / (N / 16) * 8 + g, s0 + i % (N / 16) * 16 + 4 * q)) << 4 * i;
  }
  return bits;
}
// Of scores whose 16 MB rows are keys from s0 on, ordered as KeysAsRows, and whose N columns are queries from t0 on,
// bit 8 j + 4 r + 2 m + half of the row g + 8 half of block m, column 2 q + r of block j.
template <int MB, int N>
__device__ __forceinline__ uint32_t kept_of_columns(const AttentionCall& a, int b, int h, int t0, int s0) {
  static_assert(N == 32 && (MB == 1 || MB == 2));
  if (!a.dropout.draws()) return ~0u;
  const int lane = threadIdx.x % warp_lanes, g = lane / 4, q = lane % 4;
  const KeptElements kept(a, b, h);
  uint32_t bits = 0;
  if constexpr (MB == 2) {  // a lane has four neighbouring keys
#pragma unroll 2
    for (int i = 0; i < N / 4; i++) bits |= kept.four(t0 + i / 2 * 8 + 2 * q + i % 2, s0 + 4 * g) << 4 * i;
    return bits;
  } else {  // two lanes do: each draws for one of two queries, and they exchange
    const int mine = g % 2;
#pragma unroll 2
    for (int j = 0; j < N / 8; j++) bits |= kept.four(t0 + j * 8 + 2 * q + mine, s0 + g / 2 * 4) << (8 * j + 4 * mine);
    bits |= __shfl_xor_sync(all_lanes, bits, 4);
    return bits >> 2 * mine;
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

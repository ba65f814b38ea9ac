// What becomes of finished sums (Finish in product.cuh), as every product kernel calls it.
#pragma once
#include "activation.cuh"
#include "product.cuh"

namespace vn {

// Sums of row i from column j on; addresses are multiples of the pack.
template <class T, int N>
__device__ __forceinline__ void finish_as(const Finish& f, int64_t i, int64_t j, const float (&sums)[N]) {
  using P = Pack<T, N>;
  const int64_t at = i * f.ld + j;
  T* const out = static_cast<T*>(f.out) + at;
  P result;
  if (f.x_pre) {
    const P x = P::load(static_cast<const T*>(f.x_pre) + at);
    for (int e = 0; e < N; e++) {
      result.at[e] = from_float<T>(sums[e] * activation_slope(to_float(x.at[e]), f.activation));
    }
  } else {
    for (int e = 0; e < N; e++) result.at[e] = from_float<T>(f.bias ? sums[e] + f.bias[j + e] : sums[e]);
    if (f.pre) result.store(static_cast<T*>(f.pre) + at);
    if (f.activation != VN_NO_ACTIVATION) {
      for (int e = 0; e < N; e++) result.at[e] = from_float<T>(activate(to_float(result.at[e]), f.activation));
    }
    if constexpr (std::is_same_v<T, float>) {
      if (f.accumulate) {
        const P before = P::load(out);
        for (int e = 0; e < N; e++) result.at[e] += before.at[e];
      }
    }
  }
  result.store(out);
}

// T: the type of the output, where it is not float32.
template <class T, int N>
__device__ __forceinline__ void finish_row(const Finish& f, int64_t i, int64_t j, const float (&sums)[N]) {
  if (std::is_same_v<T, float> || f.dtype == VN_F32) return finish_as<float, N>(f, i, j, sums);
  finish_as<T, N>(f, i, j, sums);
}

// ROWS x COLUMNS sums in shared memory, by the whole block: neighbouring threads store neighbouring packs, and the code
// above is there once and not for every register that holds a sum. Lines have 8 floats between them, so that a warp's
// fragments of a matrix product fall into different banks.
constexpr int finish_pack = 4;
template <int ROWS, int COLUMNS>
struct SumTile {
  float at[ROWS][COLUMNS + 8];

  template <class T>
  __device__ __forceinline__ void finish(const Finish& f, int64_t row0, int64_t column0, int64_t m, int64_t n,
                                         bool packs) const {
#pragma unroll 1
    for (int i = threadIdx.x; i < ROWS * (COLUMNS / finish_pack); i += blockDim.x) {
      const int row = i / (COLUMNS / finish_pack), column = i % (COLUMNS / finish_pack) * finish_pack;
      if (row0 + row >= m) continue;
      if (packs && column0 + column + finish_pack <= n) {
        const auto sums = Pack<float, finish_pack>::load(&at[row][column]);
        finish_row<T, finish_pack>(f, row0 + row, column0 + column, sums.at);
      } else {
#pragma unroll 1
        for (int j = column; j < column + finish_pack && column0 + j < n; j++) {
          finish_row<T, 1>(f, row0 + row, column0 + j, {at[row][j]});
        }
      }
    }
  }
};

// Whether packs of `count` elements may be stored.
inline bool allows_packs(const Finish& f, int count) {
  const uintptr_t bytes = uintptr_t(count * storage_bytes(f.dtype));
  bool aligned = f.ld % count == 0;
  for (const void* p : {static_cast<const void*>(f.out), static_cast<const void*>(f.pre), f.x_pre}) {
    aligned = aligned && reinterpret_cast<uintptr_t>(p) % bytes == 0;
  }
  return aligned;
}

}  // namespace vn

// Sums over the rows of a matrix: out[c] (+)= sum_r x[r, c], float32, in a fixed order. The rows are cut into slices by
// their number alone; each slice's sums go to a slot, and the slots, a matrix themselves, are added likewise.
#pragma once
#include "context.cuh"

namespace vn {

constexpr int sum_warps = 8, sum_threads = sum_warps * warp_lanes;
constexpr int64_t most_slices = 128, least_slice_rows = 64;

inline int64_t slice_rows_of(int64_t rows) { return std::max(least_slice_rows, ceil_div(rows, most_slices)); }

// Floats of workspace for the slots.
inline int64_t column_sums_floats(int64_t rows, int64_t C) {
  const int64_t slices = ceil_div(rows, slice_rows_of(rows));
  return slices > 1 ? slices * C : 0;
}

// A block sums one slice of rows (blockIdx.y) over the columns of its lanes' packs. Warps take rows in turn; their sums are
// added in order.
template <class T, int N>
__global__ void __launch_bounds__(sum_threads)
    sum_rows(float* out, const T* x, int64_t rows, int64_t C, int64_t slice_rows, bool accumulate) {
  __shared__ float sums[sum_warps][warp_lanes * N];
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes;
  const int64_t c = (int64_t(blockIdx.x) * warp_lanes + lane) * N;
  const int64_t begin = int64_t(blockIdx.y) * slice_rows, end = min(rows, begin + slice_rows);
  float sum[N] = {};
  if (c < C) {
    for (int64_t row = begin + warp; row < end; row += sum_warps) {
      const auto pack = Pack<T, N>::load(x + row * C + c);
      for (int j = 0; j < N; j++) sum[j] += to_float(pack.at[j]);
    }
  }
  for (int j = 0; j < N; j++) sums[warp][lane * N + j] = sum[j];
  __syncthreads();
  for (int i = int(threadIdx.x); i < warp_lanes * N; i += sum_threads) {
    const int64_t column = int64_t(blockIdx.x) * warp_lanes * N + i;
    if (column >= C) continue;
    float* to = out + int64_t(blockIdx.y) * C + column;
    float total = accumulate ? *to : 0;
    for (int w = 0; w < sum_warps; w++) total += sums[w][i];
    *to = total;
  }
}

// `slots` holds column_sums_floats(rows, C) floats.
template <class T>
int32_t column_sums(vn_context* ctx, float* out, const T* x, int64_t rows, int64_t C, bool accumulate, float* slots) {
  const int64_t slice_rows = slice_rows_of(rows), slices = std::max<int64_t>(1, ceil_div(rows, slice_rows));
  const auto launch = [&](auto* from, float* to, int64_t count, int64_t part, int64_t parts, bool add) -> int32_t {
    using From = std::remove_cvref_t<decltype(*from)>;
    return for_pack<From>(C, {from}, [&](auto pack) -> int32_t {
      const dim3 grid(unsigned(ceil_div(C, warp_lanes * pack.value)), unsigned(parts));
      VN_LAUNCH(ctx, (sum_rows<From, pack.value>), grid, dim3(sum_threads), 0, to, from, count, C, part, add);
      return VN_OK;
    });
  };
  if (slices == 1) return launch(x, out, rows, slice_rows, 1, accumulate);
  VN_TRY(launch(x, slots, rows, slice_rows, slices, false));
  return launch(static_cast<const float*>(slots), out, slices, slices, 1, accumulate);
}

}  // namespace vn

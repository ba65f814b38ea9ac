// Products of a few rows with a weight, as in decoding: out[r, j] = x[r] . w[j]. Weights are read once from memory, in
// the type they are stored in (float32 masters or a copy in bf16, f16, int8), and that read is the whole cost.
//
// A warp takes a line of W, 256 elements at a time, eight a lane; x comes from cache. Where there are few lines, four
// warps share one and their sums are added in order, so that enough reads are under way. The order of a sum follows
// from N and K alone: a row has the same bits however many rows come with it.
#include "finish.cuh"

namespace vn {
namespace {

constexpr int warps = 4;                 // in a block
constexpr int part = 8;                  // elements a lane takes at a time
constexpr int64_t most_rows = 8;
constexpr int64_t lines_enough = 8192;   // warps that keep a large GPU's memory busy

// Eight elements, as floats.
template <class T>
__device__ __forceinline__ void load_part(float (&v)[part], const T* p) {
  constexpr int n = sizeof(T) == 1 ? part : 16 / sizeof(T);
  for (int i = 0; i < part; i += n) {
    const Pack<T, n> pack = Pack<T, n>::load(p + i);
    for (int e = 0; e < n; e++) {
      if constexpr (sizeof(T) == 1) v[i + e] = float(pack.at[e]);
      else v[i + e] = to_float(pack.at[e]);
    }
  }
}
__device__ __forceinline__ void load_part(float (&v)[part], const Matrix& x, int64_t at) {
  switch (x.dtype) {
    case VN_BF16: return load_part(v, static_cast<const bf16*>(x.data) + at);
    case VN_F16: return load_part(v, static_cast<const f16*>(x.data) + at);
    default: return load_part(v, static_cast<const float*>(x.data) + at);
  }
}

template <class W, int ROWS>
__global__ void __launch_bounds__(warps * warp_lanes) streamed_product(Finish finish, Matrix x, Matrix w, int rows,
                                                                       int64_t n, int64_t k, int warps_a_line) {
  __shared__ float shared[warps][ROWS];
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes;
  const int64_t line = int64_t(blockIdx.x) * (warps / warps_a_line) + warp / warps_a_line;
  const bool inside = line < n;
  float sums[ROWS] = {};
  if (inside) {
    const W* const from = static_cast<const W*>(w.data) + line * w.ld;
    const int64_t stride = int64_t(warps_a_line) * warp_lanes * part;
#pragma unroll 2
    for (int64_t j = (warp % warps_a_line * warp_lanes + lane) * part; j < k; j += stride) {
      float wv[part], xv[part];
      load_part(wv, from + j);
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        if (r >= rows) continue;
        load_part(xv, x, r * x.ld + j);
        for (int e = 0; e < part; e++) sums[r] = fmaf(wv[e], xv[e], sums[r]);
      }
    }
  }
  const float scale = inside && w.scales ? w.scales[line] : 1;
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    sums[r] = warp_sum(sums[r]) * scale;
    if (lane == 0) shared[warp][r] = sums[r];
  }
  __syncthreads();
  if (inside && warp % warps_a_line == 0 && lane < rows) {
    float sum = 0;
    for (int i = 0; i < warps_a_line; i++) sum += shared[warp + i][lane];
    switch (finish.dtype) {
      case VN_BF16: return finish_as<bf16, 1>(finish, lane, line, {sum});
      case VN_F16: return finish_as<f16, 1>(finish, lane, line, {sum});
      default: return finish_as<float, 1>(finish, lane, line, {sum});
    }
  }
}

template <class W>
int32_t launch(vn_context* ctx, const Product& p) {
  const int warps_a_line = p.n >= lines_enough ? 1 : warps;
  const dim3 grid(unsigned(ceil_div(p.n, warps / warps_a_line)));
  const int rows = int(p.m);
  if (rows == 1) {
    VN_LAUNCH(ctx, (streamed_product<W, 1>), grid, warps * warp_lanes, 0, p.finish, p.a, p.b, rows, p.n, p.k,
              warps_a_line);
  } else {
    VN_LAUNCH(ctx, (streamed_product<W, most_rows>), grid, warps * warp_lanes, 0, p.finish, p.a, p.b, rows, p.n, p.k,
              warps_a_line);
  }
  return VN_OK;
}

}  // namespace

bool can_stream(const Product& p) {
  return p.m <= most_rows && p.k % part == 0 && !p.a.by_columns && p.b.by_columns && p.a.dtype != VN_I8 &&
         has_aligned_lines(p.a) && (p.b.dtype == VN_I8
                                        ? reinterpret_cast<uintptr_t>(p.b.data) % part == 0 && p.b.ld % part == 0
                                        : has_aligned_lines(p.b));
}

int32_t multiply_streamed(vn_context* ctx, const Product& p) {
  switch (p.b.dtype) {
    case VN_BF16: return launch<bf16>(ctx, p);
    case VN_F16: return launch<f16>(ctx, p);
    case VN_I8: return launch<int8_t>(ctx, p);
    default: return launch<float>(ctx, p);
  }
}

}  // namespace vn

// Products by float32 multiply-adds: any types, sizes and addresses, and float32 at speed.
//
// A block computes a tile of the output from strips of both operands in shared memory, stored [k, outer] so that a
// thread reads its rows and columns as neighbours. `fast_product` takes float32 with aligned lines: tiles of 128 x 128,
// 8 x 8 sums a thread, the next strip on its way in registers meanwhile. `any_product` converts each element as it
// comes (a weight may be a float32 master or a copy in bf16, f16 or int8 with a scale a row) and looks at every edge.
// Every sum goes along k in order.
#include "finish.cuh"

namespace vn {
namespace {

constexpr int threads = 256;

struct Operand {
  Matrix matrix;
  int64_t outer, k;  // outer: rows of A, columns of B
  bool k_contiguous;
};

// ---- float32, aligned ----------------------------------------------------------------------------------------------

constexpr int fast_tile = 128, fast_strip = 8;

// One float4 a thread of a strip; zeros beyond the edges.
template <bool K_CONTIGUOUS>
struct FastStrip {
  // (outer, k) of this thread's first float.
  static __device__ __forceinline__ int outer() {
    return K_CONTIGUOUS ? threadIdx.x / (fast_strip / 4) : threadIdx.x % (fast_tile / 4) * 4;
  }
  static __device__ __forceinline__ int k() {
    return K_CONTIGUOUS ? threadIdx.x % (fast_strip / 4) * 4 : threadIdx.x / (fast_tile / 4);
  }
  static __device__ __forceinline__ Pack<float, 4> fetch(const Operand& from, int64_t outer0, int64_t k0) {
    const int64_t o = outer0 + outer(), j = k0 + k();
    Pack<float, 4> v{};
    if (o >= from.outer || j >= from.k) return v;
    const float* p = static_cast<const float*>(from.matrix.data) + (K_CONTIGUOUS ? o * from.matrix.ld + j
                                                                                 : j * from.matrix.ld + o);
    const int64_t left = K_CONTIGUOUS ? from.k - j : from.outer - o;
    if (left >= 4) return Pack<float, 4>::load(p);
    for (int e = 0; e < 3; e++) v.at[e] = e < left ? p[e] : 0;
    return v;
  }
  static __device__ __forceinline__ void store(float (*shared)[fast_tile + 4], const Pack<float, 4>& v) {
    if constexpr (K_CONTIGUOUS) {
      for (int e = 0; e < 4; e++) shared[k() + e][outer()] = v.at[e];
    } else {
      v.store(&shared[k()][outer()]);
    }
  }
};

template <bool A_K, bool B_K>
__global__ void __launch_bounds__(threads, 2) fast_product(Finish finish, Operand a, Operand b, unsigned column_tiles,
                                                           bool packs) {
  // Two strips of each operand, then half of the sums.
  using Strips = float[2][fast_strip][fast_tile + 4];
  using Sums = SumTile<fast_tile / 2, fast_tile>;
  static_assert(sizeof(Sums) >= 2 * sizeof(Strips));
  __shared__ __align__(16) unsigned char shared[sizeof(Sums)];
  Strips& sa = *reinterpret_cast<Strips*>(shared);
  Strips& sb = *reinterpret_cast<Strips*>(shared + sizeof(Strips));
  const int64_t row0 = int64_t(blockIdx.x / column_tiles) * fast_tile;
  const int64_t column0 = int64_t(blockIdx.x % column_tiles) * fast_tile;
  const int strips = int(ceil_div(a.k, fast_strip));
  // A thread's rows are 4 neighbours, and 4 more 64 further on; columns likewise: reads of shared memory spread.
  const int m0 = threadIdx.x / 16 * 4, n0 = threadIdx.x % 16 * 4;
  float sums[8][8] = {};
  if (strips > 0) {
    FastStrip<A_K>::store(sa[0], FastStrip<A_K>::fetch(a, row0, 0));
    FastStrip<B_K>::store(sb[0], FastStrip<B_K>::fetch(b, column0, 0));
  }
  __syncthreads();
  for (int s = 0; s < strips; s++) {
    const bool more = s + 1 < strips;
    Pack<float, 4> next_a{}, next_b{};
    if (more) {
      next_a = FastStrip<A_K>::fetch(a, row0, int64_t(s + 1) * fast_strip);
      next_b = FastStrip<B_K>::fetch(b, column0, int64_t(s + 1) * fast_strip);
    }
#pragma unroll
    for (int k = 0; k < fast_strip; k++) {
      const float *pa = sa[s % 2][k], *pb = sb[s % 2][k];
      const Pack<float, 4> a0 = Pack<float, 4>::load(pa + m0), a1 = Pack<float, 4>::load(pa + m0 + 64);
      const Pack<float, 4> b0 = Pack<float, 4>::load(pb + n0), b1 = Pack<float, 4>::load(pb + n0 + 64);
#pragma unroll
      for (int i = 0; i < 8; i++) {
        const float x = i < 4 ? a0.at[i % 4] : a1.at[i % 4];
#pragma unroll
        for (int j = 0; j < 8; j++) sums[i][j] = fmaf(x, j < 4 ? b0.at[j % 4] : b1.at[j % 4], sums[i][j]);
      }
    }
    if (more) {
      FastStrip<A_K>::store(sa[(s + 1) % 2], next_a);
      FastStrip<B_K>::store(sb[(s + 1) % 2], next_b);
    }
    __syncthreads();
  }
  Sums& tile = *reinterpret_cast<Sums*>(shared);
#pragma unroll 1
  for (int half = 0; half < 2; half++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
      for (int j = 0; j < 8; j++) {
        tile.at[m0 + i][n0 + j % 4 + j / 4 * 64] = half == 0 ? sums[i][j] : sums[i + 4][j];
      }
    }
    __syncthreads();
    tile.template finish<float>(finish, row0 + half * 64, column0, a.outer, b.outer, packs);
    __syncthreads();
  }
}

template <bool A_K, bool B_K>
int32_t launch_fast(vn_context* ctx, const Product& p, const Operand& a, const Operand& b) {
  const int64_t row_tiles = ceil_div(p.m, fast_tile), column_tiles = ceil_div(p.n, fast_tile);
  VN_LAUNCH(ctx, (fast_product<A_K, B_K>), dim3(unsigned(row_tiles * column_tiles)), threads, 0, p.finish, a, b,
            unsigned(column_tiles), allows_packs(p.finish, finish_pack));
  return VN_OK;
}

// ---- everything ----------------------------------------------------------------------------------------------------

constexpr int any_tile = 64, any_strip = 16;

__device__ __forceinline__ float element(const Matrix& x, int64_t line, int64_t i) {
  const int64_t at = line * x.ld + i;
  switch (x.dtype) {
    case VN_BF16: return to_float(static_cast<const bf16*>(x.data)[at]);
    case VN_F16: return to_float(static_cast<const f16*>(x.data)[at]);
    case VN_I8: return float(static_cast<const int8_t*>(x.data)[at]) * x.scales[line];
    default: return static_cast<const float*>(x.data)[at];
  }
}

__device__ __forceinline__ void fetch_any(float (*shared)[any_tile + 1], const Operand& from, int64_t outer0,
                                          int64_t k0) {
  for (int i = threadIdx.x; i < any_tile * any_strip; i += threads) {
    // Neighbouring threads read neighbouring elements.
    const int o = from.k_contiguous ? i / any_strip : i % any_tile;
    const int k = from.k_contiguous ? i % any_strip : i / any_tile;
    const int64_t outer = outer0 + o, along = k0 + k;
    float v = 0;
    if (outer < from.outer && along < from.k) {
      v = from.k_contiguous ? element(from.matrix, outer, along) : element(from.matrix, along, outer);
    }
    shared[k][o] = v;
  }
}

// T: the type of the output.
template <class T>
__global__ void __launch_bounds__(threads) any_product(Finish finish, Operand a, Operand b, unsigned column_tiles,
                                                       bool packs) {
  // A strip of each operand, then the sums.
  using Strip = float[any_strip][any_tile + 1];
  using Sums = SumTile<any_tile, any_tile>;
  static_assert(sizeof(Sums) >= 2 * sizeof(Strip));
  __shared__ __align__(16) unsigned char shared[sizeof(Sums)];
  Strip& sa = *reinterpret_cast<Strip*>(shared);
  Strip& sb = *reinterpret_cast<Strip*>(shared + sizeof(Strip));
  const int64_t row0 = int64_t(blockIdx.x / column_tiles) * any_tile;
  const int64_t column0 = int64_t(blockIdx.x % column_tiles) * any_tile;
  const int m0 = threadIdx.x / 16, n0 = threadIdx.x % 16;
  float sums[4][4] = {};
  for (int64_t k0 = 0; k0 < a.k; k0 += any_strip) {
    fetch_any(sa, a, row0, k0);
    fetch_any(sb, b, column0, k0);
    __syncthreads();
#pragma unroll
    for (int k = 0; k < any_strip; k++) {
      float x[4], y[4];
#pragma unroll
      for (int i = 0; i < 4; i++) x[i] = sa[k][m0 + 16 * i];
#pragma unroll
      for (int j = 0; j < 4; j++) y[j] = sb[k][n0 + 16 * j];
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
      }
    }
    __syncthreads();
  }
  Sums& tile = *reinterpret_cast<Sums*>(shared);
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) tile.at[m0 + 16 * i][n0 + 16 * j] = sums[i][j];
  }
  __syncthreads();
  tile.template finish<T>(finish, row0, column0, a.outer, b.outer, packs);
}

}  // namespace

int32_t multiply_fma(vn_context* ctx, const Product& p) {
  const Operand a{p.a, p.m, p.k, !p.a.by_columns}, b{p.b, p.n, p.k, p.b.by_columns};
  const bool floats = p.a.dtype == VN_F32 && p.b.dtype == VN_F32 && p.finish.dtype == VN_F32;
  const bool small = p.m < fast_tile / 2 || p.n < fast_tile / 2;
  if (floats && !small && !(p.a.by_columns && p.b.by_columns) && has_aligned_lines(p.a) && has_aligned_lines(p.b)) {
    if (p.a.by_columns) return launch_fast<false, false>(ctx, p, a, b);
    return p.b.by_columns ? launch_fast<true, true>(ctx, p, a, b) : launch_fast<true, false>(ctx, p, a, b);
  }
  const int64_t row_tiles = ceil_div(p.m, any_tile), column_tiles = ceil_div(p.n, any_tile);
  return for_dtype(ctx, "product", "dtype", p.finish.dtype, [&](auto type) -> int32_t {
    VN_LAUNCH(ctx, any_product<decltype(type)>, dim3(unsigned(row_tiles * column_tiles)), threads, 0, p.finish, a, b,
              unsigned(column_tiles), allows_packs(p.finish, finish_pack));
    return VN_OK;
  });
}

}  // namespace vn

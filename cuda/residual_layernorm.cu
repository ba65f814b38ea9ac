// Residual sum and layer normalisation over the last axis (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
//
//   forward    s = residual + dropout(x)          (stored; what follows reads it as stored)
//              mu = mean_c s,   r = (var_c s + eps)^(-1/2),   n = (s - mu) r,   out = n g + b
//   backward   db = sum dout,   dg = sum dout n   (sums over rows)
//              ds = r (h - mean_c h - n mean_c(h n)),   h = dout g
//              dresidual (+)= ds,   dx = dropout(dresidual)   (the same mask)
//
// layernorm1p stores g - 1. Statistics in float32, two passes. A row is read once and kept in registers, by a warp up to
// 1,024 columns and by a block of eight warps up to 8,192 (forward; backward reads it twice); wider rows, and those that are
// no whole packs, are read again for each pass. dg and db are summed in each block's registers over the rows it takes, whose number depends on `rows`
// alone, into slots that are added in order.
#include "column_sums.cuh"
#include "dropout.cuh"
#include "residual_layernorm_arguments.h"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int packs_a_lane = 8, wide_warps = 8, narrow_rows = 4;  // rows of a block, a warp each
constexpr int64_t most_slots = 256;

template <class R, class T>  // residual and activation types
struct LayerNorm {
  R* sum;
  T* out;
  float *mean, *rstd;
  const R* residual;
  const T* x;
  const float *weight, *bias;
  int64_t rows, T_, C;
  float eps, weight_offset;
  DropoutSite dropout;
};

template <class R, class T>
struct LayerNormGradient {
  R* dresidual;
  T* dx;
  float* slots;  // [slots, 2, C]
  const T* dout;
  const R* sum;
  const float *mean, *rstd, *weight;
  int64_t rows, T_, C;
  float weight_offset;
  bool add_residual;
  DropoutSite dropout;
};

// How a block's threads share rows: WARPS warps take one together. A lane has packs of N columns, PACKS of them kept in
// registers; in the plain layout N is 1 and nothing is kept.
template <int WARPS, int N_, int PACKS>
struct Layout {
  static constexpr int N = N_, packs = PACKS;
  static constexpr int rows = WARPS == 1 ? narrow_rows : 1;  // at a time
  static constexpr int row_threads = WARPS * warp_lanes, threads = rows * row_threads;

  static __device__ int thread() { return int(threadIdx.x) % row_threads; }
  static __device__ int64_t column(int k) { return (int64_t(k) * row_threads + thread()) * N; }  // of a kept pack
  static __device__ int64_t row() { return int64_t(threadIdx.x) / row_threads; }  // of those at a time
  static __device__ float2 sums(float a, float b, float* shared) {
    if constexpr (WARPS == 1) {
      return make_float2(warp_sum(a), warp_sum(b));
    } else {
      return block_sums(a, b, shared);
    }
  }
  // f(pack index, column): unrolled, so that what is indexed by it stays in registers.
  template <class F>
  static __device__ __forceinline__ void for_packs(int64_t C, const F& f) {
    if constexpr (PACKS > 0) {
#pragma unroll
      for (int k = 0; k < PACKS; k++) {
        const int64_t c = column(k);
        if (c < C) f(k, c);
      }
    } else {
      for (int64_t c = thread(); c < C; c += row_threads) f(0, c);
    }
  }
};

using Narrow = Layout<1, 4, packs_a_lane>;
using Wide = Layout<wide_warps, 4, packs_a_lane>;
using Plain = Layout<wide_warps, 1, 0>;

// What a row's dropout keeps of this thread's columns: a bit each where packs are kept in registers, drawn when asked
// for where they are not.
template <class L>
struct RowMask {
  const DropoutSite& dropout;
  uint64_t sample, first;  // element of column 0
  uint32_t bits = ~0u;

  __device__ RowMask(const DropoutSite& dropout, int64_t row, int64_t T, int64_t C)
      : dropout(dropout), sample(uint64_t(row / T)), first(uint64_t(row % T * C)) {
    static_assert(L::packs * L::N <= 32);
    if (L::packs == 0 || !dropout.draws()) return;
    bits = 0;
#pragma unroll 1
    for (int k = 0; k < L::packs; k++) {
      const int64_t c = L::column(k);
      if (c < C) bits |= dropout.kept(sample, (first + c) / 4) << k * L::N;
    }
  }
  __device__ __forceinline__ float factor(int k, int j, int64_t c) const {
    if (!dropout.draws()) return 1;
    if constexpr (L::packs == 0) {
      return dropout.factor(sample, first + c);
    } else {
      return bits >> (k * L::N + j) & 1 ? dropout.scale : 0;
    }
  }
};

// residual + dropout(x) of a pack, stored and as stored; without x the residual.
template <class L, class R, class T>
__device__ __forceinline__ Pack<float, L::N> summed(const LayerNorm<R, T>& a, const RowMask<L>& mask, int64_t row, int k,
                                                   int64_t c) {
  constexpr int N = L::N;
  const int64_t at = row * a.C + c;
  const auto residual = Pack<R, N>::load(a.residual + at);
  Pack<float, N> out;
  if (!a.x) {
    for (int j = 0; j < N; j++) out.at[j] = to_float(residual.at[j]);
    return out;
  }
  const auto x = Pack<T, N>::load(a.x + at);
  Pack<R, N> stored;
  for (int j = 0; j < N; j++) {
    stored.at[j] = from_float<R>(fmaf(mask.factor(k, j, c), to_float(x.at[j]), to_float(residual.at[j])));
    out.at[j] = to_float(stored.at[j]);
  }
  stored.store(a.sum + at);
  return out;
}

template <class L, class R, class T>
__global__ void __launch_bounds__(L::threads, 4) forward(const LayerNorm<R, T> a) {
  constexpr int N = L::N;
  __shared__ float shared[2 * warp_lanes];
  const int64_t row = int64_t(blockIdx.x) * L::rows + L::row();
  const bool inside = row < a.rows;
  const int64_t C = inside ? a.C : 0;  // a warp without a row takes part in barriers alone
  const RowMask<L> mask(a.dropout, row, a.T_, C);
  Pack<float, N> kept[L::packs > 0 ? L::packs : 1];
  float s = 0;
  L::for_packs(C, [&](int k, int64_t c) {
    const auto pack = summed<L>(a, mask, row, k, c);
    for (int j = 0; j < N; j++) s += pack.at[j];
    if constexpr (L::packs > 0) kept[k] = pack;
  });
  const R* stored = a.x ? a.sum : a.residual;
  // Where nothing is kept, a thread reads again what it wrote itself.
  const auto again = [&](int k, int64_t c) {
    if constexpr (L::packs > 0) {
      return kept[k];
    } else {
      Pack<float, N> pack;
      for (int j = 0; j < N; j++) pack.at[j] = to_float(stored[row * a.C + c + j]);
      return pack;
    }
  };
  const float mu = L::sums(s, 0, shared).x / float(a.C);
  float squares = 0;
  L::for_packs(C, [&](int k, int64_t c) {
    const auto pack = again(k, c);
    for (int j = 0; j < N; j++) squares += (pack.at[j] - mu) * (pack.at[j] - mu);
  });
  const float r = 1 / sqrtf(L::sums(squares, 0, shared).x / float(a.C) + a.eps);
  if (!a.out || !inside) return;
  L::for_packs(C, [&](int k, int64_t c) {
    const auto pack = again(k, c);
    const auto weight = Pack<float, N>::load(a.weight + c);
    Pack<float, N> bias = {};
    if (a.bias) bias = Pack<float, N>::load(a.bias + c);
    Pack<T, N> out;
    for (int j = 0; j < N; j++) {
      out.at[j] = from_float<T>(fmaf((pack.at[j] - mu) * r, weight.at[j] + a.weight_offset, bias.at[j]));
    }
    out.store(a.out + row * a.C + c);
  });
  if (L::thread() == 0) {
    a.mean[row] = mu;
    a.rstd[row] = r;
  }
}

// A block takes rows blockIdx.x * L::rows + L::row(), then gridDim.x * L::rows further, and keeps its columns' dg and db.
template <class L, class R, class T>
__global__ void __launch_bounds__(L::threads, 256 / L::threads) backward(const LayerNormGradient<R, T> a) {
  constexpr int N = L::N;
  constexpr bool keeps = L::packs > 0;
  __shared__ float shared[2 * warp_lanes];
  Pack<float, N> dweight[keeps ? L::packs : 1] = {}, dbias[keeps ? L::packs : 1] = {};
  float* slot = a.slots + int64_t(blockIdx.x) * 2 * a.C;
  if constexpr (!keeps) {
    L::for_packs(a.C, [&](int, int64_t c) { slot[c] = slot[a.C + c] = 0; });  // a column has one thread
  }
  const int64_t step = int64_t(gridDim.x) * L::rows;
  for (int64_t first = int64_t(blockIdx.x) * L::rows; first < a.rows; first += step) {
    const int64_t row = first + L::row();
    const int64_t C = row < a.rows ? a.C : 0;
    const float mu = C ? a.mean[row] : 0, r = C ? a.rstd[row] : 0;
    float h_sum = 0, hn_sum = 0;
    L::for_packs(C, [&](int k, int64_t c) {
      const auto d = Pack<T, N>::load(a.dout + row * a.C + c);
      const auto x = Pack<R, N>::load(a.sum + row * a.C + c);
      const auto weight = Pack<float, N>::load(a.weight + c);
      for (int j = 0; j < N; j++) {
        const float g = to_float(d.at[j]), normal = (to_float(x.at[j]) - mu) * r;
        const float h = g * (weight.at[j] + a.weight_offset);
        h_sum += h;
        hn_sum = fmaf(h, normal, hn_sum);
        if constexpr (keeps) {
          dweight[k].at[j] = fmaf(g, normal, dweight[k].at[j]);
          dbias[k].at[j] += g;
        } else {
          slot[c + j] = fmaf(g, normal, slot[c + j]);
          slot[a.C + c + j] += g;
        }
      }
    });
    const float2 sums = L::sums(h_sum, hn_sum, shared);
    const float h_mean = sums.x / float(a.C), hn_mean = sums.y / float(a.C);
    const RowMask<L> mask(a.dropout, row, a.T_, C);
    L::for_packs(C, [&](int k, int64_t c) {
      const int64_t at = row * a.C + c;
      const auto d = Pack<T, N>::load(a.dout + at);  // from the cache: kept in registers they would leave room for few rows
      const auto x = Pack<R, N>::load(a.sum + at);
      const auto weight = Pack<float, N>::load(a.weight + c);
      Pack<R, N> dresidual = {};
      if (a.add_residual) dresidual = Pack<R, N>::load(a.dresidual + at);
      Pack<T, N> dx;
      for (int j = 0; j < N; j++) {
        const float normal = (to_float(x.at[j]) - mu) * r, h = to_float(d.at[j]) * (weight.at[j] + a.weight_offset);
        float ds = r * fmaf(-normal, hn_mean, h - h_mean);
        if (a.add_residual) ds += to_float(dresidual.at[j]);
        dresidual.at[j] = from_float<R>(ds);
        dx.at[j] = from_float<T>(ds * mask.factor(k, j, c));
      }
      dresidual.store(a.dresidual + at);
      if (a.dx) dx.store(a.dx + at);
    });
  }
  if constexpr (keeps) {  // the warps of a block that had rows of their own add theirs one after the other
    for (int64_t warp = 0; warp < L::rows; warp++) {
      if (L::row() == warp) {
        L::for_packs(a.C, [&](int k, int64_t c) {
          for (int j = 0; j < N; j++) {
            slot[c + j] = dweight[k].at[j] + (warp > 0 ? slot[c + j] : 0);
            slot[a.C + c + j] = dbias[k].at[j] + (warp > 0 ? slot[a.C + c + j] : 0);
          }
        });
      }
      __syncthreads();
    }
  }
}

// Calls f with the layout for rows of C columns at these addresses.
template <class F>
int32_t for_layout(int64_t C, std::initializer_list<const void*> addresses, const F& f) {
  return for_pack<float>(C, addresses, [&](auto pack) -> int32_t {
    constexpr int64_t narrow = packs_a_lane * warp_lanes * 4;
    if (pack.value == 1 || C > narrow * wide_warps) return f(Plain{});
    return C <= narrow ? f(Narrow{}) : f(Wide{});
  });
}

// Calls f(R{}, T{}); the residual stream is float32 or of the activations' type.
template <class F>
int32_t for_types(vn_context* ctx, const char* operation, int32_t dtype, int32_t residual_dtype, const F& f) {
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    if (residual_dtype == VN_F32) return f(float{}, T{});
    if (residual_dtype == dtype) return f(T{}, T{});
    if (!is_storage(residual_dtype)) return refuse_dtype(ctx, operation, "residual_dtype", residual_dtype, "CUDA");
    return fail(ctx, VN_UNSUPPORTED, "%s: residual_dtype is %d and dtype %d; the CUDA backend takes 0 (f32) or the same",
                operation, residual_dtype, dtype);
  });
}

int64_t slots_of(int64_t rows) { return std::clamp<int64_t>(ceil_div(rows, 2 * narrow_rows), 1, most_slots); }

struct Buffers {
  float *slots, *sums;
  Buffers(Scratch& scratch, int64_t rows, int64_t C)
      : slots(scratch.take<float>(slots_of(rows) * 2 * C)), sums(scratch.take<float>(2 * C)) {}
};

// (+)= the halves of [2, C]; either may be null.
__global__ void __launch_bounds__(sum_threads)
    add_halves(float* dweight, float* dbias, const float* sums, int64_t C, bool accumulate) {
  const int64_t c = int64_t(blockIdx.x) * sum_threads + threadIdx.x;
  if (c >= C) return;
  if (dweight) dweight[c] = sums[c] + (accumulate ? dweight[c] : 0);
  if (dbias) dbias[c] = sums[C + c] + (accumulate ? dbias[c] : 0);
}

}  // namespace

int64_t residual_layernorm_scratch_bytes(const vn_sizes& sizes) {
  Scratch scratch;
  if (sizes.training) Buffers(scratch, sizes.rows, sizes.C);
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_residual_layernorm_forward(vn_context* ctx, void* sum, void* out, float* mean, float* rstd,
                                      const void* residual, const void* x, const float* weight, const float* bias,
                                      int64_t rows, int64_t T, int64_t C, float eps, int32_t norm, int32_t site,
                                      float dropout, int32_t dtype, int32_t residual_dtype) {
  const char* operation = "residual_layernorm_forward";
  VN_TRY(check_residual_layernorm_forward(ctx, sum, out, mean, rstd, residual, x, weight, rows, T, C, eps, norm,
                                          dropout));
  return for_types(ctx, operation, dtype, residual_dtype, [&](auto residual_type, auto type) {
    using R = decltype(residual_type);
    using A = decltype(type);
    const LayerNorm<R, A> a = {static_cast<R*>(sum), static_cast<A*>(out), mean, rstd,
                               static_cast<const R*>(residual), static_cast<const A*>(x), weight, bias, rows, T, C, eps,
                               norm == VN_LAYERNORM1P ? 1.0f : 0.0f, DropoutSite(ctx, site, x ? dropout : 0)};
    return for_layout(C, {sum, out, residual, x, weight, bias}, [&](auto layout) -> int32_t {
      using L = decltype(layout);
      VN_LAUNCH(ctx, (forward<L, R, A>), dim3(unsigned(ceil_div(rows, L::rows))), dim3(L::threads), 0, a);
      return VN_OK;
    });
  });
}

int32_t vn_residual_layernorm_backward(vn_context* ctx, void* dresidual, void* dx, float* dweight, float* dbias,
                                       const void* dout, const void* sum, const float* mean, const float* rstd,
                                       const float* weight, int64_t rows, int64_t T, int64_t C, int32_t norm,
                                       int32_t site, float dropout, int32_t add_residual, int32_t accumulate,
                                       int32_t dtype, int32_t residual_dtype) {
  const char* operation = "residual_layernorm_backward";
  VN_TRY(check_residual_layernorm_backward(ctx, dresidual, dx, dout, sum, mean, rstd, weight, rows, T, C, norm,
                                           dropout));
  Scratch scratch(ctx);
  const Buffers buffers(scratch, rows, C);
  VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
  VN_TRY(for_types(ctx, operation, dtype, residual_dtype, [&](auto residual_type, auto type) {
    using R = decltype(residual_type);
    using A = decltype(type);
    const LayerNormGradient<R, A> a = {static_cast<R*>(dresidual), static_cast<A*>(dx), buffers.slots,
                                       static_cast<const A*>(dout), static_cast<const R*>(sum), mean, rstd, weight,
                                       rows, T, C, norm == VN_LAYERNORM1P ? 1.0f : 0.0f, add_residual != 0,
                                       DropoutSite(ctx, site, dx ? dropout : 0)};
    return for_layout(C, {dresidual, dx, dout, sum, weight}, [&](auto layout) -> int32_t {
      using L = decltype(layout);
      VN_LAUNCH(ctx, (backward<L, R, A>), dim3(unsigned(slots_of(rows))), dim3(L::threads), 0, a);
      return VN_OK;
    });
  }));
  if (!dweight && !dbias) return VN_OK;
  const float* slots = buffers.slots;
  const int64_t count = slots_of(rows);
  VN_TRY(for_pack<float>(2 * C, {slots}, [&](auto pack) -> int32_t {
    const dim3 grid(unsigned(ceil_div(2 * C, warp_lanes * pack.value)));
    VN_LAUNCH(ctx, (sum_rows<float, pack.value>), grid, dim3(sum_threads), 0, buffers.sums, slots, count, 2 * C, count,
              false);
    return VN_OK;
  }));
  VN_LAUNCH(ctx, add_halves, dim3(unsigned(ceil_div(C, sum_threads))), dim3(sum_threads), 0, dweight, dbias,
            buffers.sums, C, accumulate != 0);
  return VN_OK;
}

// AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2), decay multiplied by the rate as in
// PyTorch. With g = gradient * step.gradient_scale, t = step.updates + 1:
//
//   m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
//   p = (1 - lr decay) p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
//
// All tensors in one launch: 16 bytes read and 12 written a parameter, and its compute copy while it is in registers.
// Element-wise in float32, the scalars made in float64 (no fast-math here). Nothing happens when step.skip is set. A row's
// scale in an int8 copy needs the whole row, so such copies, which training does not make, are refreshed by a launch after.
#include "compute_copy.cuh"
#include "optimizer_arguments.h"
#include "segments.cuh"

namespace vn {
namespace {

constexpr int int8_blocks = 64, int8_threads = 128;

struct AdamW {
  float beta1, rest1, beta2, rest2, eps;
};

// Of one segment in this step.
struct Rates {
  float unbias2, rate, keep, gradient_scale;
};

template <int N>
__device__ __forceinline__ Pack<float, N> update(float* p, float* m, float* v, const float* g, const AdamW& a,
                                                 const Rates& r) {
  const auto gradient = Pack<float, N>::load(g);
  auto first = Pack<float, N>::load(m), second = Pack<float, N>::load(v), value = Pack<float, N>::load(p);
  for (int j = 0; j < N; j++) {
    const float x = gradient.at[j] * r.gradient_scale;
    first.at[j] = fmaf(a.beta1, first.at[j], a.rest1 * x);
    second.at[j] = fmaf(a.beta2, second.at[j], a.rest2 * (x * x));
    const float step = first.at[j] / (sqrtf(second.at[j] * r.unbias2) + a.eps);
    value.at[j] = fmaf(-r.rate, step, r.keep * value.at[j]);
  }
  first.store(m);
  second.store(v);
  value.store(p);
  return value;
}

template <class T, int N>
__device__ __forceinline__ void write_copy(void* copy, int64_t at, const Pack<float, N>& values) {
  Pack<T, N> rounded;
  for (int j = 0; j < N; j++) rounded.at[j] = from_float<T>(values.at[j]);
  rounded.store(static_cast<T*>(copy) + at);
}

// By squaring; the relative error is below t 2^-53.
__device__ __forceinline__ double power(double base, int64_t t) {
  double result = 1;
  for (; t > 0; t /= 2, base *= base) {
    if (t % 2 == 1) result *= base;
  }
  return result;
}

__global__ void __launch_bounds__(segment_threads, 4)  // 64 registers
    adamw(float* masters, float* m, float* v, const float* gradients, const vn_segment* segments, int64_t count,
          const vn_step* step, AdamW a) {
  VN_SHARED(int32_t, ends);
  __shared__ double unbias[2];
  if (threadIdx.x < 2) {
    unbias[threadIdx.x] = 1 / (1 - power(double(threadIdx.x == 0 ? a.beta1 : a.beta2), step->updates + 1));
  }
  const SegmentTiles tiles(segments, count, ends);  // and a barrier
  const int32_t stop = step->skip ? 0 : tiles.count();
  for (int32_t t = int32_t(blockIdx.x); t < stop; t += int32_t(gridDim.x)) {
    const auto tile = tiles.tile(t);
    const vn_segment& s = *tile.segment;
    const double rate = double(step->learning_rate) * double(s.learning_rate_scale);
    const Rates rates = {float(unbias[1]), float(rate * unbias[0]),
                         float(1 - rate * double(s.weight_decay)), step->gradient_scale};
    const int64_t at = s.offset + tile.first;
    const bool aligned = is_aligned(masters + at, 16) && is_aligned(m + at, 16) && is_aligned(v + at, 16) &&
                         is_aligned(gradients + at, 16) && is_aligned(s.copy, 16);
    for_tile(tile.n, aligned, [&](int i, auto pack) {
      const auto value = update<pack.value>(masters + at + i, m + at + i, v + at + i, gradients + at + i, a, rates);
      if (!s.copy) return;
      if (s.copy_dtype == VN_F32) write_copy<float>(s.copy, tile.first + i, value);
      if (s.copy_dtype == VN_BF16) write_copy<bf16>(s.copy, tile.first + i, value);
      if (s.copy_dtype == VN_F16) write_copy<f16>(s.copy, tile.first + i, value);
    });
  }
}

__global__ void __launch_bounds__(int8_threads)
    refresh_int8(const float* masters, const vn_segment* segments, int64_t count, const vn_step* step) {
  __shared__ float shared[warp_lanes];
  bool found = false;
  for (int64_t i = threadIdx.x; i < count; i += int8_threads) {
    found = found || (segments[i].copy && segments[i].copy_dtype == VN_I8);
  }
  if (!__syncthreads_or(found) || step->skip) return;
  for (int64_t i = 0; i < count; i++) {
    const vn_segment& s = segments[i];
    if (s.frozen || !s.copy || s.copy_dtype != VN_I8) continue;
    for (int64_t row = blockIdx.x; row < s.rows; row += gridDim.x) {
      write_int8_row(s.copy, masters + s.offset, s.rows, s.cols, row, shared);
    }
  }
}

}  // namespace
}  // namespace vn

using namespace vn;

int32_t vn_adamw_update(vn_context* ctx, float* masters, float* m, float* v, const float* gradients,
                        const vn_segment* segments, int64_t count, float beta1, float beta2, float eps) {
  VN_TRY(check_adamw_update(ctx, masters, m, v, gradients, segments, count, beta1, beta2, eps));
  VN_TRY(require_segment_count(ctx, "adamw_update", count));
  const AdamW a = {beta1, 1 - beta1, beta2, 1 - beta2, eps};
  VN_LAUNCH(ctx, adamw, dim3(segment_blocks), dim3(segment_threads), segment_tiles_bytes(count), masters, m, v,
            gradients, segments, count, ctx->step, a);
  VN_LAUNCH(ctx, refresh_int8, dim3(int8_blocks), dim3(int8_threads), 0, masters, segments, count, ctx->step);
  return VN_OK;
}

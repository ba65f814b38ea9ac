// Global gradient norm, clip factor and finiteness (Pascanu et al. 2013, section 3.2).
//
//   norm  = sqrt(sum g^2) / loss_scale    over the segments that are not frozen
//   scale = min(1, clip / (norm + 1e-6)) / loss_scale,   skip = the norm is not finite
//
// Squares and their sums are float64, so only a gradient that is not finite, or a norm beyond float32, makes it so. Each
// block has a slot; a last block adds the slots, always in the same order.
#include "optimizer_arguments.h"
#include "scratch_bytes.cuh"
#include "segments.cuh"

namespace vn {
namespace {

// Over the block, in thread 0; `shared` holds a double a thread.
__device__ double block_sum_of_doubles(double x, double* shared) {
  shared[threadIdx.x] = x;
  __syncthreads();
  for (int half = segment_threads / 2; half > 0; half /= 2) {
    if (int(threadIdx.x) < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  return shared[0];
}

__global__ void __launch_bounds__(segment_threads)
    square_sums(double* slots, const float* gradients, const vn_segment* segments, int64_t count) {
  VN_SHARED(int32_t, ends);
  __shared__ double sums[segment_threads];
  const SegmentTiles tiles(segments, count, ends);
  double sum = 0;
  for (int32_t t = int32_t(blockIdx.x); t < tiles.count(); t += int32_t(gridDim.x)) {
    const auto tile = tiles.tile(t);
    const float* g = gradients + tile.segment->offset + tile.first;
    for_tile(tile.n, is_aligned(g, 16), [&](int i, auto pack) {
      const auto x = Pack<float, pack.value>::load(g + i);
      for (int j = 0; j < pack.value; j++) sum += double(x.at[j]) * double(x.at[j]);
    });
  }
  sum = block_sum_of_doubles(sum, sums);
  if (threadIdx.x == 0) slots[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(segment_threads) finish_norm(vn_step* step, const double* slots, float clip) {
  __shared__ double sums[segment_threads];
  double sum = 0;
  for (int i = int(threadIdx.x); i < segment_blocks; i += segment_threads) sum += slots[i];
  sum = block_sum_of_doubles(sum, sums);
  if (threadIdx.x > 0) return;
  const double loss_scale = double(step->loss_scale), norm = sqrt(sum) / loss_scale;
  const double factor = clip > 0 ? fmin(1.0, double(clip) / (norm + 1e-6)) : 1.0;
  step->gradient_norm = float(norm);
  step->gradient_scale = float(factor / loss_scale);
  step->skip = isfinite(step->gradient_norm) ? 0 : 1;
}

}  // namespace

int64_t gradient_norm_scratch_bytes(const vn_sizes&) { return segment_blocks * int64_t(sizeof(double)); }

}  // namespace vn

using namespace vn;

int32_t vn_gradient_norm(vn_context* ctx, const float* gradients, const vn_segment* segments, int64_t count,
                         float clip) {
  VN_TRY(check_gradient_norm(ctx, gradients, segments, count, clip));
  VN_TRY(require_segment_count(ctx, "gradient_norm", count));
  VN_TRY(require_workspace(ctx, "gradient_norm", gradient_norm_scratch_bytes({})));
  double* slots = Scratch(ctx).take<double>(segment_blocks);
  VN_LAUNCH(ctx, square_sums, dim3(segment_blocks), dim3(segment_threads), segment_tiles_bytes(count), slots, gradients,
            segments, count);
  VN_LAUNCH(ctx, finish_norm, dim3(1), dim3(segment_threads), 0, ctx->step, slots, clip);
  return VN_OK;
}

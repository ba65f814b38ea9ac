// Dropout on the device (philox.h): what the host knows of a site goes by value, seed and first sample are read from the
// step block by the kernel, so that a captured graph draws anew in every step.
#pragma once
#include "context.cuh"
#include "philox.h"

namespace vn {

// One dropout site of one call. probability 0 draws nothing and reads no step block.
struct DropoutSite {
  const vn_step* step;
  uint32_t site, threshold;
  float scale;

  DropoutSite(const vn_context* ctx, int32_t site, float probability)
      : step(ctx->step), site(uint32_t(site)), threshold(Dropout(0, site, probability).threshold),
        scale(1 / (1 - probability)) {}

  __device__ bool draws() const { return threshold > 0; }
  // Which of elements 4 * quad .. 4 * quad + 3 of a sample of this micro-batch are kept: a bit each. In unrolled loops
  // draw the bits of all packs first, in a loop that is not: ten rounds for each would be most of a kernel.
  __device__ __forceinline__ uint32_t kept(uint64_t sample_of_batch, uint64_t quad) const {
    const uint64_t sample = uint64_t(step->first_sample) + sample_of_batch;
    const auto words =
        philox(PhiloxKey(step->seed), {uint32_t(sample), uint32_t(sample >> 32), site, uint32_t(quad)});
    return uint32_t(words[0] >= threshold) | uint32_t(words[1] >= threshold) << 1 |
           uint32_t(words[2] >= threshold) << 2 | uint32_t(words[3] >= threshold) << 3;
  }
  __device__ __forceinline__ float factor(uint64_t sample_of_batch, uint64_t element) const {
    return kept(sample_of_batch, element / 4) >> element % 4 & 1 ? scale : 0;
  }
};

}  // namespace vn

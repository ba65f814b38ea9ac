// Global gradient norm, clip factor and finiteness (Pascanu et al. 2013, section 3.2).
//
//   norm  = sqrt(sum g^2) / loss_scale    over the segments that are not frozen
//   scale = min(1, clip / (norm + 1e-6)) / loss_scale,   skip = the norm is not finite
//
// Squares and their sums are float64, so only a gradient that is not finite, or a norm beyond float32, makes it so.
// The live elements are cut into at most 4096 ranges; each has a slot, and slots are added in order.
#include <cmath>

#include "optimizer_arguments.h"
#include "scratch_bytes.h"
#include "segments.h"

#define VN_LOOPS "gradient_norm.inl"
#include "each_isa.h"

using namespace vn;

namespace {
constexpr int64_t most_slots = 4096, least_elements = 4096;
}

int64_t vn::gradient_norm_scratch_bytes(const vn_sizes&, int) { return most_slots * int64_t(sizeof(double)); }

int32_t vn_gradient_norm(vn_context* ctx, const float* gradients, const vn_segment* segments, int64_t count,
                         float clip) {
  VN_TRY(check_gradient_norm(ctx, gradients, segments, count, clip));
  VN_TRY(require_segments(ctx, "gradient_norm", segments, count));
  VN_TRY(require_workspace(ctx, "gradient_norm", most_slots * int64_t(sizeof(double))));

  double* slots = Scratch(ctx).take<double>(most_slots);
  const int64_t total = live_elements(segments, count);
  const int64_t range = std::max(least_elements, ceil_div(total, most_slots)), ranges = ceil_div(total, range);
  const auto square_sum = VN_PICK(ctx->level, square_sum);
  ctx->pool.run(ranges, [&](int64_t tile, int) {
    double sum = 0;
    for_each_piece(segments, count, tile * range, std::min(total, (tile + 1) * range),
                   [&](const vn_segment&, int64_t first, int64_t n) { sum += square_sum(gradients + first, n); });
    slots[tile] = sum;
  });
  double sum = 0;
  for (int64_t i = 0; i < ranges; i++) sum += slots[i];

  vn_step& step = *ctx->step;
  const double norm = std::sqrt(sum) / double(step.loss_scale);
  const double factor = clip > 0 ? std::min(1.0, double(clip) / (norm + 1e-6)) : 1.0;
  step.gradient_norm = float(norm);
  step.gradient_scale = float(factor / double(step.loss_scale));
  step.skip = std::isfinite(step.gradient_norm) ? 0 : 1;
  return VN_OK;
}

// Products of one to three rows, as in decoding: C[r, j] = a[r] . w[j]. The weights are read once from memory, in the
// type they are stored in (float32 masters or a copy in bf16, f16, int8), and that read is the whole cost.
#include "compute_copy.h"
#include "product.h"
#include "vector.h"

#define VN_LOOPS "streamed.inl"
#include "each_isa.h"

namespace vn {
namespace {

constexpr int64_t task_bytes = 128 << 10;  // of weights: a few microseconds

using Dots = void (*)(float* tile, const void* w, const float* scales, int64_t n, const float* x, int64_t rows,
                      int64_t k);

Dots dots_for(Level level, int32_t dtype) {
  switch (dtype) {
    case VN_BF16: return VN_PICK(level, dots_of_rows<bf16>);
    case VN_F16: return VN_PICK(level, dots_of_rows<f16>);
    case VN_I8: return VN_PICK(level, dots_of_rows<int8_t>);
    default: return VN_PICK(level, dots_of_rows<float>);
  }
}

void widen(Level level, float* out, const RowsProduct& p) {
  const auto rows = p.dtype == VN_BF16  ? VN_PICK(level, widen_rows<bf16>)
                    : p.dtype == VN_F16 ? VN_PICK(level, widen_rows<f16>) : VN_PICK(level, widen_rows<float>);
  rows(out, p.a, p.lda, p.M, p.K);
}

}  // namespace

void multiply_streamed(vn_context* ctx, const RowsProduct& p, const ProductScratch& scratch, const Finish& finish) {
  const Weights& w = p.b;
  const int32_t dtype = w.copy ? w.copy_dtype : VN_F32;
  const int64_t row_bytes = p.K * copy_element_bytes(dtype);
  const float* scales = dtype == VN_I8 ? copy_scales(w.copy, w.rows, w.cols) : nullptr;
  const char* weights = static_cast<const char*>(w.copy ? w.copy : w.master);
  const Dots dots = dots_for(ctx->level, dtype);
  auto* x = reinterpret_cast<float*>(scratch.packed);
  widen(ctx->level, x, p);

  const int64_t panels = ceil_div(p.N, panel_columns);
  const int64_t group = std::max<int64_t>(1, task_bytes / (row_bytes * panel_columns));
  ctx->pool.run(ceil_div(panels, group), [&](int64_t task, int) {
    alignas(64) float tile[streamed_rows * panel_columns];
    for (int64_t panel = task * group; panel < std::min(panels, (task + 1) * group); panel++) {
      const int64_t j = panel * panel_columns, n = std::min(panel_columns, p.N - j);
      dots(tile, weights + j * row_bytes, scales ? scales + j : nullptr, n, x, p.M, p.K);
      finish.call(finish.arguments, 0, int(p.M), j, n, tile);
    }
  });
}

}  // namespace vn

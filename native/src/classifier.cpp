// Output layer and cross entropy: logits of a chunk of rows at a time, in place turned into their gradient.
//
//   forward    z = hidden head^T over columns 0 .. V-1,   loss = log sum_j e^(z_j - max) - (z_label - max)
//   backward   dz = g (softmax(z) - onehot(label)),   g = row_scale step.loss_scale
//              dhidden = dz head,   dhead (+)= dz^T hidden   (rows V .. Vp-1 of dhead: zero, or left alone)
//
// Shapes: hidden, dhidden [rows, C] of `dtype`; head, dhead [Vp, C], losses, row_scale [rows] float32; labels [rows].
// Logits are float32 in every dtype: a bf16 logit of 16 has a rounding error of 0.06, which would go into the loss.
// dz is rounded to `dtype`, in which the products read it. exp is computed twice: keeping it would double the chunk.
// Label -1: no loss, no gradient; any other label outside [0, V) likewise, and sets step.fault.
#include <cstring>

#include "classifier_arguments.h"
#include "linear.h"
#include "scratch_bytes.h"
#include "vector.h"

namespace vn {
namespace {

// What finish_hidden needs: products over parts of the vocabulary add up in `sums`.
struct HiddenGradient {
  void* dhidden;
  float* sums;
  int64_t C;
  bool first, last;
};

}  // namespace
}  // namespace vn

#define VN_LOOPS "classifier.inl"
#include "each_isa.h"

namespace vn {
namespace {

constexpr int64_t chunk_bytes = int64_t(104) << 20;  // of logits: 512 rows of GPT-2's; fewer would repack head more
constexpr int64_t least_chunk_rows = 32, most_chunk_rows = 1024;
constexpr int64_t row_task_elements = 32 << 10;

struct Chunks {
  int64_t rows, count, stride, size;
  // stride: of the logits, in floats; not a multiple of 2 KiB (gemm.h).
  Chunks(int64_t rows, int64_t Vp) : rows(rows), stride(round_up(Vp, 16)) {
    if (stride % 512 == 0) stride += 16;
    const int64_t fit = std::clamp(chunk_bytes / (stride * 4), least_chunk_rows, most_chunk_rows);
    count = ceil_div(rows, fit);
    size = std::min(rows, fit);
  }
  int64_t first(int64_t i) const { return rows * i / count; }
};

struct Buffers {
  float* logits;  // [chunk rows, stride]; then their gradient in dtype, from the start of each row
  float* sums;    // [chunk rows, C]
  ProductScratch product;
  Buffers(Scratch& scratch, int threads, const Chunks& chunks, int64_t C, int64_t Vp)
      : logits(scratch.take<float>(chunks.size * chunks.stride)),
        sums(scratch.take<float>(chunks.size * C)),
        product(scratch, threads, std::max({ProductScratch::packed_words(Vp, C), ProductScratch::packed_words(C, Vp),
                                            ProductScratch::packed_words_down(C)})) {}
};

struct Call {
  vn_context* ctx;
  float* losses;
  void* dhidden;
  float* dhead;
  const void* hidden;
  const int32_t* labels;
  const float* row_scale;
  Weights head;
  int64_t rows, C, V, Vp;
  bool accumulate;
  int32_t dtype;
};

// losses of rows [r0, r0 + n), and their dlogits in place of the logits if a gradient is wanted.
template <class T>
void cross_entropy(const Call& c, const Chunks& chunks, float* logits, int64_t r0, int64_t n) {
  vn_context* ctx = c.ctx;
  const auto loss_of = VN_PICK(ctx->level, log_likelihood_loss);
  const auto gradient_of = VN_PICK(ctx->level, softmax_gradient<T>);
  const float loss_scale = c.dhidden ? ctx->step->loss_scale : 1;
  const int64_t group = std::max<int64_t>(1, row_task_elements / c.V);
  ctx->pool.run(ceil_div(n, group), [&](int64_t task, int) {
    for (int64_t i = task * group; i < std::min(n, (task + 1) * group); i++) {
      const int64_t row = r0 + i;
      const int32_t label = c.labels[row];
      float* z = logits + i * chunks.stride;
      if (label < 0 || label >= c.V) {
        if (label != -1) set_fault(ctx);
        c.losses[row] = 0;
        if (c.dhidden) memset(z, 0, size_t(c.V) * sizeof(T));
        continue;
      }
      float log_sum_exp;
      c.losses[row] = loss_of(z, c.V, label, &log_sum_exp);
      if (c.dhidden) gradient_of(z, c.V, label, log_sum_exp, c.row_scale[row] * loss_scale);
    }
  });
}

// dhidden of a chunk, a part of the vocabulary at a time: dlogits are read once and the part of head stays in L3.
template <class T>
void hidden_gradient(const Call& c, const Buffers& buffers, int64_t ld, int64_t r0, int64_t n) {
  const Gemm& gemm = gemm_for(c.ctx->isa, c.dtype);
  const int64_t blocks = std::max<int64_t>(1, chunk_words / (round_up(c.C, panel_columns) * block_words));
  const int64_t part = blocks * block_words * (gemm.pairs ? 2 : 1);
  const auto finish = VN_PICK(c.ctx->level, finish_hidden<T>);
  for (int64_t v = 0; v < c.V; v += part) {
    const HiddenGradient gradient{static_cast<T*>(c.dhidden) + r0 * c.C, buffers.sums, c.C, v == 0, v + part >= c.V};
    const int64_t k = std::min(part, c.V - v);
    const Weights rows{c.head.master + v * c.C, nullptr, k, c.C, VN_F32};
    multiply(c.ctx, {&gemm, c.dtype, reinterpret_cast<const T*>(buffers.logits) + v, ld, rows, false, n, c.C, k},
             buffers.product, {finish, &gradient});
  }
}

template <class T>
void run(const Call& c, const Chunks& chunks, const Buffers& buffers) {
  const Gemm& gemm = gemm_for(c.ctx->isa, c.dtype);
  const int64_t ld = chunks.stride * int64_t(sizeof(float) / sizeof(T));  // of dlogits
  for (int64_t i = 0; i < chunks.count; i++) {
    const int64_t r0 = chunks.first(i), n = chunks.first(i + 1) - r0;
    const T* hidden = static_cast<const T*>(c.hidden) + r0 * c.C;
    const LinearOutput output{buffers.logits, nullptr, nullptr, chunks.stride};
    multiply(c.ctx, {&gemm, c.dtype, hidden, c.C, c.head, true, n, c.V, c.C}, buffers.product,
             {finish_linear(c.ctx->level, VN_F32, VN_NO_ACTIVATION), &output});
    cross_entropy<T>(c, chunks, buffers.logits, r0, n);
    if (c.dhidden) hidden_gradient<T>(c, buffers, ld, r0, n);
    if (c.dhead) {
      multiply_down(c.ctx, {&gemm, c.dtype, buffers.logits, ld, hidden, c.C, n, c.V, c.C, c.dhead, nullptr,
                            c.accumulate || i > 0}, buffers.product);
    }
  }
  if (c.dhead && !c.accumulate) {
    const int64_t written = chunks.count > 0 ? c.V : 0;
    memset(c.dhead + written * c.C, 0, size_t((c.Vp - written) * c.C) * sizeof(float));
  }
}

}  // namespace

int64_t classifier_scratch_bytes(const vn_sizes& s, int threads) {
  if (s.Vp == 0 || s.C == 0) return 0;
  Scratch scratch;
  Buffers(scratch, threads, Chunks(s.rows, s.Vp), s.C, s.Vp);
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_classifier_forward_backward(vn_context* ctx, float* losses, void* dhidden, float* dhead, const void* hidden,
                                       const int32_t* labels, const float* row_scale, const float* head,
                                       const void* copy, int64_t rows, int64_t C, int64_t V, int64_t Vp,
                                       int32_t accumulate, int32_t dtype, int32_t copy_dtype) {
  constexpr const char* operation = "classifier_forward_backward";
  VN_TRY(check_classifier(ctx, losses, dhidden, dhead, hidden, labels, row_scale, head, copy, rows, C, V, Vp,
                          copy_dtype));
  VN_REQUIRE(ctx, !dhidden || head, "%s: head is null, but dhidden is wanted", operation);
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    const Chunks chunks(rows, Vp);
    Scratch scratch(ctx);
    const Buffers buffers(scratch, ctx->pool.threads(), chunks, C, Vp);
    VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
    run<decltype(type)>({ctx, losses, dhidden, dhead, hidden, labels, row_scale, {head, copy, Vp, C, copy_dtype}, rows,
                         C, V, Vp, accumulate != 0, dtype}, chunks, buffers);
    return VN_OK;
  });
}

int32_t vn_classifier_logits(vn_context* ctx, float* logits, const void* hidden, const float* head, const void* copy,
                             int64_t rows, int64_t C, int64_t Vp, int32_t dtype, int32_t copy_dtype) {
  constexpr const char* operation = "classifier_logits";
  VN_TRY(check_logits(ctx, logits, hidden, head, copy, rows, C, Vp, copy_dtype));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto) -> int32_t {
    Scratch scratch(ctx);
    const ProductScratch buffers(scratch, ctx->pool.threads(), ProductScratch::packed_words(Vp, C));
    VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
    if (rows == 0) return VN_OK;
    const LinearOutput output{logits, nullptr, nullptr, Vp};
    multiply(ctx, {&gemm_for(ctx->isa, dtype), dtype, hidden, C, {head, copy, Vp, C, copy_dtype}, true, rows, Vp, C},
             buffers, {finish_linear(ctx->level, VN_F32, VN_NO_ACTIVATION), &output});
    return VN_OK;
  });
}

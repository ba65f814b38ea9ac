// Output layer and cross entropy: logits of a chunk of rows at a time, in place turned into their gradient.
//
//   forward    z = hidden head^T over columns 0 .. V-1,   loss = log sum_j e^(z_j - max) - (z_label - max)
//   backward   dz = g (softmax(z) - onehot(label)),   g = row_scale step.loss_scale
//              dhidden = dz head,   dhead (+)= dz^T hidden   (rows V .. Vp-1 of dhead: zero, or left alone)
//
// Shapes: hidden, dhidden [rows, C] of `dtype`; head, dhead [Vp, C], losses, row_scale [rows] float32; labels [rows].
// Logits are float32 in every dtype: a bf16 logit of 16 has a rounding error of 0.06, which would go into the loss.
// dz is rounded to `dtype`, in which the products read it; it lies at the start of its row of logits. Products go over
// V rounded up to 64 columns, where Vp has so many, with zeros in dz. The sum of e^z is in the order of a block's
// threads. Label -1: no loss, no gradient; any other label outside [0, V) likewise, and sets step.fault.
#include <algorithm>

#include "classifier_arguments.h"
#include "product.cuh"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int64_t chunk_bytes = int64_t(832) << 20;  // of logits: 4,096 rows of GPT-2's
constexpr int64_t least_chunk_rows = 128, most_chunk_rows = 4096;
constexpr int threads = 1024, pack = 4;

struct Chunks {
  int64_t rows, count, stride, size;
  // stride: of the logits, in floats; rows begin at multiples of 64 bytes.
  Chunks(int64_t rows, int64_t Vp) : rows(rows), stride(round_up(Vp, 16)) {
    const int64_t fit = std::clamp(chunk_bytes / (stride * 4) / least_chunk_rows * least_chunk_rows, least_chunk_rows,
                                   most_chunk_rows);
    count = ceil_div(rows, fit);
    size = std::min(rows, fit);
  }
  int64_t first(int64_t i) const { return std::min(rows, i * size); }
};

struct Buffers {
  ProductScratch product;
  float* logits;  // [chunk rows, stride]; then their gradient in dtype, from the start of each row
  Buffers(Scratch& scratch, const Chunks& chunks)
      : product(scratch, 0), logits(scratch.take<float>(chunks.size * chunks.stride)) {}
};

struct Rows {
  float* losses;
  float* logits;  // [., stride]
  int64_t stride;
  const int32_t* labels;
  const float* row_scale;
  int64_t V;
  vn_step* step;
};

// A block for each row. With `gradient` the row becomes dz in T: an iteration's T are stored after every thread has
// read the iteration's floats, and lie before all floats that are still to be read.
template <class T>
__global__ void __launch_bounds__(threads) cross_entropy(Rows r, bool gradient) {
  using In = Pack<float, pack>;
  using Out = Pack<T, pack>;
  __shared__ float shared[64];
  const int64_t row = blockIdx.x;
  const float* const z = r.logits + row * r.stride;
  const int32_t label = r.labels[row];
  const bool counts = label >= 0 && label < r.V;
  if (!counts && label != -1 && threadIdx.x == 0) set_fault(r.step);

  // Running maximum, and the sum of e^(z - it).
  float most = -INFINITY, sum = 0;
  for (int64_t j = int64_t(threadIdx.x) * pack; counts && j < r.V; j += threads * pack) {
    const In in = In::load(z + j);
    float next = most;
    for (int e = 0; e < pack; e++) next = j + e < r.V ? fmaxf(next, in.at[e]) : next;
    if (next > most) {
      sum *= __expf(most - next);
      most = next;
    }
    for (int e = 0; e < pack; e++) sum += j + e < r.V ? __expf(in.at[e] - most) : 0;
  }
  const float m = block_max(most, shared);
  const float log_sum = logf(block_sum(sum > 0 ? sum * __expf(most - m) : sum, shared));
  const float at_label = counts ? z[label] : 0;
  if (threadIdx.x == 0) r.losses[row] = counts ? log_sum - (at_label - m) : 0;
  if (!gradient) return;

  T* const dz = reinterpret_cast<T*>(r.logits + row * r.stride);
  const float g = counts ? r.row_scale[row] * r.step->loss_scale : 0, log_sum_exp = m + log_sum;
  const float dz_at_label = counts ? (expf(at_label - log_sum_exp) - 1) * g : 0;
  for (int64_t j0 = 0; j0 < r.stride; j0 += threads * pack) {
    const int64_t j = j0 + threadIdx.x * pack;
    Out out;
    if (j < r.stride) {
      const In in = In::load(z + j);
      for (int e = 0; e < pack; e++) {
        const float p = j + e < r.V && counts ? __expf(in.at[e] - log_sum_exp) : 0;
        out.at[e] = from_float<T>(j + e == label ? dz_at_label : p * g);
      }
    }
    __syncthreads();  // also: everyone has read z[label]
    if (j < r.stride) out.store(dz + j);
  }
}

struct Head {
  const float* master;
  const void* copy;
  int64_t C, Vp;
  int32_t copy_dtype;
  Matrix matrix(bool transposed) const { return weight_matrix(master, copy, Vp, C, copy_dtype, transposed); }
};

}  // namespace

int64_t classifier_scratch_bytes(const vn_sizes& s) {
  if (s.Vp == 0 || s.C == 0) return 0;
  Scratch scratch;
  Buffers(scratch, Chunks(s.rows, s.Vp));
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
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    const Chunks chunks(rows, Vp);
    Scratch scratch(ctx);
    const Buffers buffers(scratch, chunks);
    VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
    const Head weights{head, copy, C, Vp, copy_dtype};
    const int64_t columns = std::min(Vp, round_up(V, 64));
    const int64_t ld = chunks.stride * int64_t(sizeof(float) / sizeof(T));  // of dz
    for (int64_t i = 0; i < chunks.count; i++) {
      const int64_t r0 = chunks.first(i), n = chunks.first(i + 1) - r0;
      const Matrix x{static_cast<const T*>(hidden) + r0 * C, C, dtype, false};
      VN_TRY(multiply(ctx, {n, columns, C, x, weights.matrix(true), {buffers.logits, chunks.stride, VN_F32}},
                      buffers.product));
      VN_LAUNCH(ctx, cross_entropy<T>, dim3(unsigned(n)), threads, 0,
                Rows{losses + r0, buffers.logits, chunks.stride, labels + r0, row_scale ? row_scale + r0 : nullptr, V,
                     ctx->step}, dhidden != nullptr);
      if (!dhidden) continue;
      const Finish to_hidden{static_cast<T*>(dhidden) + r0 * C, C, dtype};
      VN_TRY(multiply(ctx, {n, C, columns, {buffers.logits, ld, dtype, false}, weights.matrix(false), to_hidden},
                      buffers.product));
      if (!dhead) continue;
      const Finish to_head{dhead, C, VN_F32, accumulate || i > 0};
      VN_TRY(multiply(ctx, {columns, C, n, {buffers.logits, ld, dtype, true}, x, to_head}, buffers.product));
    }
    if (dhead && !accumulate) {
      const int64_t written = chunks.count > 0 ? columns : 0;
      const size_t bytes = size_t((Vp - written) * C) * sizeof(float);
      return launched(ctx, operation, cudaMemsetAsync(dhead + written * C, 0, bytes, ctx->stream));
    }
    return VN_OK;
  });
}

int32_t vn_classifier_logits(vn_context* ctx, float* logits, const void* hidden, const float* head, const void* copy,
                             int64_t rows, int64_t C, int64_t Vp, int32_t dtype, int32_t copy_dtype) {
  constexpr const char* operation = "classifier_logits";
  VN_TRY(check_logits(ctx, logits, hidden, head, copy, rows, C, Vp, copy_dtype));
  if (!is_storage(dtype)) return refuse_dtype(ctx, operation, "dtype", dtype, "CUDA");
  Scratch scratch(ctx);
  const ProductScratch buffers(scratch, 0);
  VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
  const Head weights{head, copy, C, Vp, copy_dtype};
  return multiply(ctx, {rows, Vp, C, {hidden, C, dtype, false}, weights.matrix(true), {logits, Vp, VN_F32}}, buffers);
}

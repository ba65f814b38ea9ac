// Linear layer with an optional activation, weight [N, K] as in PyTorch.
//
//   forward    pre = x W^T + b,   y = act(pre)                     act: none, GELU by tanh, GELU by erf
//   backward   dx = (dy W) act'(x_pre)    where x = act(x_pre) was the layer before
//              dW (+)= dy^T x,   db (+)= sum_rows dy               (`accumulate` 0 writes, 1 adds)
//
// Shapes: x, dx, x_pre [rows, K]; y, pre, dy [rows, N] of `dtype`; W, dW [N, K], b, db [N] float32. Sums are float32,
// the reduction's blocks of about 1,024 words are added in order; y is the activation of the rounded pre. Where words
// are pairs of bf16 (product.h), W is rounded to bf16 as it is packed. Up to three rows W is streamed, unrounded.
#include "linear.h"

#include "linear_arguments.h"
#include "scratch_bytes.h"
#include "vector.h"

#define VN_LOOPS "linear.inl"
#include "each_isa.h"

namespace vn {
namespace {

template <class T>
FinishFunction forward_finish(Level level, int32_t activation) {
  switch (activation) {
    case VN_GELU_TANH: return VN_PICK(level, finish_forward<T, VN_GELU_TANH>);
    case VN_GELU_ERF: return VN_PICK(level, finish_forward<T, VN_GELU_ERF>);
    default: return VN_PICK(level, finish_forward<T, VN_NO_ACTIVATION>);
  }
}

template <class T>
FinishFunction backward_finish(Level level, int32_t activation) {
  switch (activation) {
    case VN_GELU_TANH: return VN_PICK(level, finish_backward<T, VN_GELU_TANH>);
    case VN_GELU_ERF: return VN_PICK(level, finish_backward<T, VN_GELU_ERF>);
    default: return VN_PICK(level, finish_backward<T, VN_NO_ACTIVATION>);
  }
}

}  // namespace

FinishFunction finish_linear(Level level, int32_t dtype, int32_t activation) {
  switch (dtype) {
    case VN_BF16: return forward_finish<bf16>(level, activation);
    case VN_F16: return forward_finish<f16>(level, activation);
    default: return forward_finish<float>(level, activation);
  }
}

// Any pair of the model's widths, in either direction.
int64_t linear_scratch_bytes(const vn_sizes& s, int threads) {
  const int64_t width = std::max({s.C, s.ffn, 3 * s.H * s.D, int64_t(1)}), widest = std::max(width, s.Vp);
  const int64_t words = std::max({ProductScratch::packed_words(width, widest),
                                  ProductScratch::packed_words(widest, width),
                                  ProductScratch::packed_words_down(widest)});
  Scratch scratch;
  ProductScratch(scratch, threads, words);
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_linear_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* weight, const void* copy,
                          const float* bias, int64_t rows, int64_t N, int64_t K, int32_t activation, int32_t dtype,
                          int32_t copy_dtype) {
  constexpr const char* operation = "linear_forward";
  VN_TRY(check_linear_forward(ctx, y, pre, x, weight, copy, rows, N, K, activation, copy_dtype));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto) -> int32_t {
    Scratch scratch(ctx);
    const ProductScratch buffers(scratch, ctx->pool.threads(), ProductScratch::packed_words(N, K));
    VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
    if (rows == 0) return VN_OK;
    const LinearOutput output{y, pre, bias, N};
    const Weights weights{weight, copy, N, K, copy_dtype};
    const RowsProduct product{&gemm_for(ctx->isa, dtype), dtype, x, K, weights, true, rows, N, K};
    multiply(ctx, product, buffers, {finish_linear(ctx->level, dtype, activation), &output});
    return VN_OK;
  });
}

int32_t vn_linear_backward(vn_context* ctx, void* dx, float* dweight, float* dbias, const void* dy, const void* x,
                           const void* x_pre, const float* weight, const void* copy, int64_t rows, int64_t N,
                           int64_t K, int32_t activation, int32_t accumulate, int32_t dtype, int32_t copy_dtype) {
  constexpr const char* operation = "linear_backward";
  VN_TRY(check_linear_backward(ctx, dx, dweight, dy, x, x_pre, weight, copy, rows, N, K, activation, copy_dtype));
  if (copy) {
    return fail(ctx, VN_UNSUPPORTED, "%s: the CPU backend trains from the masters, copy must be null", operation);
  }
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    Scratch scratch(ctx);
    const int64_t words = std::max(dx ? ProductScratch::packed_words(K, N) : 0,
                                   dweight ? ProductScratch::packed_words_down(K) : 0);
    const ProductScratch buffers(scratch, ctx->pool.threads(), words);
    VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
    const Gemm& gemm = gemm_for(ctx->isa, dtype);
    if (dx && rows > 0) {
      const LinearGradient gradient{dx, x_pre, K};
      const RowsProduct product{&gemm, dtype, dy, N, {weight, nullptr, N, K, VN_F32}, false, rows, K, N};
      multiply(ctx, product, buffers, {backward_finish<T>(ctx->level, activation), &gradient});
    }
    if (dweight) {
      multiply_down(ctx, {&gemm, dtype, dy, N, x, K, rows, N, K, dweight, dbias, accumulate != 0}, buffers);
    } else if (dbias) {
      sum_columns(ctx, dbias, dy, rows, N, accumulate != 0, dtype);
    }
    return VN_OK;
  });
}

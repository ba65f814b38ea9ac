// Linear layer with an optional activation, weight [N, K] as in PyTorch.
//
//   forward    pre = x W^T + b,   y = act(pre)                     act: none, GELU by tanh, GELU by erf
//   backward   dx = (dy W) act'(x_pre)    where x = act(x_pre) was the layer before
//              dW (+)= dy^T x,   db (+)= sum_rows dy               (`accumulate` 0 writes, 1 adds)
//
// Shapes: x, dx, x_pre [rows, K]; y, pre, dy [rows, N] of `dtype`; W, dW [N, K], b, db [N] float32. Sums are float32;
// pre is rounded once, y is the activation of the rounded pre. W is read from its compute copy, where there is one:
// where that has the type of x, products run on tensor cores and lose nothing that the copy has not lost.
#include <algorithm>

#include "column_sums.cuh"
#include "linear_arguments.h"
#include "product.cuh"
#include "scratch_bytes.cuh"

namespace vn {

int64_t linear_scratch_bytes(const vn_sizes& s) {
  Scratch scratch;
  ProductScratch(scratch, std::max({s.C, s.ffn, 3 * s.H * s.D, s.Vp}));
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_linear_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* weight, const void* copy,
                          const float* bias, int64_t rows, int64_t N, int64_t K, int32_t activation, int32_t dtype,
                          int32_t copy_dtype) {
  constexpr const char* operation = "linear_forward";
  VN_TRY(check_linear_forward(ctx, y, pre, x, weight, copy, rows, N, K, activation, copy_dtype));
  if (!is_storage(dtype)) return refuse_dtype(ctx, operation, "dtype", dtype, "CUDA");
  Scratch scratch(ctx);
  const ProductScratch buffers(scratch, N);
  VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
  Finish finish{.out = y, .ld = N, .dtype = dtype};
  finish.bias = bias;
  finish.pre = pre;
  finish.activation = activation;
  return multiply(ctx, {rows, N, K, {x, K, dtype, false}, weight_matrix(weight, copy, N, K, copy_dtype, true), finish},
                  buffers);
}

int32_t vn_linear_backward(vn_context* ctx, void* dx, float* dweight, float* dbias, const void* dy, const void* x,
                           const void* x_pre, const float* weight, const void* copy, int64_t rows, int64_t N,
                           int64_t K, int32_t activation, int32_t accumulate, int32_t dtype, int32_t copy_dtype) {
  constexpr const char* operation = "linear_backward";
  VN_TRY(check_linear_backward(ctx, dx, dweight, dy, x, x_pre, weight, copy, rows, N, K, activation, copy_dtype));
  if (!is_storage(dtype)) return refuse_dtype(ctx, operation, "dtype", dtype, "CUDA");
  Scratch scratch(ctx);
  const ProductScratch buffers(scratch, N);
  const int64_t slots = dbias ? column_sums_floats(rows, N) * int64_t(sizeof(float)) : 0;  // in the place of `buffers`
  VN_TRY(require_workspace(ctx, operation, std::max(scratch.bytes(), slots)));
  if (dx) {
    Finish finish{.out = dx, .ld = K, .dtype = dtype};
    finish.x_pre = x_pre;
    finish.activation = activation;
    VN_TRY(multiply(ctx, {rows, K, N, {dy, N, dtype, false}, weight_matrix(weight, copy, N, K, copy_dtype, false),
                          finish}, buffers));
  }
  if (dweight) {
    Finish finish{.out = dweight, .ld = K, .dtype = VN_F32};
    finish.accumulate = accumulate != 0;
    return multiply(ctx, {N, K, rows, {dy, N, dtype, true}, {x, K, dtype, false}, finish, dbias}, buffers);
  }
  return dbias ? vn_reduce_rows(ctx, dbias, dy, rows, N, accumulate, dtype) : VN_OK;
}

// Bias and activation on their own: the unfused form of linear_forward's epilogue, and recomputation of its output.
//
//   forward    pre = x + bias (rounded to dtype),   y = act(pre)
//   backward   dx = dy act'(pre),   dbias (+)= sum_rows dx   (of the rounded dx, float32, rows in order)
//
// Shapes: x, y, pre, dx, dy [rows, N] of `dtype`; bias, dbias [N] float32. Elementwise: y may be x, dx may be dy.
#include "bias_activation_arguments.h"
#include "linear.h"
#include "linear_arguments.h"
#include "scratch_bytes.h"
#include "vector.h"

#define VN_LOOPS "bias_activation.inl"
#include "each_isa.h"

namespace vn {
namespace {

constexpr int64_t piece = 4096, task_elements = 16 << 10;

// Calls f(element, column, n) for pieces of rows.
template <class F>
void for_pieces(vn_context* ctx, int64_t rows, int64_t N, const F& f) {
  const int64_t pieces = ceil_div(N, piece), group = std::max<int64_t>(1, task_elements / std::min(N, piece));
  ctx->pool.run(ceil_div(rows * pieces, group), [&](int64_t task, int) {
    for (int64_t i = task * group; i < std::min(rows * pieces, (task + 1) * group); i++) {
      const int64_t column = i % pieces * piece;
      f(i / pieces * N + column, column, std::min(piece, N - column));
    }
  });
}

template <class T>
auto forward_of(Level level, int32_t activation) {
  switch (activation) {
    case VN_GELU_TANH: return VN_PICK(level, forward_row<T, VN_GELU_TANH>);
    case VN_GELU_ERF: return VN_PICK(level, forward_row<T, VN_GELU_ERF>);
    default: return VN_PICK(level, forward_row<T, VN_NO_ACTIVATION>);
  }
}

template <class T>
auto backward_of(Level level, int32_t activation) {
  switch (activation) {
    case VN_GELU_TANH: return VN_PICK(level, backward_row<T, VN_GELU_TANH>);
    case VN_GELU_ERF: return VN_PICK(level, backward_row<T, VN_GELU_ERF>);
    default: return VN_PICK(level, backward_row<T, VN_NO_ACTIVATION>);
  }
}

}  // namespace

int64_t bias_activation_scratch_bytes(const vn_sizes&, int) { return 0; }

}  // namespace vn

using namespace vn;

int32_t vn_bias_activation_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* bias, int64_t rows,
                                   int64_t N, int32_t activation, int32_t dtype) {
  constexpr const char* operation = "bias_activation_forward";
  VN_TRY(check_bias_activation_forward(ctx, y, x, rows, N, activation));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    const auto row = forward_of<T>(ctx->level, activation);
    for_pieces(ctx, rows, N, [&](int64_t at, int64_t column, int64_t n) {
      row(static_cast<T*>(y) + at, pre ? static_cast<T*>(pre) + at : nullptr, static_cast<const T*>(x) + at,
          bias ? bias + column : nullptr, n);
    });
    return VN_OK;
  });
}

int32_t vn_bias_activation_backward(vn_context* ctx, void* dx, float* dbias, const void* dy, const void* pre,
                                    int64_t rows, int64_t N, int32_t activation, int32_t accumulate, int32_t dtype) {
  constexpr const char* operation = "bias_activation_backward";
  VN_TRY(check_bias_activation_backward(ctx, dx, dy, pre, rows, N, activation));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) -> int32_t {
    using T = decltype(type);
    const auto row = backward_of<T>(ctx->level, activation);
    for_pieces(ctx, rows, N, [&](int64_t at, int64_t, int64_t n) {
      row(static_cast<T*>(dx) + at, static_cast<const T*>(dy) + at, static_cast<const T*>(pre) + at, n);
    });
    if (dbias) sum_columns(ctx, dbias, dx, rows, N, accumulate != 0, dtype);
    return VN_OK;
  });
}

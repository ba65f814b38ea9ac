// Residual sum and layer normalisation over the last axis (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
//
//   forward    s = residual + dropout(x)          (stored; what follows reads it as stored)
//              mu = mean_c s,   r = (var_c s + eps)^(-1/2),   n = (s - mu) r,   out = n g + b
//   backward   db = sum dout,   dg = sum dout n   (sums over rows)
//              ds = r (h - mean_c h - n mean_c(h n)),   h = dout g
//              dresidual (+)= ds,   dx = dropout(dresidual)   (the same mask)
//
// layernorm1p stores g - 1. Statistics in float32, two passes. Rows are independent; dg and db are summed within slots
// of 64 rows, then over the slots in order, so that no result depends on threads.
#include <cstring>

#include "dropout.h"
#include "residual_layernorm_arguments.h"
#include "scratch_bytes.h"

namespace vn {
namespace {

template <class R, class T>  // residual and activation types
struct LayerNorm {
  R* sum;
  T* out;
  float *mean, *rstd;
  const R* residual;
  const T* x;
  const float *weight, *bias;
  int64_t C;
  float eps, weight_offset;
  RowDropout dropout;
};

template <class R, class T>
struct LayerNormGradient {
  R* dresidual;
  T* dx;
  const T* dout;
  const R* sum;
  const float *mean, *rstd, *weight;
  int64_t C;
  float weight_offset;
  bool add_residual;
  RowDropout dropout;
};

constexpr int64_t tile_rows = 32, slot_rows = 64, tile_columns = 256;

}  // namespace
}  // namespace vn

#define VN_LOOPS "residual_layernorm.inl"
#include "each_isa.h"

using namespace vn;

namespace {

float* take_slots(Scratch& scratch, int64_t rows, int64_t C) {
  return scratch.take<float>(ceil_div(rows, slot_rows) * 2 * C);
}

}  // namespace

int64_t vn::residual_layernorm_scratch_bytes(const vn_sizes& sizes, int) {
  Scratch scratch;
  if (sizes.training) take_slots(scratch, sizes.rows, sizes.C);
  return scratch.bytes();
}

int32_t vn_residual_layernorm_forward(vn_context* ctx, void* sum, void* out, float* mean, float* rstd,
                                      const void* residual, const void* x, const float* weight, const float* bias,
                                      int64_t rows, int64_t T, int64_t C, float eps, int32_t norm, int32_t site,
                                      float dropout, int32_t dtype, int32_t residual_dtype) {
  const char* operation = "residual_layernorm_forward";
  VN_TRY(check_residual_layernorm_forward(ctx, sum, out, mean, rstd, residual, x, weight, rows, T, C, eps, norm,
                                          dropout));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    return for_dtype(ctx, operation, "residual_dtype", residual_dtype, [&](auto residual_type) {
      using A = decltype(type);
      using R = decltype(residual_type);
      const LayerNorm<R, A> a = {
          static_cast<R*>(sum), static_cast<A*>(out), mean, rstd, static_cast<const R*>(residual),
          static_cast<const A*>(x), weight, bias, C, eps, norm == VN_LAYERNORM1P ? 1.0f : 0.0f,
          RowDropout(ctx, site, x ? dropout : 0, T, C)};
      const auto run = VN_PICK(ctx->level, forward<R, A>);
      ctx->pool.run(ceil_div(rows, tile_rows), [&](int64_t tile, int) {
        run(a, tile * tile_rows, std::min(rows, (tile + 1) * tile_rows));
      });
      return VN_OK;
    });
  });
}

int32_t vn_residual_layernorm_backward(vn_context* ctx, void* dresidual, void* dx, float* dweight, float* dbias,
                                       const void* dout, const void* sum, const float* mean, const float* rstd,
                                       const float* weight, int64_t rows, int64_t T, int64_t C, int32_t norm,
                                       int32_t site, float dropout, int32_t add_residual, int32_t accumulate,
                                       int32_t dtype, int32_t residual_dtype) {
  const char* operation = "residual_layernorm_backward";
  VN_TRY(check_residual_layernorm_backward(ctx, dresidual, dx, dout, sum, mean, rstd, weight, rows, T, C, norm,
                                           dropout));
  Scratch scratch(ctx);
  float* slots = take_slots(scratch, rows, C);
  VN_TRY(require_workspace(ctx, operation, scratch.bytes()));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    return for_dtype(ctx, operation, "residual_dtype", residual_dtype, [&](auto residual_type) {
      using A = decltype(type);
      using R = decltype(residual_type);
      const LayerNormGradient<R, A> a = {
          static_cast<R*>(dresidual), static_cast<A*>(dx), static_cast<const A*>(dout), static_cast<const R*>(sum),
          mean, rstd, weight, C, norm == VN_LAYERNORM1P ? 1.0f : 0.0f, add_residual != 0,
          RowDropout(ctx, site, dx ? dropout : 0, T, C)};
      const int64_t count = ceil_div(rows, slot_rows);
      const auto run = VN_PICK(ctx->level, backward<R, A>);
      ctx->pool.run(count, [&](int64_t tile, int) {
        run(a, slots + tile * 2 * C, tile * slot_rows, std::min(rows, (tile + 1) * slot_rows));
      });
      const auto add = VN_PICK(ctx->level, add_slots);
      ctx->pool.run(ceil_div(C, tile_columns), [&](int64_t tile, int) {
        const int64_t begin = tile * tile_columns, end = std::min(C, begin + tile_columns);
        if (dweight) add(dweight, slots, count, 2 * C, begin, end, accumulate != 0);
        if (dbias) add(dbias, slots + C, count, 2 * C, begin, end, accumulate != 0);
      });
      return VN_OK;
    });
  });
}

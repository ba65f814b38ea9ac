// Dropout factors of consecutive elements, many Philox counters at a time: vn::<level>::dropout_factors.
#pragma once
#include <immintrin.h>

#include <cstring>

#include "context.h"
#include "philox.h"

namespace vn {

// The dropout of a [rows, C] matrix: its row r is token r % T of sample first_sample + r / T.
struct RowDropout {
  Dropout dropout;
  uint64_t first_sample;
  int64_t T, C;

  RowDropout(const vn_context* ctx, int32_t site, float probability, int64_t T, int64_t C)
      : dropout(probability > 0 ? ctx->step->seed : 0, site, probability),
        first_sample(probability > 0 ? uint64_t(ctx->step->first_sample) : 0), T(T), C(C) {}

  bool draws() const { return dropout.draws(); }
  uint64_t sample(int64_t row) const { return first_sample + uint64_t(row / T); }
  uint64_t element(int64_t row, int64_t column) const { return uint64_t(row % T * C + column); }
};

}  // namespace vn

// 64-bit lanes of which the low half counts: a product of two low halves is one instruction everywhere.
namespace vn::scalar {
typedef uint64_t Lanes __attribute__((vector_size(16)));
inline __attribute__((always_inline)) Lanes product(Lanes a, Lanes b) {
  return Lanes(_mm_mul_epu32(__m128i(a), __m128i(b)));
}
}  // namespace vn::scalar

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
namespace vn::avx2 {
typedef uint64_t Lanes __attribute__((vector_size(32)));
inline __attribute__((always_inline)) Lanes product(Lanes a, Lanes b) {
  return Lanes(_mm256_mul_epu32(__m256i(a), __m256i(b)));
}
}  // namespace vn::avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")
namespace vn::avx512 {
typedef uint64_t Lanes __attribute__((vector_size(64)));
inline __attribute__((always_inline)) Lanes product(Lanes a, Lanes b) {
  return Lanes(_mm512_mul_epu32(__m512i(a), __m512i(b)));
}
}  // namespace vn::avx512
#pragma GCC pop_options

#define VN_LOOPS "dropout.inl"
#include "each_isa.h"

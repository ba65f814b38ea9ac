// Micro-kernels by instruction set (gemm.h): tile[rows][32] = A block times B panel over kw words.
#include <immintrin.h>

#include <cstring>

#include "gemm_parts.h"
#include "vector.h"

namespace vn {
namespace {

// ---- scalar: eight columns at a time, sums in registers as far as the compiler finds them ----

template <bool BY_ROWS>
void scalar_micro(int rows, int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  constexpr int width = 8;
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < panel_columns; j += width) {
      float sums[width] = {};
      for (int64_t k = 0; k < kw; k++) {
        const float value = float_of(BY_ROWS ? a[i * lda + k] : a[k * lda + i]);
        for (int c = 0; c < width; c++) sums[c] += value * float_of(b[k * panel_columns + j + c]);
      }
      memcpy(tile + i * panel_columns + j, sums, sizeof sums);
    }
  }
}

// ---- AVX2: the panel in two halves of 16 columns, blocks of 6 rows: 12 accumulators, 2 of B, 1 broadcast ----

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")

template <int MR, bool BY_ROWS>
void avx2_block(int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  __m256 c0[MR], c1[MR];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++) c0[i] = c1[i] = _mm256_setzero_ps();
  const char *p0 = reinterpret_cast<const char*>(a), *p1 = p0 + 12 * lda;  // three rows share a base register
  const float* panel = reinterpret_cast<const float*>(b);
  int64_t l1 = lda * 4;
  const auto step = [&](int u) __attribute__((always_inline)) {
    const __m256 b0 = _mm256_load_ps(panel + u * panel_columns), b1 = _mm256_load_ps(panel + u * panel_columns + 8);
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++) {
      const int64_t row = i % 3 == 0 ? 0 : i % 3 == 1 ? l1 : 2 * l1;
      const char* p = BY_ROWS ? (i < 3 ? p0 : p1) + row + 4 * u : p0 + 4 * i + u * l1;
      const __m256 value = _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
      c0[i] = _mm256_fmadd_ps(value, b0, c0[i]);
      c1[i] = _mm256_fmadd_ps(value, b1, c1[i]);
    }
  };
  const auto advance = [&](int words) __attribute__((always_inline)) {
    p0 += BY_ROWS ? words * 4 : words * l1;
    if (BY_ROWS) p1 += words * 4;
    panel += words * panel_columns;
    kw -= words;
    __asm__ volatile("" : "+r"(p0), "+r"(p1), "+r"(l1));
  };
  while (kw >= 2) {
    step(0);
    step(1);
    advance(2);
  }
  if (kw > 0) step(0);
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++) {
    _mm256_store_ps(tile + i * panel_columns, c0[i]);
    _mm256_store_ps(tile + i * panel_columns + 8, c1[i]);
  }
}

template <bool BY_ROWS>
void avx2_micro(int rows, int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  for (int i = 0; i < rows; i += 6) {
    for (int half = 0; half < panel_columns; half += 16) {
      const word *ai = a + (BY_ROWS ? i * lda : i), *bi = b + half;
      float* t = tile + i * panel_columns + half;
      switch (rows - i) {
        case 1: avx2_block<1, BY_ROWS>(kw, ai, lda, bi, t); break;
        case 2: avx2_block<2, BY_ROWS>(kw, ai, lda, bi, t); break;
        case 3: avx2_block<3, BY_ROWS>(kw, ai, lda, bi, t); break;
        case 4: avx2_block<4, BY_ROWS>(kw, ai, lda, bi, t); break;
        case 5: avx2_block<5, BY_ROWS>(kw, ai, lda, bi, t); break;
        default: avx2_block<6, BY_ROWS>(kw, ai, lda, bi, t);
      }
    }
  }
}

#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")
namespace fma512 {

VN_INLINE __m512 dot(__m512 c, __m512i a, __m512i b) {
  return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), c);
}
#include "gemm_micro512.inl"

}  // namespace fma512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c")
namespace bf16512 {

VN_INLINE __m512 dot(__m512 c, __m512i a, __m512i b) { return _mm512_dpbf16_ps(c, (__m512bh)b, (__m512bh)a); }
#include "gemm_micro512.inl"

}  // namespace bf16512
#pragma GCC pop_options

}  // namespace

MicroKernels scalar_micro_kernels() { return {scalar_micro<true>, scalar_micro<false>, 8}; }
MicroKernels avx2_micro_kernels() { return {avx2_micro<true>, avx2_micro<false>, 12}; }
MicroKernels avx512_micro_kernels() { return {fma512::micro<true>, fma512::micro<false>, 14}; }
MicroKernels avx512bf16_micro_kernels() { return {bf16512::micro<true>, bf16512::micro<false>, 14}; }

}  // namespace vn

// Packs of operands into panels (gemm.h), in floats for every vector width and in pairs of bf16 for AVX-512.
#include "gemm_parts.h"
#include "vector.h"

// Pairs of bf16 as words, 16 at a time: only where such pairs are multiplied, so for AVX-512 alone.
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")
namespace vn::avx512 {

static VN_INLINE Vec pairs_along(const bf16* p, int64_t left) {
  const auto lanes = __mmask32(left >= 32 ? 0xffffffffu : left > 0 ? (1u << left) - 1 : 0);
  return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(lanes, p));
}
static VN_INLINE Vec pairs_along(const float* p, int64_t left) {
  const __m512i low = _mm512_castsi256_si512(narrow(bf16{}, load(p, left)));
  return _mm512_castsi512_ps(_mm512_inserti64x4(low, narrow(bf16{}, load(p + 16, left - 16)), 1));
}
static VN_INLINE __m256i sixteen(const bf16* p, int64_t left) { return _mm256_maskz_loadu_epi16(lanes_below(left), p); }
static VN_INLINE __m256i sixteen(const float* p, int64_t left) { return narrow(bf16{}, load(p, left)); }
template <class T>
static VN_INLINE Vec pairs_down(const T* p, const T* q, int64_t left) {
  const __m512i low = _mm512_cvtepu16_epi32(sixteen(p, left));
  if (!q) return _mm512_castsi512_ps(low);
  return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(_mm512_cvtepu16_epi32(sixteen(q, left)), 16)));
}

}  // namespace vn::avx512
#pragma GCC pop_options

#define VN_LOOPS "gemm_pack.inl"
#include "each_isa.h"

namespace vn {
namespace {

template <class T>
void fill_floats(Gemm* gemm, Level level) {
  gemm->transposed_f32 = VN_PICK(level, pack_transposed<float, false>);
  gemm->straight_f32 = VN_PICK(level, pack_straight<float, false, panel_columns>);
  gemm->transposed = VN_PICK(level, pack_transposed<T, false>);
  gemm->straight = VN_PICK(level, pack_straight<T, false, panel_columns>);
  gemm->straight_k_major = VN_PICK(level, pack_straight<T, false, k_major_rows>);
  gemm->straight_k_major_f32 = VN_PICK(level, pack_straight<float, false, k_major_rows>);
  gemm->copy_rows = VN_PICK(level, copy_rows<T, false>);
  gemm->copy_rows_f32 = VN_PICK(level, copy_rows<float, false>);
}

void fill_pairs(Gemm* gemm) {
  gemm->pairs = true;
  gemm->transposed_f32 = avx512::pack_transposed<float, true>;
  gemm->straight_f32 = avx512::pack_straight<float, true, panel_columns>;
  gemm->transposed = avx512::pack_transposed<bf16, true>;
  gemm->straight = avx512::pack_straight<bf16, true, panel_columns>;
  gemm->straight_k_major = avx512::pack_straight<bf16, true, k_major_rows>;
  gemm->straight_k_major_f32 = avx512::pack_straight<float, true, k_major_rows>;
  gemm->copy_rows = avx512::copy_rows<bf16, true>;
  gemm->copy_rows_f32 = avx512::copy_rows<float, true>;
}

}  // namespace

void fill_packs(Gemm* gemm, Isa isa, int32_t dtype) {
  const Level level = level_of(isa);
  gemm->element_bytes = int(storage_bytes(dtype));
  if (dtype == VN_F32) return fill_floats<float>(gemm, level);
  if (dtype == VN_F16) return fill_floats<f16>(gemm, level);
  isa >= Isa::avx512bf16 ? fill_pairs(gemm) : fill_floats<bf16>(gemm, level);
}

}  // namespace vn

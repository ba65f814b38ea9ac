// A vector of floats, three times: vn::scalar (1), vn::avx2 (8), vn::avx512 (16 floats), one interface. Files compiled
// by each_isa.h use it unqualified:
//
//   Vec            `width` floats; + - * / and unary -; a float converts to a Vec of equal lanes
//   load(p)        from float, bf16, f16 or int8, no alignment needed;   store(p, v) rounds to nearest even
//   load(p, n)     lanes 0 .. n-1, zeros after; n may be <= 0 or more than the width;   store(p, v, n) likewise
//   fma(a, b, c)   a b + c, one rounding (two in scalar);   nfma(a, b, c) = c - a b
//   min max sqrt abs round (to nearest even)   of lanes; min and max return their second argument if one is NaN
//   first(v, n, other)       lanes 0 .. n-1 of v, then those of other
//   select_less(a, b, x, y)  x where a < b, else y
//   scale2(v, n)   v 2^n for whole n in [-152, 128], right for subnormal results
//   sum, largest   over all lanes, in a fixed order
//   stream(p, v)   store past the caches to aligned memory; end_stream() before another thread reads it
//   rounded<T>(v)  what a store to T and a load give
//   transpose(v)   width x width lanes of an array of Vecs, bits kept
//
// Functions of it (exp, gelu, ...) are in vector_math.inl.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "storage.h"

#define VN_INLINE inline __attribute__((always_inline))

namespace vn::scalar {

struct Vec {
  static constexpr int64_t width = 1;
  float v;
  Vec() = default;
  VN_INLINE Vec(float x) : v(x) {}
};
VN_INLINE Vec operator+(Vec a, Vec b) { return a.v + b.v; }
VN_INLINE Vec operator-(Vec a, Vec b) { return a.v - b.v; }
VN_INLINE Vec operator*(Vec a, Vec b) { return a.v * b.v; }
VN_INLINE Vec operator/(Vec a, Vec b) { return a.v / b.v; }
VN_INLINE Vec fma(Vec a, Vec b, Vec c) { return a.v * b.v + c.v; }
VN_INLINE Vec nfma(Vec a, Vec b, Vec c) { return c.v - a.v * b.v; }
VN_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a.v : b.v; }
VN_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a.v : b.v; }
VN_INLINE Vec sqrt(Vec a) { return __builtin_sqrtf(a.v); }
VN_INLINE Vec abs(Vec a) { return __builtin_fabsf(a.v); }
VN_INLINE Vec round(Vec a) { return nearbyintf(a.v); }
VN_INLINE Vec select_less(Vec a, Vec b, Vec x, Vec y) { return a.v < b.v ? x : y; }
VN_INLINE Vec first(Vec v, int64_t n, Vec other) { return n > 0 ? v : other; }
VN_INLINE float sum(Vec a) { return a.v; }
VN_INLINE float largest(Vec a) { return a.v; }
VN_INLINE Vec scale2(Vec v, Vec n) {
  const int32_t whole = int32_t(n.v), half = whole / 2;
  return v.v * float_of(uint32_t(half + 127) << 23) * float_of(uint32_t(whole - half + 127) << 23);
}
template <class T>
VN_INLINE Vec load(const T* p) {
  return to_float(*p);
}
template <class T>
VN_INLINE Vec load(const T* p, int64_t n) {
  return n > 0 ? to_float(*p) : 0.0f;
}
template <class T>
VN_INLINE void store(T* p, Vec v) {
  *p = from_float<T>(v.v);
}
template <class T>
VN_INLINE void store(T* p, Vec v, int64_t n) {
  if (n > 0) store(p, v);
}
template <class T>
VN_INLINE Vec rounded(Vec v) {
  return to_float(from_float<T>(v.v));
}
VN_INLINE void transpose(Vec*) {}
VN_INLINE void stream(float* p, Vec v) { *p = v.v; }
VN_INLINE void end_stream() {}

#include "vector_math.inl"

}  // namespace vn::scalar

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
namespace vn::avx2 {

struct Vec {
  static constexpr int64_t width = 8;
  __m256 v;
  Vec() = default;
  VN_INLINE Vec(__m256 x) : v(x) {}
  VN_INLINE Vec(float x) : v(_mm256_set1_ps(x)) {}
};
VN_INLINE Vec operator+(Vec a, Vec b) { return _mm256_add_ps(a.v, b.v); }
VN_INLINE Vec operator-(Vec a, Vec b) { return _mm256_sub_ps(a.v, b.v); }
VN_INLINE Vec operator*(Vec a, Vec b) { return _mm256_mul_ps(a.v, b.v); }
VN_INLINE Vec operator/(Vec a, Vec b) { return _mm256_div_ps(a.v, b.v); }
VN_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
VN_INLINE Vec nfma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a.v, b.v, c.v); }
VN_INLINE Vec min(Vec a, Vec b) { return _mm256_min_ps(a.v, b.v); }
VN_INLINE Vec max(Vec a, Vec b) { return _mm256_max_ps(a.v, b.v); }
VN_INLINE Vec sqrt(Vec a) { return _mm256_sqrt_ps(a.v); }
VN_INLINE Vec abs(Vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v); }
VN_INLINE Vec round(Vec a) { return _mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VN_INLINE __m256i lanes_below(int64_t n) {
  const int count = int(n < 0 ? 0 : n > 8 ? 8 : n);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
VN_INLINE Vec select_less(Vec a, Vec b, Vec x, Vec y) {
  return _mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ));
}
VN_INLINE Vec first(Vec v, int64_t n, Vec other) {
  return _mm256_blendv_ps(other.v, v.v, _mm256_castsi256_ps(lanes_below(n)));
}
VN_INLINE float sum(Vec a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
VN_INLINE float largest(Vec a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
VN_INLINE Vec scale2(Vec v, Vec n) {
  const __m256i bias = _mm256_set1_epi32(127), whole = _mm256_cvtps_epi32(n.v), half = _mm256_srai_epi32(whole, 1);
  const __m256i low = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i high = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
  return _mm256_mul_ps(_mm256_mul_ps(v.v, _mm256_castsi256_ps(low)), _mm256_castsi256_ps(high));
}
VN_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
VN_INLINE Vec load(const bf16* p) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
VN_INLINE Vec load(const f16* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
VN_INLINE Vec load(const int8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
VN_INLINE __m128i round_bf16(Vec a) {
  const __m256i u = _mm256_castps_si256(a.v), odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
  const __m256i up = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
  const __m256 nan = _mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q);
  const __m256i bits = _mm256_srli_epi32(_mm256_blendv_epi8(up, quiet, _mm256_castps_si256(nan)), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
}
VN_INLINE void store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }
VN_INLINE void store(bf16* p, Vec a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), round_bf16(a)); }
VN_INLINE void store(f16* p, Vec a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}
VN_INLINE Vec load(const float* p, int64_t n) {
  return n >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes_below(n));
}
template <class T>
VN_INLINE Vec load(const T* p, int64_t n) {
  if (n >= 8) return load(p);
  T part[8] = {};
  for (int64_t i = 0; i < n; i++) part[i] = p[i];
  return load(part);
}
VN_INLINE void store(float* p, Vec a, int64_t n) {
  if (n >= 8) return store(p, a);
  _mm256_maskstore_ps(p, lanes_below(n), a.v);
}
template <class T>
VN_INLINE void store(T* p, Vec a, int64_t n) {
  if (n >= 8) return store(p, a);
  T part[8];
  store(part, a);
  for (int64_t i = 0; i < n; i++) p[i] = part[i];
}
template <class T>
VN_INLINE Vec rounded(Vec v) {
  T part[8];
  store(part, v);
  return load(part);
}
VN_INLINE void transpose(Vec* r) {
  __m256 t[8], u[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i].v, r[2 * i + 1].v);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i].v, r[2 * i + 1].v);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}
VN_INLINE void stream(float* p, Vec v) { _mm256_stream_ps(p, v.v); }
VN_INLINE void end_stream() { _mm_sfence(); }

#include "vector_math.inl"

}  // namespace vn::avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")
namespace vn::avx512 {

struct Vec {
  static constexpr int64_t width = 16;
  __m512 v;
  Vec() = default;
  VN_INLINE Vec(__m512 x) : v(x) {}
  VN_INLINE Vec(float x) : v(_mm512_set1_ps(x)) {}
};
VN_INLINE Vec operator+(Vec a, Vec b) { return _mm512_add_ps(a.v, b.v); }
VN_INLINE Vec operator-(Vec a, Vec b) { return _mm512_sub_ps(a.v, b.v); }
VN_INLINE Vec operator*(Vec a, Vec b) { return _mm512_mul_ps(a.v, b.v); }
VN_INLINE Vec operator/(Vec a, Vec b) { return _mm512_div_ps(a.v, b.v); }
VN_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
VN_INLINE Vec nfma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a.v, b.v, c.v); }
VN_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a.v, b.v); }
VN_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a.v, b.v); }
VN_INLINE Vec sqrt(Vec a) { return _mm512_sqrt_ps(a.v); }
VN_INLINE Vec abs(Vec a) { return _mm512_abs_ps(a.v); }
VN_INLINE Vec round(Vec a) { return _mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VN_INLINE __mmask16 lanes_below(int64_t n) { return __mmask16(n >= 16 ? 0xffff : n > 0 ? (1u << n) - 1 : 0); }
VN_INLINE Vec select_less(Vec a, Vec b, Vec x, Vec y) {
  return _mm512_mask_mov_ps(y.v, _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), x.v);
}
VN_INLINE Vec first(Vec v, int64_t n, Vec other) { return _mm512_mask_mov_ps(other.v, lanes_below(n), v.v); }
VN_INLINE float sum(Vec a) { return _mm512_reduce_add_ps(a.v); }
VN_INLINE float largest(Vec a) { return _mm512_reduce_max_ps(a.v); }
VN_INLINE Vec scale2(Vec v, Vec n) { return _mm512_scalef_ps(v.v, n.v); }
VN_INLINE Vec widen(bf16, __m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
VN_INLINE Vec widen(f16, __m256i bits) { return _mm512_cvtph_ps(bits); }
VN_INLINE __m256i narrow(bf16, Vec a) {
  const __m512i u = _mm512_castps_si512(a.v), odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  const __m512i up = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_or_epi32(up, nan, u, _mm512_set1_epi32(0x400000)), 16));
}
VN_INLINE __m256i narrow(f16, Vec a) { return _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VN_INLINE Vec load(const int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
VN_INLINE Vec load(const int8_t* p, int64_t n) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(lanes_below(n), p)));
}
VN_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
VN_INLINE Vec load(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(lanes_below(n), p); }
VN_INLINE void store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
VN_INLINE void store(float* p, Vec a, int64_t n) { _mm512_mask_storeu_ps(p, lanes_below(n), a.v); }
template <class T>
VN_INLINE Vec load(const T* p) {
  return widen(T{}, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
template <class T>
VN_INLINE Vec load(const T* p, int64_t n) {
  return widen(T{}, _mm256_maskz_loadu_epi16(lanes_below(n), p));
}
template <class T>
VN_INLINE void store(T* p, Vec a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(T{}, a));
}
template <class T>
VN_INLINE void store(T* p, Vec a, int64_t n) {
  _mm256_mask_storeu_epi16(p, lanes_below(n), narrow(T{}, a));
}
template <class T>
VN_INLINE Vec rounded(Vec v) {
  if constexpr (sizeof(T) == 4) return v;
  else return widen(T{}, narrow(T{}, v));
}
VN_INLINE void transpose(Vec* r) {
  __m512 t[16], u[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i].v, r[2 * i + 1].v);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i].v, r[2 * i + 1].v);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    u[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(u[i], u[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(u[i], u[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
  }
}
VN_INLINE void stream(float* p, Vec v) { _mm512_stream_ps(p, v.v); }
VN_INLINE void end_stream() { _mm_sfence(); }

#include "vector_math.inl"

}  // namespace vn::avx512
#pragma GCC pop_options

// Storage types of activations: float, bfloat16 and IEEE half. Arithmetic is float32; storing rounds to nearest even.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "call.h"

namespace vn {

inline float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }

struct bf16 {
  uint16_t bits;
};
struct f16 {
  uint16_t bits;
};

inline float to_float(float x) { return x; }
inline float to_float(bf16 x) { return float_of(uint32_t(x.bits) << 16); }

// A half's exponent is moved from bias 15 to 127; a subnormal is renormalised by a subtraction of floats.
inline float to_float(f16 x) {
  const uint32_t sign = uint32_t(x.bits & 0x8000) << 16, magnitude = x.bits & 0x7fff;
  uint32_t bits = (magnitude << 13) + ((127 - 15) << 23);
  if (magnitude >= 0x7c00) {
    bits += (127 - 15) << 23;  // infinity and not-a-number
  } else if (magnitude < 0x0400) {
    constexpr uint32_t smallest_normal = 113u << 23;  // 2^-14
    bits = bits_of(float_of((magnitude << 13) + smallest_normal) -
                                   float_of(smallest_normal));
  }
  return float_of(bits | sign);
}

template <class T>
T from_float(float x);

template <>
inline float from_float<float>(float x) {
  return x;
}

template <>
inline bf16 from_float<bf16>(float x) {
  const uint32_t bits = bits_of(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return {uint16_t(bits >> 16 | 0x40)};  // stay not-a-number
  return {uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

template <>
inline f16 from_float<f16>(float x) {
  const uint32_t bits = bits_of(x), magnitude = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
  uint32_t half;
  if (magnitude > 0x7f800000) {
    half = 0x7e00 | (magnitude >> 13 & 0x3ff);
  } else if (magnitude >= 0x47800000) {  // 2^16
    half = 0x7c00;
  } else if (magnitude < 0x38800000) {  // 2^-14: adding 0.5 leaves the subnormal's bits, rounded, in the mantissa
    half = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  } else {
    half = (magnitude - ((127 - 15) << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  }
  return {uint16_t(half | sign)};
}

template <class T>
constexpr int32_t dtype_of() {
  return sizeof(T) == 4 ? VN_F32 : std::is_same_v<T, bf16> ? VN_BF16 : VN_F16;
}

}  // namespace vn

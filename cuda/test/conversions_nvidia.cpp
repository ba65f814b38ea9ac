// NVIDIA's side: its headers have the conversions for hosts too.
#include "conversions.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstring>

namespace {

template <class T>
T of_bits(uint16_t bits) {
  T value;
  memcpy(static_cast<void*>(&value), &bits, 2);
  return value;
}
template <class T>
uint16_t bits_of(T value) {
  uint16_t bits;
  memcpy(&bits, &value, 2);
  return bits;
}

}  // namespace

float nvidia_from_bf16(uint16_t bits) { return __bfloat162float(of_bits<__nv_bfloat16>(bits)); }
float nvidia_from_half(uint16_t bits) { return __half2float(of_bits<__half>(bits)); }
uint16_t nvidia_to_bf16(float x) { return bits_of(__float2bfloat16_rn(x)); }
uint16_t nvidia_to_half(float x) { return bits_of(__float2half_rn(x)); }

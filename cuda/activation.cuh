// GELU in float32, by tanh and by erf (Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415), and its derivative.
//
//   tanh   x (1 + tanh u) / 2 = x s,   s = 1 / (1 + e^(-2u)),   u = sqrt(2/pi) (x + 0.044715 x^3): no cancellation
//          derivative   s + x s (1 - s) (2u)',   1 - s = e^(-2u) s
//   erf    x P(x),   P the normal distribution;   derivative   P(x) + x p(x)
#pragma once
#include "abi.h"
#include "device.cuh"

namespace vn {

constexpr float gelu_slope = 2 * 0.7978845608f, gelu_cubic = 0.044715f;
constexpr float sqrt_half = 0.7071067812f, normal_density = 0.3989422804f;

__device__ __forceinline__ float activate(int32_t activation, float x) {
  if (activation == VN_GELU_TANH) return x / (1 + __expf(-gelu_slope * (x + gelu_cubic * x * x * x)));
  if (activation == VN_GELU_ERF) return 0.5f * x * (1 + erff(x * sqrt_half));
  return x;
}

__device__ __forceinline__ float activation_gradient(int32_t activation, float x) {
  if (activation == VN_GELU_TANH) {
    x = fminf(10.0f, fmaxf(-10.0f, x));  // beyond, it is 0 or 1, and e^(-2u) would overflow
    const float e = __expf(-gelu_slope * (x + gelu_cubic * x * x * x)), s = 1 / (1 + e);
    return s + x * s * (e * s) * gelu_slope * (1 + 3 * gelu_cubic * x * x);
  }
  if (activation == VN_GELU_ERF) {
    x = fminf(20.0f, fmaxf(-20.0f, x));
    return 0.5f * (1 + erff(x * sqrt_half)) + x * normal_density * __expf(-0.5f * x * x);
  }
  return 1;
}

}  // namespace vn

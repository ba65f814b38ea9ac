// Activations in float32, by kind (a vn_activation, the same for all threads of a launch).
//
//   GELU by tanh   x (1 + tanh u) / 2 = x / (1 + e^(-2u)),   u = sqrt(2/pi) (x + 0.044715 x^3): no cancellation
//   GELU by erf    x P(x), P the normal distribution
//
// Fast exponentials and quotients: their error (2 ulp, and an ulp more for every unit of the argument) is greatest where
// the result vanishes, and ten times smaller than what is allowed where it does not.
#pragma once
#include "context.cuh"

namespace vn {

// 2u = x (slope + slope * cubic * x^2)
constexpr float gelu_slope = 2 * 0.7978845608f, gelu_cubic = 0.044715f;

__device__ __forceinline__ float gelu_tanh_exponential(float x) {
  return __expf(x * fmaf(x * x, -gelu_slope * gelu_cubic, -gelu_slope));
}

// P(x), and its density p(x). P(-a) e^(a^2 / 2) = t q(t) with t = 1 / (1 + a / 4) and q of degree 9, fitted at Chebyshev
// points of t in (0, 1]: relative error 4e-7 also in the tail, where 1 + erf would cancel.
__device__ __forceinline__ float normal_distribution(float x, float* density) {
  const float a = fabsf(x), e = __expf(a * a * -0.5f), t = __fdividef(1, fmaf(a, 0.25f, 1));
  float q = fmaf(0.0200627348f, t, -0.0820237834f);
  q = fmaf(q, t, 0.0975288545f);
  q = fmaf(q, t, -0.0334529475f);
  q = fmaf(q, t, 0.0645958026f);
  q = fmaf(q, t, 0.0587071689f);
  q = fmaf(q, t, 0.0816472822f);
  q = fmaf(q, t, 0.0934627863f);
  q = fmaf(q, t, 0.0997365398f);
  q = fmaf(q, t, 0.0997355662f);
  const float tail = q * t * e;
  *density = e * 0.3989422804f;
  return x < 0 ? tail : 1 - tail;
}

__device__ __forceinline__ float activate(float x, int kind) {
  if (kind == VN_GELU_TANH) return __fdividef(x, 1 + gelu_tanh_exponential(x));
  if (kind == VN_GELU_ERF) {
    float density;
    return x * normal_distribution(x, &density);
  }
  return x;
}

// x within -limit .. limit; not-a-number stays.
__device__ __forceinline__ float cut_off(float x, float limit) { return x > limit ? limit : x < -limit ? -limit : x; }

// The derivative at x. Where it is 0 or 1 to the last bit x is cut off, before anything overflows.
__device__ __forceinline__ float activation_slope(float x, int kind) {
  if (kind == VN_GELU_TANH) {  // s + x s (1 - s) (2u)' with e = e^(-2u), s = 1 / (1 + e), 1 - s = e s
    x = cut_off(x, 10);
    const float e = gelu_tanh_exponential(x), s = __fdividef(1, 1 + e);
    return fmaf(x * (s * e) * s, fmaf(x * x, 3 * gelu_slope * gelu_cubic, gelu_slope), s);
  }
  if (kind == VN_GELU_ERF) {  // P(x) + x p(x)
    x = cut_off(x, 20);
    float density;
    const float p = normal_distribution(x, &density);
    return fmaf(x, density, p);
  }
  return 1;
}

}  // namespace vn

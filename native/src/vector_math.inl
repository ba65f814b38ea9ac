// Functions of a Vec, once per vector width.

VN_INLINE Vec operator-(Vec a) { return Vec(-0.0f) - a; }

// e^x: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r, scaled by 2^n. Relative error 9e-8; NaN
// passes through, below -104 the result is 0, above 89 infinity.
VN_INLINE Vec exp(Vec x) {
  x = min(89.0f, max(-104.0f, x));
  const Vec n = round(x * 1.44269504f);
  const Vec r = nfma(n, -2.12194440e-4f, nfma(n, 0.693359375f, x));
  Vec p = fma(1.3930436e-3f, r, 8.3608415e-3f);
  p = fma(p, r, 4.1666519e-2f);
  p = fma(p, r, 1.6666578e-1f);
  p = fma(p, r, 0.5f);
  p = fma(p, r, 1.0f);
  p = fma(p, r, 1.0f);
  return scale2(p, n);
}

// GELU by tanh: x (1 + tanh u) / 2 = x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): no cancellation.
constexpr float gelu_slope = 2 * 0.7978845608f, gelu_cubic = 0.044715f;

VN_INLINE Vec gelu_tanh_exponential(Vec x) {
  return exp(x * fma(x * x, -gelu_slope * gelu_cubic, -gelu_slope));
}
// s + x s (1 - s) (2u)' with e = e^(-2u), s = 1 / (1 + e), 1 - s = e s. Beyond 10 it is 0 or 1, and e would overflow.
VN_INLINE Vec gelu_tanh_gradient(Vec x) {
  x = min(10.0f, max(-10.0f, x));
  const Vec e = gelu_tanh_exponential(x), s = 1.0f / (1.0f + e);
  return fma(x * (s * e) * s, fma(x * x, 3 * gelu_slope * gelu_cubic, gelu_slope), s);
}

// GELU by erf: x P(x), P the normal distribution. P(-a) e^(a^2 / 2) = t q(t) with t = 1 / (1 + a / 4) and q of degree
// 9, fitted at Chebyshev points of t in (0, 1]: relative error 4e-7 also in the tail. Derivative: P(x) + x p(x).
VN_INLINE Vec normal_distribution(Vec x, Vec* density) {
  const Vec a = abs(x), e = exp(a * a * -0.5f), t = 1.0f / fma(a, 0.25f, 1.0f);
  Vec q = fma(0.0200627348f, t, -0.0820237834f);
  q = fma(q, t, 0.0975288545f);
  q = fma(q, t, -0.0334529475f);
  q = fma(q, t, 0.0645958026f);
  q = fma(q, t, 0.0587071689f);
  q = fma(q, t, 0.0816472822f);
  q = fma(q, t, 0.0934627863f);
  q = fma(q, t, 0.0997365398f);
  q = fma(q, t, 0.0997355662f);
  const Vec tail = q * t * e;
  *density = e * 0.3989422804f;
  return select_less(x, 0.0f, tail, 1.0f - tail);
}

template <int32_t ACTIVATION>
VN_INLINE Vec activate(Vec x) {
  if constexpr (ACTIVATION == VN_GELU_TANH) return x / (1.0f + gelu_tanh_exponential(x));
  if constexpr (ACTIVATION == VN_GELU_ERF) {
    Vec density;
    return x * normal_distribution(x, &density);
  }
  return x;
}
template <int32_t ACTIVATION>
VN_INLINE Vec activation_gradient(Vec x) {
  if constexpr (ACTIVATION == VN_GELU_TANH) return gelu_tanh_gradient(x);
  if constexpr (ACTIVATION == VN_GELU_ERF) {
    x = min(20.0f, max(-20.0f, x));
    Vec density;
    const Vec p = normal_distribution(x, &density);
    return fma(x, density, p);
  }
  return 1.0f;
}

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

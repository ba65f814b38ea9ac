static void update(float* p, float* m, float* v, const float* g, int64_t n, const AdamW& a) {
  const Vec b1 = a.beta1, b2 = a.beta2, c1 = a.rest1, c2 = a.rest2, unbias = a.unbias2, rate = a.rate, keep = a.keep;
  for (int64_t i = 0; i < n; i += Vec::width) {
    const int64_t left = n - i;
    const Vec grad = load(g + i, left) * a.gradient_scale;
    const Vec first = fma(b1, load(m + i, left), c1 * grad);
    const Vec second = fma(b2, load(v + i, left), c2 * (grad * grad));
    const Vec step = first / (sqrt(second * unbias) + a.eps);
    store(m + i, first, left);
    store(v + i, second, left);
    store(p + i, nfma(rate, step, keep * load(p + i, left)), left);
  }
}

// The largest of x / temperature, written to scaled; what is not a number becomes minus infinity.
static float scale_logits(float* scaled, const float* x, int64_t n, float temperature) {
  const float lowest = -std::numeric_limits<float>::infinity();
  Vec most = lowest;
  for (int64_t i = 0; i < n; i += Vec::width) {
    const Vec v = max(load(x + i, n - i) / temperature, lowest);
    store(scaled + i, v, n - i);
    most = max(first(v, n - i, lowest), most);
  }
  return largest(most);
}

// e = exp(x - most); returns their sum: float32 within 1,024 elements, float64 over them.
static double exponentials(float* e, const float* x, int64_t n, float most) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += 1024) {
    const int64_t end = std::min<int64_t>(n, begin + 1024);
    Vec part = 0.0f;
    for (int64_t i = begin; i < end; i += Vec::width) {
      const Vec v = first(exp(load(x + i, end - i) - most), end - i, 0.0f);
      store(e + i, v, end - i);
      part = part + v;
    }
    total += double(sum(part));
  }
  return total;
}

// Dot products with rows of a weight matrix, once per vector width.

template <class T>
static void widen_rows(float* out, const void* source, int64_t ld, int64_t rows, int64_t k) {
  const T* x = static_cast<const T*>(source);
  for (int64_t r = 0; r < rows; r++, x += ld, out += k) {
    for (int64_t i = 0; i < k; i += Vec::width) store(out + i, load(x + i, k - i), k - i);
  }
}

// tile[r][j] = scales[j] (1 if null) times w[j] . x[r]. One row of w after the other, no prefetch: a single linear
// stream is what the hardware reads fastest (four rows at a time: half). Four sums per row of x hide the latency.
template <class S, int ROWS>
static void dots(float* tile, const void* weights, const float* scales, int64_t n, const float* x, int64_t k) {
  constexpr int64_t W = Vec::width;
  const S* w = static_cast<const S*>(weights);
  for (int64_t j = 0; j < n; j++, w += k) {
    Vec s[ROWS][4];
    for (int r = 0; r < ROWS; r++) {
      for (int u = 0; u < 4; u++) s[r][u] = 0.0f;
    }
    int64_t i = 0;
    for (; i + 4 * W <= k; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; u++) {
        const Vec v = load(w + i + u * W);
#pragma GCC unroll 3
        for (int r = 0; r < ROWS; r++) s[r][u] = fma(v, load(x + r * k + i + u * W), s[r][u]);
      }
    }
    for (; i < k; i += W) {
      const Vec v = load(w + i, k - i);
      for (int r = 0; r < ROWS; r++) s[r][0] = fma(v, load(x + r * k + i, k - i), s[r][0]);
    }
    for (int r = 0; r < ROWS; r++) {
      const float dot = sum((s[r][0] + s[r][1]) + (s[r][2] + s[r][3]));
      tile[r * panel_columns + j] = scales ? dot * scales[j] : dot;
    }
  }
}

template <class S>
static void dots_of_rows(float* tile, const void* w, const float* scales, int64_t n, const float* x, int64_t rows,
                         int64_t k) {
  switch (rows) {
    case 1: return dots<S, 1>(tile, w, scales, n, x, k);
    case 2: return dots<S, 2>(tile, w, scales, n, x, k);
    default: return dots<S, 3>(tile, w, scales, n, x, k);
  }
}

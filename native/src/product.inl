// Loops of the products over blocks that micro-kernels leave behind, once per vector width.

// c[rows, n] = tile or += tile; `past_caches` where c is large, written once and not read soon.
static void store_tile(float* c, int64_t ldc, int rows, int64_t n, const float* tile, bool add, bool past_caches) {
  constexpr int64_t W = Vec::width;
  for (int i = 0; i < rows; i++, c += ldc, tile += panel_columns) {
    const bool streams = past_caches && !add && n == panel_columns && reinterpret_cast<uintptr_t>(c) % 64 == 0;
    for (int64_t j = 0; j < n; j += W) {
      const Vec v = load(tile + j);
      if (streams) {
        stream(c + j, v);
      } else {
        store(c + j, add ? v + load(c + j, n - j) : v, n - j);
      }
    }
  }
  if (past_caches) end_stream();
}

// sums[n] (+)= the column sums of y[rows, n], rows in order.
template <class T>
static void column_sums(float* sums, const void* source, int64_t ld, int64_t rows, int64_t n, bool add) {
  constexpr int64_t W = Vec::width;
  const T* y = static_cast<const T*>(source);
  for (int64_t j = 0; j < n; j += 4 * W) {
    Vec s[4];
    for (int u = 0; u < 4; u++) s[u] = add ? load(sums + j + u * W, n - j - u * W) : Vec(0.0f);
    for (int64_t r = 0; r < rows; r++) {
      for (int u = 0; u < 4; u++) s[u] = s[u] + load(y + r * ld + j + u * W, n - j - u * W);
    }
    for (int u = 0; u < 4; u++) store(sums + j + u * W, s[u], n - j - u * W);
  }
}

// Packs, once per vector width. PAIRS: words are pairs of bf16, else floats. Words move through float registers:
// loads, shuffles and stores keep every bit.

// ---- transposed: W x W words at a time ----

// `width` words along a row from element 0; `left` elements are there.
template <class T, bool PAIRS>
static VN_INLINE Vec words_along(const T* p, int64_t left) {
  if constexpr (!PAIRS) {
    return load(p, left);
  } else {
    return pairs_along(p, left);
  }
}

template <class T, bool PAIRS>
static void pack_transposed(word* panels, const void* source, int64_t ld, int64_t n, int64_t k) {
  constexpr int64_t W = Vec::width, per = PAIRS ? 2 : 1;
  const T* src = static_cast<const T*>(source);
  const int64_t kw = ceil_div(k, per);
  for (int64_t j = 0; j < n; j += panel_columns, panels += kw * panel_columns) {
    for (int64_t part = 0; part < panel_columns; part += W) {
      for (int64_t w = 0; w < kw; w += W) {
        const T* p = src + (j + part) * ld + w * per;
        // W rows at once defeat the hardware prefetcher: fetch the next W into L2 (2x in packs from memory).
        if constexpr (W > 1) {
          for (int64_t i = W; i < 2 * W; i++) _mm_prefetch(reinterpret_cast<const char*>(p + i * ld), _MM_HINT_T1);
        }
        Vec rows[W];
#pragma GCC unroll 16
        for (int64_t i = 0; i < W; i++) {
          rows[i] = j + part + i < n ? words_along<T, PAIRS>(p + i * ld, k - w * per) : Vec(0.0f);
        }
        transpose(rows);
        float* d = reinterpret_cast<float*>(panels + w * panel_columns + part);
        if (kw - w >= W) {
#pragma GCC unroll 16
          for (int64_t i = 0; i < W; i++) store(d + i * panel_columns, rows[i]);
        } else {
          for (int64_t i = 0; i < kw - w; i++) store(d + i * panel_columns, rows[i]);
        }
      }
    }
  }
}

// ---- straight ----

// `width` words of columns: row p alone, or pairs of rows p, q (q null: zero).
template <class T, bool PAIRS>
static VN_INLINE Vec words_down(const T* p, [[maybe_unused]] const T* q, int64_t left) {
  if constexpr (!PAIRS) {
    return load(p, left);
  } else {
    return pairs_down(p, q, left);
  }
}

// Rows outermost: the source is read in whole lines, up to 8 panels are written side by side.
template <class T, bool PAIRS, int64_t WIDTH>
static void pack_straight(word* panels, const void* source, int64_t ld, int64_t n, int64_t k) {
  constexpr int64_t W = Vec::width, per = PAIRS ? 2 : 1, group = 8 * WIDTH, ahead = 8;
  const T* src = static_cast<const T*>(source);
  const int64_t kw = ceil_div(k, per);
  for (int64_t j0 = 0; j0 < n; j0 += group) {
    const int64_t end = std::min(n, j0 + group);
    for (int64_t w = 0; w < kw; w++) {
      const T* p = src + w * per * ld;
      const T* q = per == 2 && w * per + 1 < k ? p + ld : nullptr;
      for (int64_t c = j0; c < end; c += 64 / int64_t(sizeof(T))) {
        _mm_prefetch(reinterpret_cast<const char*>(p + ahead * ld + c), _MM_HINT_T0);
        if (per == 2) _mm_prefetch(reinterpret_cast<const char*>(p + (ahead + 1) * ld + c), _MM_HINT_T0);
      }
      for (int64_t j = j0; j < end; j += WIDTH) {
        float* d = reinterpret_cast<float*>(panels + j * kw + w * WIDTH);
#pragma GCC unroll 4
        for (int64_t c = 0; c < WIDTH; c += W) {
          const Vec v = words_down<T, PAIRS>(p + j + c, q ? q + j + c : nullptr, std::min(n - j, WIDTH) - c);
          store(d + c, v, WIDTH - c);
        }
      }
    }
  }
}

// ---- A by rows ----

template <class T, bool PAIRS>
static void copy_rows(word* dst, int64_t ldd, const void* source, int64_t ld, int64_t rows, int64_t k) {
  constexpr int64_t W = Vec::width, per = PAIRS ? 2 : 1;
  const T* src = static_cast<const T*>(source);
  for (int64_t i = 0; i < rows; i++, dst += ldd, src += ld) {
    for (int64_t w = 0; w * per < k; w += W) {
      const Vec v = words_along<T, PAIRS>(src + w * per, k - w * per);
      store(reinterpret_cast<float*>(dst + w), v, ceil_div(k, per) - w);
    }
  }
}

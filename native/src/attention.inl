// to[rows][n columns] (+)= a tile of 32 columns.
static void store_tile(float* to, int64_t stride, const float* tile, int rows, int64_t n, bool add) {
  for (int i = 0; i < rows; i++) {
    for (int64_t j = 0; j < n; j += Vec::width) {
      const Vec x = load(tile + i * panel_columns + j);
      float* at = to + i * stride + j;
      store(at, add ? x + load(at, n - j) : x, n - j);
    }
  }
}

template <class T>
static HeadRows head_rows(const AttentionCall& a, const T* qkv, int64_t b, int64_t head) {
  return {qkv + b * a.T * a.qkv_stride() + head * a.D, a.qkv_stride(), false};
}

// The same, rotated into `copy` where positions rotate.
template <class T>
static HeadRows rotated_rows(const AttentionCall& a, float* copy, const T* qkv, int64_t b, int64_t head) {
  const HeadRows plain = head_rows(a, qkv, b, head);
  if (!a.rope.table) return plain;
  for (int64_t t = 0; t < a.T; t++) {
    const T* row = static_cast<const T*>(plain.rows) + t * plain.stride;
    rotate_row(a.ctx, copy + t * a.D, row, a.rope, a.position(b, t), a.D, 1);
  }
  return {copy, a.D, true};
}

// strip[rows, low .. high) = rows of A times the panels of those keys; low is a multiple of 32.
static void multiply_strip(const AttentionCall& a, float* strip, int64_t stride, int64_t rows, int64_t low,
                           int64_t high, const word* A, const word* panels) {
  const int64_t kw = a.gemm.words(a.D);
  multiply_by_rows(a.gemm, rows, ceil_div(high - low, panel_columns), kw, A, AttentionBuffers::row_words(a.D),
                   panels + low * kw, [&](int64_t i0, int count, int64_t j0, const float* tile) {
                     store_tile(strip + i0 * stride + low + j0, stride, tile, count, panel_columns, false);
                   });
}

// The factors of query t over keys begin .. t; nothing where nothing is dropped.
static void draw(const AttentionCall& a, float* factors, int64_t b, int64_t head, int64_t t, int64_t begin) {
  if (!a.dropout.draws()) return;
  const uint64_t element = uint64_t((head * a.T + t) * a.T + begin);
  dropout_factors(factors, a.dropout, a.first_sample + uint64_t(b), element, t + 1 - begin);
}

static void zero(float* begin, const float* end) {
  if (end > begin) std::memset(begin, 0, size_t(end - begin) * sizeof(float));
}

// scores[begin, end) become exp(scale s - max), dropped where factors say so, zero around them in [low, high).
// Returns lse; *inverse is 1 / sum.
static float softmax_row(float* s, int64_t low, int64_t begin, int64_t end, int64_t high, float scale,
                         const float* factors, float* inverse) {
  Vec most = -std::numeric_limits<float>::infinity(), total = 0.0f;
  for (int64_t j = begin; j < end; j += Vec::width) most = max(first(load(s + j, end - j), end - j, most), most);
  const float m = largest(most) * scale;
  for (int64_t j = begin; j < end; j += Vec::width) {
    const int64_t n = end - j;
    const Vec e = first(exp(fma(load(s + j, n), scale, -m)), n, 0.0f);
    total = total + e;
    store(s + j, factors ? e * load(factors + j - begin, n) : e, n);
  }
  zero(s + low, s + begin);
  zero(s + end, s + high);
  const float sum_of_row = sum(total);
  *inverse = 1 / sum_of_row;
  return m + std::log(sum_of_row);
}

// to[rows][n columns] = a tile of 32 columns, each row times its factor.
template <class T>
static void scale_rows(T* to, int64_t stride, const float* tile, const float* factors, int rows, int64_t n) {
  for (int i = 0; i < rows; i++) {
    for (int64_t j = 0; j < n; j += Vec::width) {
      store(to + i * stride + j, load(tile + i * panel_columns + j) * factors[i], n - j);
    }
  }
}

// One query head: strips of queries against all their keys.
template <class T>
static void forward(const AttentionCall& a, const AttentionBuffers& w, T* out, float* lse, const T* qkv, int64_t b,
                    int64_t head) {
  const Gemm& gemm = a.gemm;
  const int64_t D = a.D, S = a.strip_stride(), kv_head = a.H + head / a.group();
  const HeadRows q = rotated_rows(a, w.rotated_q, qkv, b, head), k = rotated_rows(a, w.rotated_k, qkv, b, kv_head);
  k.pack_transposed(gemm, w.keys_t, a.T, D);
  head_rows(a, qkv, b, kv_head + a.kv_heads).pack_straight(gemm, w.values, a.T, D);

  float inverse[most_strip_rows];
  const Strips strips(gemm, a.T);
  for (int64_t strip = 0; strip < strips.count; strip++) {
    const int64_t t0 = strips.begin(strip), t1 = strips.end(strip), high = round_up(t1, panel_columns);
    int64_t low = t0;
    for (int64_t t = t0; t < t1; t++) low = std::min(low, a.first_key(b, t));
    low = low / panel_columns * panel_columns;
    q.from(t0, sizeof(T)).copy(gemm, w.strip_rows, AttentionBuffers::row_words(D), t1 - t0, D);
    multiply_strip(a, w.scores, S, t1 - t0, low, high, w.strip_rows, w.keys_t);
    for (int64_t t = t0; t < t1; t++) {
      const int64_t begin = a.first_key(b, t);
      draw(a, w.factors, b, head, t, begin);
      lse[(b * a.H + head) * a.T + t] =
          softmax_row(w.scores + (t - t0) * S, low, begin, t + 1, high, a.scale,
                      a.dropout.draws() ? w.factors : nullptr, inverse + t - t0);
    }
    const word* P = reinterpret_cast<const word*>(w.scores) + low;
    if (gemm.pairs) {
      gemm.copy_rows_f32(w.strip_words, S, w.scores + low, S, t1 - t0, t1 - low);
      P = w.strip_words;
    }
    for (int64_t c = 0; c < D; c += panel_columns) {
      multiply_by_rows(gemm, t1 - t0, 1, gemm.words(t1 - low), P, S,
                       w.values + c * gemm.words(a.T) + gemm.words(low) * panel_columns,
                       [&](int64_t i0, int rows, int64_t, const float* tile) {
                         T* to = out + (b * a.T + t0 + i0) * a.out_stride() + head * D + c;
                         scale_rows(to, a.out_stride(), tile, inverse + i0, rows, std::min(panel_columns, D - c));
                       });
    }
  }
}

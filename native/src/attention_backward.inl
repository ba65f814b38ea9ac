template <class T>
static float dot_rows(const T* x, const T* y, int64_t D) {
  Vec total = 0.0f;
  for (int64_t c = 0; c < D; c += Vec::width) total = fma(load(x + c, D - c), load(y + c, D - c), total);
  return sum(total);
}

// s becomes P * mask and d, which holds mask-free dP, becomes dS; zero before begin and from end to high.
static void gradient_row(float* s, float* d, int64_t begin, int64_t end, int64_t high, float scale, float lse,
                         float delta, const float* factors) {
  zero(s, s + begin);
  zero(d, d + begin);
  for (int64_t j = begin; j < end; j += Vec::width) {
    const int64_t n = end - j;
    const Vec p = exp(fma(load(s + j, n), scale, -lse)), factor = factors ? load(factors + j - begin, n) : Vec(1.0f);
    store(s + j, p * factor, n);
    store(d + j, p * scale * fma(factor, load(d + j, n), -delta), n);
  }
  zero(s + end, s + high);
  zero(d + end, d + high);
}

// Words of two rows each, [rows / 2][stride]: bf16 of an even row below that of the next; zero past the last row.
static void pair_rows(word* pairs, const float* x, int64_t stride, int64_t rows, int64_t n) {
  const auto rounded = [](float value) {
    const uint32_t bits = bits_of(value);
    return bits + 0x7fff + (bits >> 16 & 1);
  };
  for (int64_t i = 0; i < rows; i += 2, pairs += stride, x += 2 * stride) {
    if (i + 1 < rows) {
      for (int64_t j = 0; j < n; j++) pairs[j] = rounded(x[j]) >> 16 | (rounded(x[stride + j]) & 0xffff0000);
    } else {
      for (int64_t j = 0; j < n; j++) pairs[j] = rounded(x[j]) >> 16;
    }
  }
}

// One strip of queries: P * mask and dS into w.P and w.dS at local row i0, and dQ.
template <class T>
static void backward_strip(const AttentionCall& a, const AttentionBuffers& w, const Gradients<T>& g, const HeadRows& q,
                           const HeadRows& dout, int64_t b, int64_t head, int64_t block_begin, int64_t i0, int64_t i1) {
  const Gemm& gemm = a.gemm;
  const int64_t D = a.D, D32 = round_up(D, panel_columns), S = a.strip_stride(), rows = i1 - i0, t0 = block_begin + i0,
                t1 = block_begin + i1, high = round_up(t1 + k_major_rows, panel_columns);
  int64_t low = t0;
  for (int64_t t = t0; t < t1; t++) low = std::min(low, a.first_key(b, t));
  low = low / panel_columns * panel_columns;
  float* s = gemm.pairs ? w.scores : reinterpret_cast<float*>(w.P) + i0 * S;  // k-major floats are rows of floats
  float* d = gemm.pairs ? w.dscores : reinterpret_cast<float*>(w.dS) + i0 * S;
  q.from(t0, sizeof(T)).copy(gemm, w.strip_rows, AttentionBuffers::row_words(D), rows, D);
  multiply_strip(a, s, S, rows, low, t1, w.strip_rows, w.keys_t);
  dout.from(t0, sizeof(T)).copy(gemm, w.strip_rows, AttentionBuffers::row_words(D), rows, D);
  multiply_strip(a, d, S, rows, low, t1, w.strip_rows, w.values_t);
  for (int64_t t = t0; t < t1; t++) {
    const int64_t begin = a.first_key(b, t), at = (b * a.T + t) * a.out_stride() + head * D;
    draw(a, w.factors, b, head, t, begin);
    gradient_row(s + (t - t0) * S, d + (t - t0) * S, begin, t + 1, high, a.scale, g.lse[(b * a.H + head) * a.T + t],
                 dot_rows(g.dout + at, g.out + at, D), a.dropout.draws() ? w.factors : nullptr);
  }
  const word* dS = reinterpret_cast<const word*>(d) + low;
  if (gemm.pairs) {
    pair_rows(w.P + i0 / 2 * S, s, S, rows, high);
    pair_rows(w.dS + i0 / 2 * S, d, S, rows, high);
    gemm.copy_rows_f32(w.strip_words, S, d + low, S, rows, t1 - low);
    dS = w.strip_words;
  }
  for (int64_t c = 0; c < D; c += panel_columns) {
    multiply_by_rows(gemm, rows, 1, gemm.words(t1 - low), dS, S,
                     w.keys + c * gemm.words(a.T) + gemm.words(low) * panel_columns,
                     [&](int64_t i, int count, int64_t, const float* tile) {
                       store_tile(w.dq_strip + i * D32 + c, D32, tile, count, panel_columns, false);
                     });
  }
  for (int64_t t = t0; t < t1; t++) {
    rotate_row(a.ctx, g.dqkv + (b * a.T + t) * a.qkv_stride() + head * D, w.dq_strip + (t - t0) * D32, a.rope,
               a.position(b, t), D, -1);
  }
}

// dV += (P * mask)^T dout and dK += dS^T Q over the rows of a block of queries, twelve keys at a time.
static void add_key_gradients(const AttentionCall& a, const AttentionBuffers& w, int64_t block_begin,
                              int64_t block_end) {
  const Gemm& gemm = a.gemm;
  const int64_t S = a.strip_stride(), D32 = round_up(a.D, panel_columns), words = gemm.words(block_end - block_begin);
  alignas(64) float tile[most_block_rows * panel_columns];
  for (int64_t key = 0; key < block_end; key += k_major_rows) {
    const int rows = int(std::min(k_major_rows, a.T - key));
    const int64_t first_query = std::max<int64_t>(key - block_begin, 0) / 2 * 2, skip = gemm.words(first_query);
    for (int64_t c = 0; c < D32; c += panel_columns) {
      const int64_t panel = c * words + skip * panel_columns;
      gemm.k_major(rows, words - skip, w.P + skip * S + key, S, w.douts + panel, tile);
      store_tile(w.dv + key * D32 + c, D32, tile, rows, panel_columns, true);
      gemm.k_major(rows, words - skip, w.dS + skip * S + key, S, w.queries + panel, tile);
      store_tile(w.dk + key * D32 + c, D32, tile, rows, panel_columns, true);
    }
  }
}

// One key head with its query heads, in order.
template <class T>
static void backward(const AttentionCall& a, const AttentionBuffers& w, const Gradients<T>& g, int64_t b,
                     int64_t kv_head) {
  const Gemm& gemm = a.gemm;
  const int64_t D = a.D, D32 = round_up(D, panel_columns), key_head = a.H + kv_head, value_head = key_head + a.kv_heads;
  const HeadRows k = rotated_rows(a, w.rotated_k, g.qkv, b, key_head), v = head_rows(a, g.qkv, b, value_head);
  k.pack_transposed(gemm, w.keys_t, a.T, D);
  k.pack_straight(gemm, w.keys, a.T, D);
  v.pack_transposed(gemm, w.values_t, a.T, D);
  zero(w.dk, w.dk + a.T * D32);
  zero(w.dv, w.dv + a.T * D32);
  const QueryBlocks blocks(a.T);
  for (int64_t head = kv_head * a.group(); head < (kv_head + 1) * a.group(); head++) {
    const HeadRows q = rotated_rows(a, w.rotated_q, g.qkv, b, head);
    const HeadRows dout = {g.dout + b * a.T * a.out_stride() + head * D, a.out_stride(), false};
    for (int64_t block = 0; block < blocks.count; block++) {
      const int64_t begin = blocks.begin(block), end = blocks.end(block);
      q.from(begin, sizeof(T)).pack_straight(gemm, w.queries, end - begin, D);
      dout.from(begin, sizeof(T)).pack_straight(gemm, w.douts, end - begin, D);
      const Strips strips(gemm, end - begin);
      for (int64_t i = 0; i < strips.count; i++) {
        backward_strip(a, w, g, q, dout, b, head, begin, strips.begin(i), strips.end(i));
      }
      add_key_gradients(a, w, begin, end);
    }
  }
  for (int64_t t = 0; t < a.T; t++) {
    T* row = g.dqkv + (b * a.T + t) * a.qkv_stride();
    rotate_row(a.ctx, row + key_head * D, w.dk + t * D32, a.rope, a.position(b, t), D, -1);
    for (int64_t c = 0; c < D; c += Vec::width) store(row + value_head * D + c, load(w.dv + t * D32 + c, D - c), D - c);
  }
}

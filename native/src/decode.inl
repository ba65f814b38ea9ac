template <class T>
static void append(const KvAppend<T>& a, int64_t b, int64_t t) {
  const int64_t D = a.D, position = a.lengths[b] + t;
  const T* k = a.qkv + ((b * a.T + t) * (a.H + 2 * a.kv_heads) + a.H) * D;
  const T* v = k + a.kv_heads * D;
  for (int64_t h = 0; h < a.kv_heads; h++) {
    const int64_t at = ((b * a.kv_heads + h) * a.capacity + position) * D;
    rotate_row(a.ctx, a.keys + at, k + h * D, a.rope, position, D, 1);
    std::memcpy(a.values + at, v + h * D, size_t(D) * sizeof(T));
  }
}

// scores[q][j] = scale queries[q] . keys[j], for `count` keys; `rows` queries of D floats.
template <int rows, class T>
static void scores_of(float scores[][key_block], const float* queries, const T* keys, int64_t D, int64_t count,
                      float scale) {
  for (int64_t j = 0; j < count; j++) {
    Vec dot[rows];
    for (int q = 0; q < rows; q++) dot[q] = 0.0f;
    for (int64_t c = 0; c < D; c += Vec::width) {
      const Vec k = load(keys + j * D + c, D - c);
      for (int q = 0; q < rows; q++) dot[q] = fma(load(queries + q * most_head_size + c, D - c), k, dot[q]);
    }
    for (int q = 0; q < rows; q++) scores[q][j] = sum(dot[q]) * scale;
  }
}

// out[q] = old_scale[q] out[q] + sum_j weights[q][j] values[j]
template <int rows, class T>
static void add_values(float* out, const float* old_scale, const float weights[][key_block], const T* values, int64_t D,
                       int64_t count) {
  for (int64_t c = 0; c < D; c += Vec::width) {
    Vec total[rows];
    for (int q = 0; q < rows; q++) total[q] = load(out + q * most_head_size + c) * old_scale[q];
    for (int64_t j = 0; j < count; j++) {
      const Vec v = load(values + j * D + c, D - c);
      for (int q = 0; q < rows; q++) total[q] = fma(weights[q][j], v, total[q]);
    }
    for (int q = 0; q < rows; q++) store(out + q * most_head_size + c, total[q]);
  }
}

// weights = exp(scores - max of all blocks so far), 0 past `visible`; returns by how much older sums shrink.
static float online_softmax(float* scores, int64_t visible, int64_t count, float* maximum, float* total) {
  Vec most = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < visible; j += Vec::width) {
    most = max(first(load(scores + j, visible - j), visible - j, most), most);
  }
  const float now = visible > 0 ? std::max(*maximum, largest(most)) : *maximum;
  const float shrink = *maximum == now ? 1.0f : std::exp(*maximum - now);
  Vec sums = 0.0f;
  for (int64_t j = 0; j < count; j += Vec::width) {
    const Vec e = first(exp(load(scores + j, visible - j) - now), visible - j, 0.0f);
    sums = sums + e;
    store(scores + j, e, count - j);
  }
  *total = *total * shrink + sum(sums);
  *maximum = now;
  return shrink;
}

// Up to four query rows of one key head: row r is token r % T of head r / T in the group.
template <int rows, class T>
static void attend(const DecodeAttention<T>& a, int64_t b, int64_t kv_head, int64_t first_row) {
  alignas(64) float queries[rows * most_head_size], out[rows * most_head_size] = {};
  alignas(64) float scores[rows][key_block];
  float maximum[rows], total[rows] = {}, shrink[rows];
  const int64_t D = a.D, group = a.H / a.kv_heads;
  int64_t visible[rows], at[rows], keys = 0;
  for (int q = 0; q < rows; q++) {
    const int64_t row = first_row + q, head = kv_head * group + row / a.T, t = row % a.T, position = a.lengths[b] + t;
    const T* query = a.qkv + ((b * a.T + t) * (a.H + 2 * a.kv_heads) + head) * D;
    rotate_row(a.ctx, queries + q * most_head_size, query, a.rope, position, D, 1);
    at[q] = ((b * a.T + t) * a.H + head) * D;
    visible[q] = position + 1;
    keys = std::max(keys, visible[q]);
    maximum[q] = -std::numeric_limits<float>::infinity();
  }
  const int64_t cache = (b * a.kv_heads + kv_head) * a.capacity * D;
  for (int64_t j0 = 0; j0 < keys; j0 += key_block) {
    const int64_t count = std::min(keys - j0, key_block);
    scores_of<rows>(scores, queries, a.keys + cache + j0 * D, D, count, a.scale);
    for (int q = 0; q < rows; q++) {
      const int64_t seen = std::clamp<int64_t>(visible[q] - j0, 0, count);
      shrink[q] = online_softmax(scores[q], seen, count, maximum + q, total + q);
    }
    add_values<rows>(out, shrink, scores, a.values + cache + j0 * D, D, count);
  }
  for (int q = 0; q < rows; q++) {
    for (int64_t c = 0; c < D; c += Vec::width) {
      store(a.out + at[q] + c, load(out + q * most_head_size + c) * (1 / total[q]), D - c);
    }
  }
}

template <class T>
static void attend_rows(const DecodeAttention<T>& a, int64_t b, int64_t kv_head, int64_t begin, int64_t end) {
  int64_t row = begin;
  for (; row + 4 <= end; row += 4) attend<4>(a, b, kv_head, row);
  for (; row < end; row++) attend<1>(a, b, kv_head, row);
}

// Softmax cross entropy on a row of logits, and the epilogue of dhidden, once per vector width.

// Returns -log softmax(logits[0 .. n-1])[label]. Four sums hide the latency of exp's chain.
static float log_likelihood_loss(const float* logits, int64_t n, int32_t label, float* log_sum_exp) {
  constexpr int64_t W = Vec::width;
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  Vec most = lowest;
  for (int64_t j = 0; j < n; j += W) most = max(most, first(load(logits + j, n - j), n - j, lowest));
  const float m = largest(most);
  Vec s[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  int64_t j = 0;
  for (; j + 4 * W <= n; j += 4 * W) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) s[u] = s[u] + exp(load(logits + j + u * W) - m);
  }
  for (; j < n; j += W) s[0] = s[0] + first(exp(load(logits + j, n - j) - m), n - j, 0.0f);
  const float log_sum = logf(sum((s[0] + s[1]) + (s[2] + s[3])));
  *log_sum_exp = m + log_sum;
  return log_sum - (logits[label] - m);
}

// The row becomes scale * (softmax - onehot(label)) in place, in T: narrower elements never pass the reading position.
template <class T>
static void softmax_gradient(float* logits, int64_t n, int32_t label, float log_sum_exp, float scale) {
  T* out = reinterpret_cast<T*>(logits);
  const float at_label = (expf(logits[label] - log_sum_exp) - 1) * scale;
  for (int64_t j = 0; j < n; j += Vec::width) {
    store(out + j, exp(load(logits + j, n - j) - log_sum_exp) * scale, n - j);
  }
  out[label] = from_float<T>(at_label);
}

// dhidden = the sum of the tiles of several products: kept in float32 until the last.
template <class T>
static void finish_hidden(const void* arguments, int64_t i0, int rows, int64_t j0, int64_t n, const float* tile) {
  const auto& out = *static_cast<const HiddenGradient*>(arguments);
  for (int i = 0; i < rows; i++, tile += panel_columns) {
    const int64_t at = (i0 + i) * out.C + j0;
    for (int64_t j = 0; j < n; j += Vec::width) {
      Vec v = load(tile + j);
      if (!out.first) v = v + load(out.sums + at + j, n - j);
      if (out.last) {
        store(static_cast<T*>(out.dhidden) + at + j, v, n - j);
      } else {
        store(out.sums + at + j, v, n - j);
      }
    }
  }
}

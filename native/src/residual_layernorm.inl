// sum of f(c, n) over vectors of a row; lanes at and past n count nothing.
template <class F>
static float row_sum(int64_t C, const F& f) {
  Vec even = 0.0f, odd = 0.0f;
  int64_t c = 0;
  for (; c + 2 * Vec::width <= C; c += 2 * Vec::width) {
    even = even + f(c, Vec::width);
    odd = odd + f(c + Vec::width, Vec::width);
  }
  for (; c < C; c += Vec::width) even = even + first(f(c, C - c), C - c, 0.0f);
  return sum(even + odd);
}

template <class R, class T>
static void add_row(R* sum, const R* residual, const T* x, int64_t row, const RowDropout& d) {
  for_dropped_row(d, row, [&](int64_t c, int64_t n, Vec factors) {
    store(sum + c, fma(factors, load(x + c, n), load(residual + c, n)), n);
  });
}

template <class R, class T>
static void normalize_row(T* out, float* mean, float* rstd, const R* x, const float* weight, const float* bias,
                          int64_t C, float eps, float weight_offset) {
  const float mu = row_sum(C, [&](int64_t c, int64_t n) { return load(x + c, n); }) / float(C);
  const float variance = row_sum(C, [&](int64_t c, int64_t n) {
    const Vec centred = load(x + c, n) - mu;
    return centred * centred;
  }) / float(C);
  const float r = 1 / std::sqrt(variance + eps);
  *mean = mu;
  *rstd = r;
  for (int64_t c = 0; c < C; c += Vec::width) {
    const int64_t n = C - c;
    const Vec normal = (load(x + c, n) - mu) * r, scale = load(weight + c, n) + weight_offset;
    store(out + c, fma(normal, scale, bias ? load(bias + c, n) : Vec(0.0f)), n);
  }
}

template <class R, class T>
static void forward(const LayerNorm<R, T>& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const int64_t at = row * a.C;
    if (a.x) add_row(a.sum + at, a.residual + at, a.x + at, row, a.dropout);
    if (a.out) {
      normalize_row(a.out + at, a.mean + row, a.rstd + row, (a.x ? a.sum : a.residual) + at, a.weight, a.bias, a.C,
                    a.eps, a.weight_offset);
    }
  }
}

template <class R, class T>
static void backward_row(const LayerNormGradient<R, T>& a, float* dweight, float* dbias, int64_t row) {
  const int64_t C = a.C, at = row * C;
  const T* dout = a.dout + at;
  const R* x = a.sum + at;
  R* dresidual = a.dresidual + at;
  const Vec mu = a.mean[row], r = a.rstd[row], weight_offset = a.weight_offset;
  Vec h_sum = 0.0f, hn_sum = 0.0f;
  for (int64_t c = 0; c < C; c += Vec::width) {  // lanes past C: dout, weight offset times dout and all sums are 0
    const int64_t n = C - c;
    const Vec d = load(dout + c, n), normal = (load(x + c, n) - mu) * r;
    const Vec h = d * (load(a.weight + c, n) + weight_offset);
    h_sum = h_sum + h;
    hn_sum = fma(h, normal, hn_sum);
    store(dweight + c, fma(d, normal, load(dweight + c, n)), n);
    store(dbias + c, d + load(dbias + c, n), n);
  }
  const Vec h_mean = sum(h_sum) / float(C), hn_mean = sum(hn_sum) / float(C);
  for_dropped_row(a.dropout, row, [&](int64_t c, int64_t n, Vec factors) {
    const Vec normal = (load(x + c, n) - mu) * r, h = load(dout + c, n) * (load(a.weight + c, n) + weight_offset);
    Vec d = r * nfma(normal, hn_mean, h - h_mean);
    if (a.add_residual) d = d + load(dresidual + c, n);
    store(dresidual + c, d, n);
    if (a.dx) store(a.dx + at + c, d * factors, n);
  });
}

// Rows begin .. end - 1; their parts of dweight and dbias are written to a slot [2, C].
template <class R, class T>
static void backward(const LayerNormGradient<R, T>& a, float* slot, int64_t begin, int64_t end) {
  std::memset(slot, 0, size_t(2 * a.C) * sizeof(float));
  for (int64_t row = begin; row < end; row++) backward_row(a, slot, slot + a.C, row);
}

// gradient[begin, end) (+)= the slots' sum, in their order; slot s begins at slots + s * stride.
static void add_slots(float* gradient, const float* slots, int64_t count, int64_t stride, int64_t begin, int64_t end,
                      bool accumulate) {
  for (int64_t c = begin; c < end; c += Vec::width) {
    Vec total = accumulate ? load(gradient + c, end - c) : Vec(0.0f);
    for (int64_t s = 0; s < count; s++) total = total + load(slots + s * stride + c, end - c);
    store(gradient + c, total, end - c);
  }
}

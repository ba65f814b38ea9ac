template <class R>
static void forward(const Embedding<R>& a, int64_t begin, int64_t end) {
  constexpr int64_t chunk = 512;
  alignas(64) float factors[chunk], copied[chunk];
  for (int64_t row = begin; row < end; row++) {
    const int64_t id = a.ids[row], position = a.position_table ? a.positions[row] : 0;
    R* out = a.out + row * a.C;
    if (id < 0 || id >= a.Vp || position < 0 || (a.position_table && position >= a.P)) {
      set_fault(a.ctx);
      for (int64_t c = 0; c < a.C; c += Vec::width) store(out + c, Vec(0.0f), a.C - c);
      continue;
    }
    for (int64_t c0 = 0; c0 < a.C; c0 += chunk) {
      const int64_t stop = std::min(a.C, c0 + chunk);
      const float* token = a.tokens_copy ? copied : a.tokens + id * a.C + c0;
      if (a.tokens_copy) read_copy(a.ctx->level, copied, a.tokens_copy, a.Vp, a.C, id, c0, stop - c0, a.copy_dtype);
      if (a.dropout.draws()) {
        dropout_factors(factors, a.dropout.dropout, a.dropout.sample(row), a.dropout.element(row, c0), stop - c0);
      }
      for (int64_t c = c0; c < stop; c += Vec::width) {
        const int64_t n = stop - c;
        Vec x = load(token + c - c0, n);
        if (a.position_table) x = x + load(a.position_table + position * a.C + c, n);
        if (a.dropout.draws()) x = x * load(factors + c - c0, n);
        store(out + c, x, n);
      }
    }
  }
}

// gradient (+)= dout of one row, through its dropout.
template <class R>
static void add_row(float* gradient, const R* dout, int64_t row, int64_t C, const RowDropout& d, bool add) {
  constexpr int64_t chunk = 512;
  alignas(64) float factors[chunk];
  for (int64_t c0 = 0; c0 < C; c0 += chunk) {
    const int64_t stop = std::min(C, c0 + chunk);
    if (d.draws()) dropout_factors(factors, d.dropout, d.sample(row), d.element(row, c0), stop - c0);
    for (int64_t c = c0; c < stop; c += Vec::width) {
      const int64_t n = stop - c;
      Vec x = load(dout + row * C + c, n);
      if (d.draws()) x = x * load(factors + c - c0, n);
      store(gradient + c, add ? load(gradient + c, n) + x : x, n);
    }
  }
}

// Table rows begin .. end - 1: each is zeroed (unless accumulating) or gets the rows of its group, in their order.
template <class R>
static void backward(const TableGradient<R>& a, int64_t begin, int64_t end) {
  const int64_t C = a.dropout.C;
  int64_t group = a.groups.first_not_below(begin);
  for (int64_t key = begin; key < end; key++) {
    float* gradient = a.gradient + key * C;
    bool add = a.accumulate;
    if (group < a.groups.count && a.groups.key(group) == key) {
      for (int64_t i = a.groups.begin(group); i < a.groups.end(group); i++, add = true) {
        add_row(gradient, a.dout, a.groups.order[i], C, a.dropout, add);
      }
      group++;
    }
    if (!add) std::memset(gradient, 0, size_t(C) * sizeof(float));
  }
}

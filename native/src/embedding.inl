template <class R>
static void forward(const Embedding<R>& a, int64_t begin, int64_t end) {
  alignas(64) float copied[Vec::width];
  for (int64_t row = begin; row < end; row++) {
    const int64_t id = a.ids[row], position = a.position_table ? a.positions[row] : 0;
    R* out = a.out + row * a.C;
    if (id < 0 || id >= a.Vp || position < 0 || (a.position_table && position >= a.P)) {
      set_fault(a.ctx);
      for (int64_t c = 0; c < a.C; c += Vec::width) store(out + c, Vec(0.0f), a.C - c);
      continue;
    }
    for_dropped_row(a.dropout, row, [&](int64_t c, int64_t n, Vec factors) {
      Vec x;
      if (a.tokens_copy) {
        read_copy(a.ctx->level, copied, a.tokens_copy, a.Vp, a.C, id, c, std::min(n, Vec::width), a.copy_dtype);
        x = load(copied, n);
      } else {
        x = load(a.tokens + id * a.C + c, n);
      }
      if (a.position_table) x = x + load(a.position_table + position * a.C + c, n);
      store(out + c, x * factors, n);
    });
  }
}

// gradient (+)= dout of one row, through its dropout.
template <class R>
static void add_row(float* gradient, const R* dout, int64_t row, const RowDropout& d, bool add) {
  for_dropped_row(d, row, [&](int64_t c, int64_t n, Vec factors) {
    const Vec x = load(dout + row * d.C + c, n) * factors;
    store(gradient + c, add ? load(gradient + c, n) + x : x, n);
  });
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
        add_row(gradient, a.dout, a.groups.order[i], a.dropout, add);
      }
      group++;
    }
    if (!add) std::memset(gradient, 0, size_t(C) * sizeof(float));
  }
}

// What a linear layer does with finished blocks, once per vector width.

// pre = tile + bias, rounded to T;  y = activation(pre).
template <class T, int32_t ACTIVATION>
static void finish_forward(const void* arguments, int64_t i0, int rows, int64_t j0, int64_t n, const float* tile) {
  const auto& out = *static_cast<const LinearOutput*>(arguments);
  constexpr int64_t W = Vec::width;
  for (int i = 0; i < rows; i++, tile += panel_columns) {
    const int64_t at = (i0 + i) * out.ld + j0;
    for (int64_t j = 0; j < n; j += W) {
      Vec v = load(tile + j);
      if (out.bias) v = v + load(out.bias + j0 + j, n - j);
      if (ACTIVATION != VN_NO_ACTIVATION) {
        if (out.pre) store(static_cast<T*>(out.pre) + at + j, v, n - j);
        v = activate<ACTIVATION>(rounded<T>(v));
      }
      store(static_cast<T*>(out.y) + at + j, v, n - j);
    }
  }
}

// dx = tile * activation'(x_pre).
template <class T, int32_t ACTIVATION>
static void finish_backward(const void* arguments, int64_t i0, int rows, int64_t j0, int64_t n, const float* tile) {
  const auto& out = *static_cast<const LinearGradient*>(arguments);
  constexpr int64_t W = Vec::width;
  for (int i = 0; i < rows; i++, tile += panel_columns) {
    const int64_t at = (i0 + i) * out.ld + j0;
    for (int64_t j = 0; j < n; j += W) {
      Vec v = load(tile + j);
      if (ACTIVATION != VN_NO_ACTIVATION) {
        v = v * activation_gradient<ACTIVATION>(load(static_cast<const T*>(out.x_pre) + at + j, n - j));
      }
      store(static_cast<T*>(out.dx) + at + j, v, n - j);
    }
  }
}

// A piece of a row, once per vector width.

template <class T, int32_t ACTIVATION>
static void forward_row(T* y, T* pre, const T* x, const float* bias, int64_t n) {
  for (int64_t j = 0; j < n; j += Vec::width) {
    Vec v = load(x + j, n - j);
    if (bias) v = rounded<T>(v + load(bias + j, n - j));
    if (pre) store(pre + j, v, n - j);
    store(y + j, activate<ACTIVATION>(v), n - j);
  }
}

template <class T, int32_t ACTIVATION>
static void backward_row(T* dx, const T* dy, const T* pre, int64_t n) {
  for (int64_t j = 0; j < n; j += Vec::width) {
    Vec v = load(dy + j, n - j);
    if (ACTIVATION != VN_NO_ACTIVATION) v = v * activation_gradient<ACTIVATION>(load(pre + j, n - j));
    store(dx + j, v, n - j);
  }
}

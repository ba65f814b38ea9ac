// Rows of compute copies, once per vector width.

template <class T>
static void write_row(void* copy, const float* master, int64_t cols) {
  T* out = static_cast<T*>(copy);
  for (int64_t c = 0; c < cols; c += Vec::width) store(out + c, load(master + c, cols - c), cols - c);
}

template <class T>
static void read_row(float* out, const void* row, int64_t first, int64_t count, float scale) {
  const T* x = static_cast<const T*>(row) + first;
  for (int64_t c = 0; c < count; c += Vec::width) store(out + c, load(x + c, count - c) * scale, count - c);
}

static float largest_magnitude(const float* x, int64_t n) {
  Vec most = 0.0f;
  for (int64_t i = 0; i < n; i += Vec::width) most = max(most, abs(load(x + i, n - i)));
  return largest(most);
}

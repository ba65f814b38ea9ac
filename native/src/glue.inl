template <class Out, class In>
static void cast(Out* out, const In* x, int64_t n) {
  for (int64_t i = 0; i < n; i += Vec::width) store(out + i, load(x + i, n - i), n - i);
}

static void axpy(float* y, const float* x, int64_t n, float a) {
  for (int64_t i = 0; i < n; i += Vec::width) store(y + i, fma(a, load(x + i, n - i), load(y + i, n - i)), n - i);
}

static void scale(float* y, int64_t n, float a) {
  for (int64_t i = 0; i < n; i += Vec::width) store(y + i, load(y + i, n - i) * a, n - i);
}

// Columns c .. c + n - 1 of x [rows, C], n at most `strip` vectors.
template <int strip, class T>
static void add_rows(float* out, const T* x, int64_t rows, int64_t C, int64_t n, int64_t block, bool accumulate) {
  Vec total[strip];
  for (int v = 0; v < strip; v++) total[v] = accumulate ? load(out + v * Vec::width, n - v * Vec::width) : Vec(0.0f);
  for (int64_t first = 0; first < rows; first += block) {
    const int64_t end = std::min(rows, first + block);
    Vec part[strip];
    for (int v = 0; v < strip; v++) part[v] = 0.0f;
    for (int64_t r = first; r < end; r++) {
      for (int v = 0; v < strip; v++) part[v] = part[v] + load(x + r * C + v * Vec::width, n - v * Vec::width);
    }
    for (int v = 0; v < strip; v++) total[v] = total[v] + part[v];
  }
  for (int v = 0; v < strip; v++) store(out + v * Vec::width, total[v], n - v * Vec::width);
}

template <class T>
static void reduce_rows(float* out, const T* x, int64_t rows, int64_t C, int64_t columns, int64_t block,
                        bool accumulate) {
  constexpr int strip = 4;
  for (int64_t c = 0; c < columns; c += strip * Vec::width) {
    add_rows<strip>(out + c, x + c, rows, C, columns - c, block, accumulate);
  }
}

// Sum of squares in float64: eight sums, added from first to last.
static double square_sum(const float* g, int64_t n) {
  constexpr int lanes = 8;
  typedef float Floats __attribute__((vector_size(4 * lanes)));
  typedef double Doubles __attribute__((vector_size(8 * lanes)));
  Doubles sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (int u = 0; u < 4; u++) {
      Floats x;
      __builtin_memcpy(&x, g + i + u * lanes, sizeof x);
      const Doubles d = __builtin_convertvector(x, Doubles);
      sums[u] += d * d;
    }
  }
  const Doubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = 0;
  for (int lane = 0; lane < lanes; lane++) sum += all[lane];
  for (; i < n; i++) sum += double(g[i]) * double(g[i]);
  return sum;
}

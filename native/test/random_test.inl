static void test_exp() {
  const float infinity = std::numeric_limits<float>::infinity();
  alignas(64) float y[16];
  double worst = 0;
  for (float x = -87.3f; x < 88.7f; x += 0.0137f) {
    store(y, exp(Vec(x)));
    worst = std::max(worst, std::fabs(double(y[0]) / std::exp(double(x)) - 1));
  }
  CHECK(worst < 1.2e-7, "exp: relative error %g", worst);
  for (float x : {-104.5f, -103.9f, -100.0f, -88.0f, 88.73f, 0.0f, infinity, -infinity}) {
    store(y, exp(Vec(x)));
    const float want = float(std::exp(double(x)));
    CHECK(y[0] == want || std::fabs(y[0] - want) <= 1.4e-45f, "exp(%g) is %g, not %g", double(x), double(y[0]),
          double(want));
  }
  store(y, exp(Vec(std::numeric_limits<float>::quiet_NaN())));
  CHECK(y[0] != y[0], "exp(NaN) is %g", double(y[0]));
}

template <class T>
static void test_store_of() {
  check::Random random;
  for (int i = 0; i < 20000; i++) {
    const float x = float_of(uint32_t(random.bits()));
    T stored[16];
    store(stored, Vec(x));
    const T want = from_float<T>(x);
    CHECK(x != x || memcmp(&stored[0], &want, sizeof(T)) == 0, "store rounds %g differently", double(x));
    CHECK(x == x || to_float(stored[0]) != to_float(stored[0]), "store loses a NaN");
  }
  for (int64_t n = -1; n <= Vec::width + 1; n++) {
    const int64_t valid = std::clamp<int64_t>(n, 0, Vec::width);
    check::Guarded<T> in(valid), out(valid);
    for (int64_t i = 0; i < valid; i++) in[i] = from_float<T>(float(i + 1));
    const Vec v = load(in.data(), n);
    store(out.data(), v, n);
    alignas(64) float lanes[16];
    store(lanes, v);
    CHECK(out.same(in) && out.intact(), "load and store of %lld elements", (long long) n);
    for (int64_t i = valid; i < Vec::width; i++) CHECK(lanes[i] == 0, "lane %lld is not zero", (long long) i);
  }
}

static void test_vector_stores() {
  test_store_of<float>();
  test_store_of<bf16>();
  test_store_of<f16>();
}

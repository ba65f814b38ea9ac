// linear, bias_activation and compute copies against sums in double precision: every storage type, ragged sizes,
// reductions longer than a block, one to three rows (the streamed path), strides that must be copied, copies.
#include <cmath>

#include "session.h"

using namespace check;

namespace {

struct Shape {
  int64_t rows, N, K;
};

constexpr Shape shapes[] = {{1, 1, 1},    {1, 37, 65},    {2, 70, 7},   {3, 33, 130},   {4, 1, 3},      {5, 61, 33},
                            {7, 45, 512}, {29, 100, 31},  {113, 64, 1}, {130, 300, 96}, {17, 33, 1100}, {9, 40, 4200},
                            {57, 9, 2048}};
// Rows of whole 16-byte words, at and beside the edges of tiles: what the tensor cores of a GPU are for.
constexpr Shape aligned_shapes[] = {{64, 64, 64}, {65, 128, 96}, {130, 264, 72}, {3, 64, 264}};

double activate(double x, int32_t activation) {
  if (activation == VN_GELU_TANH) return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (activation == VN_GELU_ERF) return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
  return x;
}
double slope(double x, int32_t activation) {
  if (activation == VN_NO_ACTIVATION) return 1;
  const double h = 1e-5;
  return (activate(x + h, activation) - activate(x - h, activation)) / (2 * h);
}

// out[i, j] = sum_k a(i, k) b(k, j)
template <class A, class B>
std::vector<double> product(int64_t m, int64_t n, int64_t k, const A& a, const B& b) {
  std::vector<double> out(size_t(m * n));
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum += double(a(i, l)) * double(b(l, j));
      out[size_t(i * n + j)] = sum;
    }
  }
  return out;
}

struct Case {
  const Target& target;
  int32_t dtype, activation;
  Shape s;
  Random random;
  std::string where() const {
    return std::string(target.name) + " dtype " + std::to_string(dtype) + " activation " +
           std::to_string(activation) + " rows " + std::to_string(s.rows) + " N " + std::to_string(s.N) + " K " +
           std::to_string(s.K);
  }
  vn_sizes sizes() const { return {s.rows, 1, s.K, 0, 0, s.N, 0, dtype, 1}; }
  // bf16 rounds the weights too where it multiplies pairs; float32 sums of K products.
  double bound() const { return 4 * unit(dtype) + 2e-7 * std::sqrt(double(s.K + s.rows + s.N)) + 1e-6; }
};

void forward(Case c, int32_t copy_dtype) {
  const auto [rows, N, K] = c.s;
  Array x(rows * K, c.dtype), w(N * K, VN_F32), bias(N, VN_F32);
  x.randomize(c.random);
  w.randomize(c.random);
  bias.randomize(c.random);
  Vector<char> copy;
  if (copy_dtype >= 0) {  // and then the copy's values are the weights
    Session session(c.target, 2, c.sizes());
    int64_t bytes = 0;
    CHECK(vn_compute_copy_bytes(session.ctx, &bytes, N, K, copy_dtype, 0) == VN_OK && bytes >= N * K, "copy bytes");
    copy.resize(size_t(bytes));
    CHECK(vn_compute_copy_refresh(session.ctx, copy.data(), w.floats(), N, K, copy_dtype) == VN_OK, "copy refresh");
    std::vector<double> before;
    for (int64_t i = 0; i < N * K; i++) before.push_back(w.get(i));
    CHECK(vn_compute_copy_rows(session.ctx, w.floats(), copy.data(), N, K, 0, N, copy_dtype) == VN_OK, "copy rows");
    check_close("copy", c.where(), w, before, copy_dtype == VN_I8 ? 0.02 : 2 * unit(copy_dtype));
  }
  const bool activates = c.activation != VN_NO_ACTIVATION;
  auto out = same_every_time(
      "linear_forward", c.target, c.sizes(),
      [&] {
        Outputs o;
        o.push_back(make_array(rows * N, c.dtype));
        o.push_back(make_array(rows * N, c.dtype));
        return o;
      },
      [&](Session& session, Outputs& o) {
        return vn_linear_forward(session.ctx, o[0]->data(), activates ? o[1]->data() : nullptr, x.data(),
                                 copy.empty() ? w.floats() : nullptr, copy.empty() ? nullptr : copy.data(),
                                 bias.floats(), rows, N, K, c.activation, c.dtype, copy_dtype);
      });
  auto pre = product(rows, N, K, [&](int64_t i, int64_t k) { return x.get(i * K + k); },
                     [&](int64_t k, int64_t j) { return w.get(j * K + k); });
  std::vector<double> y;
  for (size_t i = 0; i < pre.size(); i++) {
    pre[i] += bias.get(int64_t(i) % N);
    y.push_back(activate(pre[i], c.activation));
  }
  check_close("linear_forward y", c.where(), *out[0], y, 2 * c.bound());
  if (activates) check_close("linear_forward pre", c.where(), *out[1], pre, c.bound());
}

void backward(Case c, int32_t accumulate) {
  const auto [rows, N, K] = c.s;
  Array dy(rows * N, c.dtype), x(rows * K, c.dtype), x_pre(rows * K, c.dtype), w(N * K, VN_F32);
  dy.randomize(c.random);
  x.randomize(c.random);
  x_pre.randomize(c.random, 3);
  w.randomize(c.random);
  const bool activates = c.activation != VN_NO_ACTIVATION;
  auto out = same_every_time(
      "linear_backward", c.target, c.sizes(),
      [&] {
        Outputs o;
        o.push_back(make_array(rows * K, c.dtype));
        o.push_back(make_array(N * K, VN_F32));
        o.push_back(make_array(N, VN_F32));
        if (accumulate) {
          for (int64_t i = 0; i < N * K; i++) o[1]->set(i, 0.5f);
          for (int64_t i = 0; i < N; i++) o[2]->set(i, -0.25f);
        }
        return o;
      },
      [&](Session& session, Outputs& o) {
        return vn_linear_backward(session.ctx, o[0]->data(), o[1]->floats(), o[2]->floats(), dy.data(), x.data(),
                                  activates ? x_pre.data() : nullptr, w.floats(), nullptr, rows, N, K, c.activation,
                                  accumulate, c.dtype, VN_F32);
      });
  auto dx = product(rows, K, N, [&](int64_t i, int64_t n) { return dy.get(i * N + n); },
                    [&](int64_t n, int64_t j) { return w.get(n * K + j); });
  for (size_t i = 0; i < dx.size(); i++) dx[i] *= slope(x_pre.get(int64_t(i)), c.activation);
  auto dw = product(N, K, rows, [&](int64_t n, int64_t r) { return dy.get(r * N + n); },
                    [&](int64_t r, int64_t k) { return x.get(r * K + k); });
  std::vector<double> db(size_t(N), accumulate ? -0.25 : 0);
  for (int64_t i = 0; i < rows * N; i++) db[size_t(i % N)] += dy.get(i);
  for (double& d : dw) d += accumulate ? 0.5 : 0;
  check_close("linear_backward dx", c.where(), *out[0], dx, 2 * c.bound());
  check_close("linear_backward dweight", c.where(), *out[1], dw, 1e-6 + 2e-7 * std::sqrt(double(rows)));
  check_close("linear_backward dbias", c.where(), *out[2], db, 1e-6 + 2e-7 * std::sqrt(double(rows)));
}

// Over a wide range, against double precision: the tails too.
void activations(const Target& target) {
  constexpr int64_t n = 4001;
  Session session(target, 2, {1, 1, n, 0, 0, 0, 0, VN_F32, 1});
  Array x(n, VN_F32), y(n, VN_F32), dx(n, VN_F32), ones(n, VN_F32);
  for (int64_t i = 0; i < n; i++) x.set(i, -10 + 20.0f * float(i) / (n - 1));
  for (int64_t i = 0; i < n; i++) ones.set(i, 1);
  for (int32_t activation : {VN_GELU_TANH, VN_GELU_ERF}) {
    vn_bias_activation_forward(session.ctx, y.data(), nullptr, x.data(), nullptr, 1, n, activation, VN_F32);
    vn_bias_activation_backward(session.ctx, dx.data(), nullptr, ones.data(), x.data(), 1, n, activation, 0, VN_F32);
    double worst = 0, worst_slope = 0;
    for (int64_t i = 0; i < n; i++) {
      const double want = activate(x.get(i), activation);
      const bool tail = activation == VN_GELU_TANH && x.get(i) < -4;  // 1 + tanh cancels in the double formula's tail
      worst = std::max(worst, std::fabs(y.get(i) - want) / (std::fabs(want) + (tail ? 1e-3 : 1e-12)));
      worst_slope = std::max(worst_slope, std::fabs(dx.get(i) - slope(x.get(i), activation)));
    }
    CHECK(worst < 4e-6, "%s activation %d: relative error %.3g", target.name, activation, worst);
    CHECK(worst_slope < 1e-6, "%s activation %d: error of the slope %.3g", target.name, activation, worst_slope);
  }
}

void bias_activation(Case c) {
  const auto [rows, N, K] = c.s;
  Array x(rows * N, c.dtype), bias(N, VN_F32), dy(rows * N, c.dtype), pre(rows * N, c.dtype);
  x.randomize(c.random, 2);
  bias.randomize(c.random);
  dy.randomize(c.random);
  auto out = same_every_time(
      "bias_activation", c.target, c.sizes(),
      [&] {
        Outputs o;
        for (int i = 0; i < 2; i++) o.push_back(make_array(rows * N, c.dtype));
        o.push_back(make_array(N, VN_F32));
        return o;
      },
      [&](Session& session, Outputs& o) {
        const int32_t status = vn_bias_activation_forward(session.ctx, o[0]->data(), pre.data(), x.data(),
                                                          bias.floats(), rows, N, c.activation, c.dtype);
        o[1]->copy(dy);
        return status ? status : vn_bias_activation_backward(session.ctx, o[1]->data(), o[2]->floats(), o[1]->data(),
                                                             pre.data(), rows, N, c.activation, 0, c.dtype);
      });
  std::vector<double> y, dx, db(size_t(N), 0);
  for (int64_t i = 0; i < rows * N; i++) {
    y.push_back(activate(double(x.get(i)) + bias.get(i % N), c.activation));
    dx.push_back(dy.get(i) * slope(pre.get(i), c.activation));
    db[size_t(i % N)] += dx.back();
  }
  check_close("bias_activation y", c.where(), *out[0], y, 4 * unit(c.dtype) + 2e-6);
  check_close("bias_activation dx", c.where(), *out[1], dx, 4 * unit(c.dtype) + 2e-6);
  check_close("bias_activation dbias", c.where(), *out[2], db, 4 * unit(c.dtype) + 4e-6);
}

void errors(const Target& target) {
  Session session(target, 1, {1, 1, 1, 0, 0, 1, 0, VN_F32, 1});
  Array a(64, VN_F32);
  float* p = a.floats();
  const auto forward = [&](const float* x, int64_t rows, int64_t N, int64_t K, int32_t activation, int32_t dtype) {
    return vn_linear_forward(session.ctx, p, nullptr, x, p, nullptr, nullptr, rows, N, K, activation, dtype, 0);
  };
  CHECK(forward(nullptr, 1, 1, 1, 0, VN_F32) == VN_INVALID_ARGUMENT, "null x");
  const std::string message = vn_last_error(session.ctx);
  CHECK(message == "linear_forward: x is null", "%s", message.c_str());
  CHECK(forward(p, -1, 1, 1, 0, VN_F32) == VN_INVALID_ARGUMENT, "negative rows");
  CHECK(forward(p, 1, 0, 1, 0, VN_F32) == VN_INVALID_ARGUMENT, "N 0");
  CHECK(forward(p, INT64_MAX / 2, 8, 8, 0, VN_F32) == VN_INVALID_ARGUMENT, "overflow");
  CHECK(forward(p, 1, 1, 1, 9, VN_F32) == VN_INVALID_ARGUMENT, "activation");
  CHECK(forward(p, 1, 1, 1, 0, VN_F64) == VN_UNSUPPORTED, "dtype f64");
  CHECK(forward(p, 1, 1, 1, 0, 77) == VN_INVALID_ARGUMENT, "dtype 77");
  if (!target.is_cpu) return;  // needs no workspace there
  vn_context_bind(session.ctx, nullptr, 0, nullptr);
  CHECK(forward(p, 1, 1, 1, 0, VN_F32) == VN_WORKSPACE, "no workspace");
  CHECK(forward(p, 0, 1, 1, 0, VN_F32) == VN_WORKSPACE, "no workspace, no rows");
}

}  // namespace

void test_linear(const Target& target) {
  errors(target);
  activations(target);
  Case c{target, VN_F32, VN_NO_ACTIVATION, {}, {}};
  int turn = 0;
  std::vector<Shape> all(std::begin(shapes), std::end(shapes));
  if (!target.is_cpu) all.insert(all.end(), std::begin(aligned_shapes), std::end(aligned_shapes));
  for (const Shape& shape : all) {
    c.s = shape;
    for (c.dtype = VN_F32; c.dtype <= VN_F16; c.dtype++) {
      c.activation = turn++ % 3;
      constexpr int32_t copies[] = {-1, VN_BF16, VN_F16, VN_I8};
      forward(c, -1);
      if (shape.rows < 60) forward(c, copies[turn % 4]);
      backward(c, turn % 2);
      bias_activation(c);
    }
  }
}

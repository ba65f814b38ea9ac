// Attention forward, backward and with a cache, against float64 loops.
#include "philox.h"
#include "session.h"

using namespace vn;
using check::Array;

namespace {

struct Shape {
  int64_t B, T, H, kv_heads, D, rope_dims, P;
  bool documents, positions;
  float dropout;
  int32_t dtype;

  vn_sizes sizes() const { return {B * T, T, H * D, H, D, 0, 0, dtype, 1}; }
  int64_t stride() const { return (H + 2 * kv_heads) * D; }
  std::string text() const {
    char buffer[200];
    snprintf(buffer, sizeof buffer, "B %d T %d H %d/%d D %d rope %d documents %d dropout %g dtype %d", int(B), int(T),
             int(H), int(kv_heads), int(D), int(rope_dims), documents, double(dropout), dtype);
    return buffer;
  }
};

struct Inputs {
  Array qkv, dout, rope;
  check::Vector<int32_t> positions, starts;
  float scale;

  explicit Inputs(const Shape& s)
      : qkv(s.B * s.T * s.stride(), s.dtype), dout(s.B * s.T * s.H * s.D, s.dtype), rope(s.P * s.rope_dims, VN_F32),
        scale(1 / std::sqrt(float(s.D))) {
    check::Random random;
    qkv.randomize(random, 2);
    dout.randomize(random);
    for (int64_t p = 0; p < s.P; p++) {
      for (int64_t i = 0; i < s.rope_dims / 2; i++) {
        const double angle = double(p) * std::pow(10000.0, -2.0 * double(i) / double(s.rope_dims));
        rope.set(p * s.rope_dims / 2 + i, float(std::cos(angle)));
        rope.set((s.P + p) * s.rope_dims / 2 + i, float(std::sin(angle)));
      }
    }
    for (int64_t b = 0; b < s.B; b++) {
      int32_t start = 0;
      for (int64_t t = 0; t < s.T; t++) {
        if (random.below(40) == 0) start = int32_t(t);
        starts.push_back(start);
        positions.push_back(int32_t(t - start + b));
      }
    }
  }
  const float* rope_table(const Shape& s) { return s.rope_dims ? rope.floats() : nullptr; }
};

using Rows = std::vector<double>;

// Row x of D, rotated (direction 1) or back (-1).
void rotate(double* x, const Array& table, int64_t P, int64_t dims, int64_t position, double direction) {
  const int64_t half = dims / 2;
  for (int64_t i = 0; i < half; i++) {
    const double c = table.get(position * half + i), s = direction * table.get((P + position) * half + i);
    const double a = x[i], b = x[half + i];
    x[i] = a * c - b * s;
    x[half + i] = b * c + a * s;
  }
}

struct Expected {
  Rows out, lse, dqkv;
};

// `stored`: what forward wrote, from which backward has its delta; NULL: only forward is wanted.
Expected reference(const Shape& s, const Inputs& in, uint64_t seed, int64_t first_sample, const Array* stored) {
  const int64_t T = s.T, D = s.D, heads = s.H + 2 * s.kv_heads, group = s.H / s.kv_heads;
  Expected e;
  Rows x(size_t(s.B * T * heads * D)), dx(x.size());
  for (size_t i = 0; i < x.size(); i++) x[i] = in.qkv.get(int64_t(i));
  const auto at = [&](int64_t b, int64_t t, int64_t h) { return size_t(((b * T + t) * heads + h) * D); };
  const auto turn = [&](Rows& rows, double direction) {
    for (int64_t b = 0; b < s.B; b++)
      for (int64_t t = 0; t < T; t++)
        for (int64_t h = 0; h < s.H + s.kv_heads; h++)
          rotate(&rows[at(b, t, h)], in.rope, s.P, s.rope_dims, s.positions ? in.positions[size_t(b * T + t)] : t,
                 direction);
  };
  turn(x, 1);
  e.out.resize(size_t(s.B * T * s.H * D));
  e.lse.resize(size_t(s.B * s.H * T));
  const Dropout dropout(seed, 3, s.dropout);
  for (int64_t b = 0; b < s.B; b++) {
    for (int64_t h = 0; h < s.H; h++) {
      for (int64_t t = 0; t < T; t++) {
        const int64_t first = s.documents ? in.starts[size_t(b * T + t)] : 0;
        const double* q = &x[at(b, t, h)];
        Rows p(size_t(t + 1)), mask(size_t(t + 1), 1.0);
        double most = -1e300, sum = 0;
        for (int64_t j = first; j <= t; j++) {
          const double* k = &x[at(b, j, s.H + h / group)];
          double dot = 0;
          for (int64_t c = 0; c < D; c++) dot += q[c] * k[c];
          p[size_t(j)] = dot * double(in.scale);
          most = std::max(most, p[size_t(j)]);
        }
        for (int64_t j = first; j <= t; j++) sum += p[size_t(j)] = std::exp(p[size_t(j)] - most);
        e.lse[size_t((b * s.H + h) * T + t)] = most + std::log(sum);
        double* out = &e.out[size_t(((b * T + t) * s.H + h) * D)];
        Rows dp(size_t(t + 1));
        const auto dout = [&](int64_t c) { return double(in.dout.get(((b * T + t) * s.H + h) * D + c)); };
        for (int64_t j = first; j <= t; j++) {
          p[size_t(j)] /= sum;
          if (s.dropout > 0) mask[size_t(j)] = dropout.factor(uint64_t(first_sample + b), uint64_t((h * T + t) * T +
                                                                                                   j));
          const double* v = &x[at(b, j, s.H + s.kv_heads + h / group)];
          double* dv = &dx[at(b, j, s.H + s.kv_heads + h / group)];
          for (int64_t c = 0; c < D; c++) {
            out[c] += p[size_t(j)] * mask[size_t(j)] * v[c];
            dp[size_t(j)] += mask[size_t(j)] * dout(c) * v[c];
            dv[c] += p[size_t(j)] * mask[size_t(j)] * dout(c);
          }
        }
        if (!stored) continue;
        double delta = 0;
        for (int64_t c = 0; c < D; c++) delta += dout(c) * stored->get(((b * T + t) * s.H + h) * D + c);
        double* dq = &dx[at(b, t, h)];
        for (int64_t j = first; j <= t; j++) {
          const double ds = p[size_t(j)] * (dp[size_t(j)] - delta) * double(in.scale);
          const double* k = &x[at(b, j, s.H + h / group)];
          double* dk = &dx[at(b, j, s.H + h / group)];
          for (int64_t c = 0; c < D; c++) {
            dq[c] += ds * k[c];
            dk[c] += ds * q[c];
          }
        }
      }
    }
  }
  turn(dx, -1);
  e.dqkv = dx;
  return e;
}

void test_training(const check::Target& target, const Shape& s) {
  Inputs in(s);
  const int32_t* positions = s.positions ? in.positions.data() : nullptr;
  const int32_t* starts = s.documents ? in.starts.data() : nullptr;
  const auto got = check::same_every_time(
      s.text().c_str(), target, s.sizes(),
      [&] {
        check::Outputs outputs;
        outputs.push_back(check::make_array(s.B * s.T * s.H * s.D, s.dtype));
        outputs.push_back(check::make_array(s.B * s.H * s.T, VN_F32));
        outputs.push_back(check::make_array(s.B * s.T * s.stride(), s.dtype));
        return outputs;
      },
      [&](check::Session& session, check::Outputs& o) {
        const int32_t status = vn_attention_forward(session.ctx, o[0]->data(), o[1]->floats(), in.qkv.data(),
                                                    in.rope_table(s), positions, starts, s.B, s.T, s.H, s.kv_heads, s.D,
                                                    s.rope_dims, s.P, in.scale, 3, s.dropout, s.dtype);
        if (status) return status;
        return vn_attention_backward(session.ctx, o[2]->data(), in.dout.data(), o[0]->data(), o[1]->floats(),
                                     in.qkv.data(), in.rope_table(s), positions, starts, s.B, s.T, s.H, s.kv_heads, s.D,
                                     s.rope_dims, s.P, in.scale, 3, s.dropout, s.dtype);
      });
  const Expected want = reference(s, in, check::seed, check::first_sample, got[0].get());
  // A GPU's tensor cores take q and k rounded once more, after the rotation.
  const bool is_rounded = !target.is_cpu && s.rope_dims > 0 && s.dtype != VN_F32;
  const double u = (is_rounded ? 2 : 1) * check::unit(s.dtype), fp32 = s.dtype == VN_F32 ? 4e-6 : 0;
  check::check_close("attention out", s.text(), *got[0], want.out, 4 * u + fp32);
  check::check_close("attention lse", s.text(), *got[1], want.lse, is_rounded ? u : 1e-5);
  check::check_close("attention dqkv", s.text(), *got[2], want.dqkv, 8 * u + fp32);
}

// Tokens fed to the cache in unequal steps attend as in one forward pass.
void test_decoding(const check::Target& target, const Shape& s) {
  Inputs in(s);
  const int64_t capacity = s.T + 3, stride = s.stride();
  check::Session session(target, 2, s.sizes());
  const Expected want = reference(s, in, 0, 0, nullptr);
  Array keys(s.B * s.kv_heads * capacity * s.D, s.dtype), values(keys.size(), s.dtype);
  check::Vector<int32_t> lengths(size_t(s.B), 0);
  Rows all(want.out.size());
  for (int64_t done = 0, n = 1; done < s.T; done += n, n = std::min<int64_t>(2 * n + 1, s.T - done)) {
    n = std::min(n, s.T - done);
    Array step(s.B * n * stride, s.dtype), out(s.B * n * s.H * s.D, s.dtype);
    for (int64_t b = 0; b < s.B; b++)
      for (int64_t i = 0; i < n * stride; i++) step.set(b * n * stride + i, in.qkv.get((b * s.T + done) * stride + i));
    CHECK(vn_kv_append(session.ctx, keys.data(), values.data(), step.data(), lengths.data(), in.rope_table(s), s.B, n,
                       s.H,
                       s.kv_heads, s.D, capacity, s.rope_dims, s.P, s.dtype) == VN_OK, "%s",
                           vn_last_error(session.ctx));
    CHECK(vn_decode_attention(session.ctx, out.data(), step.data(), keys.data(), values.data(), lengths.data(),
                              in.rope_table(s), s.B, n, s.H, s.kv_heads, s.D, capacity, s.rope_dims, s.P, in.scale,
                              s.dtype) == VN_OK, "%s", vn_last_error(session.ctx));
    for (int64_t b = 0; b < s.B; b++)
      for (int64_t i = 0; i < n * s.H * s.D; i++) all[size_t((b * s.T + done) * s.H * s.D +
                                                             i)] = out.get(b * n * s.H * s.D + i);
    CHECK(out.intact(), "decode_attention wrote outside");
    for (int32_t& length : lengths) length += int32_t(n);
  }
  double worst = 0;
  for (size_t i = 0; i < all.size(); i++) worst = std::max(worst, std::fabs(all[i] - want.out[i]));
  CHECK(worst < 6 * check::unit(s.dtype) + 4e-6, "decoding (%s): error %g", s.text().c_str(), worst);
  CHECK(keys.intact() && values.intact() && session.step().fault == 0, "decoding (%s): wrote outside", s.text().c_str());

  lengths.assign(size_t(s.B), int32_t(capacity));
  Array row(s.B * stride, s.dtype), out(s.B * s.H * s.D, s.dtype);
  CHECK(vn_kv_append(session.ctx, keys.data(), values.data(), row.data(), lengths.data(), in.rope_table(s), s.B, 1, s.H,
                     s.kv_heads, s.D, capacity, s.rope_dims, s.P, s.dtype) == VN_OK && session.step().fault == 1,
        "a full cache is a fault");
  CHECK(keys.intact() && values.intact(), "a full cache is left alone");
}

}  // namespace

void test_attention(const check::Target& target) {
  for (int32_t dtype : {VN_F32, VN_BF16, VN_F16}) {
    test_training(target, {2, 1, 2, 2, 8, 0, 0, false, false, 0, dtype});
    test_training(target, {2, 7, 3, 3, 1, 0, 0, false, false, 0, dtype});
    test_training(target, {1, 33, 4, 2, 16, 16, 40, false, false, 0, dtype});
    test_training(target, {2, 45, 4, 1, 20, 8, 60, true, true, 0.2f, dtype});
    test_training(target, {1, 100, 2, 2, 64, 0, 0, true, false, 0, dtype});
    test_training(target, {1, target.is_slow ? 131 : 301, 2, 1, 33, 0, 0, true, false, 0.1f, dtype});
    if (!target.is_cpu) {  // tiles of the tensor cores, and their edges
      test_training(target, {1, 130, 2, 1, 64, 32, 140, false, false, 0.1f, dtype});
      test_training(target, {1, 64, 1, 1, 128, 0, 0, false, false, 0, dtype});
      test_decoding(target, {1, 70, 2, 1, 64, 0, 0, false, false, 0, dtype});
    }
    test_training(target, {1, 15, 2, 2, 256, 0, 0, false, false, 0, dtype});
    test_decoding(target, {2, 150, 4, 2, 24, 8, 200, false, false, 0, dtype});
    test_decoding(target, {1, 37, 3, 3, 65, 0, 0, false, false, 0, dtype});
  }
  test_training(target, {1, target.is_slow ? 257 : 1025, 1, 1, 8, 0, 0, false, false, 0, VN_F32});
}

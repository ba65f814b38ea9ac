// Gradient norm, clipping and AdamW over segments, against float64.
#include "session.h"

using namespace vn;
using check::Array;

namespace {

constexpr int64_t total = 300000;

check::Vector<vn_segment> segments() {
  check::Vector<vn_segment> list(4);
  list[0] = {64, 7, 1000, nullptr, 0.1f, 1, 0, VN_F32};
  list[1] = {7168, 1, 33, nullptr, 0, 2, 0, VN_F32};
  list[2] = {7232, 100, 5, nullptr, 0.1f, 1, 1, VN_F32};  // frozen
  list[3] = {7744, 1000, 290, nullptr, 0.01f, 0.5f, 0, VN_F32};
  return list;
}

void test_step(const check::Target& target, float clip, float loss_scale) {
  check::Random random;
  Array gradients(total, VN_F32), p0(total, VN_F32), m0(total, VN_F32), v0(total, VN_F32);
  gradients.randomize(random, loss_scale);
  p0.randomize(random);
  m0.randomize(random, 0.1f);
  for (int64_t i = 0; i < total; i++) v0.set(i, std::fabs(random.uniform()) * 0.01f);
  const auto list = segments();
  const int64_t count = int64_t(list.size());
  vn_step seen = {};
  const auto got = check::same_every_time(
      "adamw", target, {},
      [&] {
        check::Outputs o;
        for (Array* a : {&p0, &m0, &v0}) {
          o.push_back(check::make_array(total, VN_F32));
          o.back()->copy(*a);
        }
        return o;
      },
      [&](check::Session& session, check::Outputs& o) {
        session.step().updates = 4;
        session.step().loss_scale = loss_scale;
        const int32_t status = vn_gradient_norm(session.ctx, gradients.floats(), list.data(), count, clip);
        seen = session.step();
        if (status) return status;
        return vn_adamw_update(session.ctx, o[0]->floats(), o[1]->floats(), o[2]->floats(), gradients.floats(),
                               list.data(),
                               count, 0.9f, 0.95f, 1e-8f);
      });
  double squares = 0;
  for (const vn_segment& s : list) {
    for (int64_t i = 0; !s.frozen && i < s.rows * s.cols; i++) squares += std::pow(double(gradients.get(s.offset +
                                                                                                        i)), 2);
  }
  const double norm = std::sqrt(squares) / double(loss_scale);
  const double scale = (clip > 0 ? std::min(1.0, double(clip) / (norm + 1e-6)) : 1) / double(loss_scale);
  CHECK(std::fabs(double(seen.gradient_norm) / norm - 1) < 1e-7, "norm is %g, not %g", double(seen.gradient_norm),
        norm);
  CHECK(std::fabs(double(seen.gradient_scale) / scale - 1) < 1e-7, "scale is %g", double(seen.gradient_scale));
  CHECK(seen.skip == 0, "a finite step is skipped");
  std::vector<double> p, m, v;
  for (int64_t i = 0; i < total; i++) p.push_back(p0.get(i)), m.push_back(m0.get(i)), v.push_back(v0.get(i));
  for (const vn_segment& s : list) {
    for (int64_t k = 0; !s.frozen && k < s.rows * s.cols; k++) {
      const size_t i = size_t(s.offset + k);
      const double g = double(gradients.get(int64_t(i))) * scale, lr = 1e-3 * double(s.learning_rate_scale);
      m[i] = double(0.9f) * m[i] + (1 - double(0.9f)) * g;
      v[i] = double(0.95f) * v[i] + (1 - double(0.95f)) * g * g;
      const double mh = m[i] / (1 - std::pow(double(0.9f), 5)), vh = v[i] / (1 - std::pow(double(0.95f), 5));
      p[i] -= lr * (mh / (std::sqrt(vh) + 1e-8) + double(s.weight_decay) * p[i]);
    }
  }
  check::check_close("masters", "", *got[0], p, 4 * std::ldexp(1.0, -24));
  check::check_close("m", "", *got[1], m, 4 * std::ldexp(1.0, -24));
  check::check_close("v", "", *got[2], v, 4 * std::ldexp(1.0, -24));
}

void test_skip(const check::Target& target) {
  check::Session session(target, 2, {});
  Array gradients(total, VN_F32), p(total, VN_F32), before(total, VN_F32);
  check::Random random;
  gradients.randomize(random);
  p.randomize(random);
  before.copy(p);
  auto list = segments();
  gradients.set(7300, std::numeric_limits<float>::infinity());  // in the frozen segment
  CHECK(vn_gradient_norm(session.ctx, gradients.floats(), list.data(), 4, 1) == VN_OK && session.step().skip == 0,
        "a frozen gradient counts");
  gradients.set(8000, std::numeric_limits<float>::quiet_NaN());
  CHECK(vn_gradient_norm(session.ctx, gradients.floats(), list.data(), 4, 1) == VN_OK && session.step().skip == 1,
        "not-a-number is not skipped");
  CHECK(vn_adamw_update(session.ctx, p.floats(), p.floats(), p.floats(), gradients.floats(), list.data(), 4, 0.9f,
                        0.95f,
                        1e-8f) == VN_OK && p.same(before), "a skipped step changes something");
  list[1].rows = -1;
  if (target.is_cpu) CHECK(vn_gradient_norm(session.ctx, gradients.floats(), list.data(), 4, 1) == VN_INVALID_ARGUMENT, "negative rows");
}

}  // namespace

void test_optimizer(const check::Target& target) {
  test_step(target, 1, 1);
  test_step(target, 0, 1024);
  test_skip(target);
}

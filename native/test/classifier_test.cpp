// The classifier against softmax cross entropy in double precision: labels left out and out of range, a vocabulary
// narrower than its padding, several chunks of rows, several parts of the vocabulary.
#include <cmath>

#include "session.h"

using namespace check;

namespace {

struct Shape {
  int64_t rows, C, V, Vp;
};

struct Reference {
  std::vector<double> losses, dhidden, dhead;
};

Reference reference(const Shape& s, Array& hidden, const Vector<int32_t>& labels, Array& scale, Array& head,
                    double loss_scale) {
  Reference r{std::vector<double>(size_t(s.rows)), std::vector<double>(size_t(s.rows * s.C)),
              std::vector<double>(size_t(s.Vp * s.C))};
  std::vector<double> z(size_t(s.V));
  for (int64_t i = 0; i < s.rows; i++) {
    const int32_t label = labels[size_t(i)];
    if (label < 0 || label >= s.V) continue;
    double most = -1e300, sum = 0;
    for (int64_t v = 0; v < s.V; v++) {
      z[size_t(v)] = 0;
      for (int64_t c = 0; c < s.C; c++) z[size_t(v)] += double(hidden.get(i * s.C + c)) * head.get(v * s.C + c);
      most = std::max(most, z[size_t(v)]);
    }
    for (double x : z) sum += std::exp(x - most);
    r.losses[size_t(i)] = std::log(sum) - (z[size_t(label)] - most);
    for (int64_t v = 0; v < s.V; v++) {
      const double d = (std::exp(z[size_t(v)] - most) / sum - (v == label)) * scale.get(i) * loss_scale;
      for (int64_t c = 0; c < s.C; c++) {
        r.dhidden[size_t(i * s.C + c)] += d * head.get(v * s.C + c);
        r.dhead[size_t(v * s.C + c)] += d * hidden.get(i * s.C + c);
      }
    }
  }
  return r;
}

void classifier(const Target& target, int32_t dtype, const Shape& s, bool accumulate, bool bad_label) {
  Random random;
  Array hidden(s.rows * s.C, dtype), head(s.Vp * s.C, VN_F32), scale(s.rows, VN_F32);
  hidden.randomize(random, 2);
  head.randomize(random);
  scale.randomize(random, 0.5f, 1);
  Vector<int32_t> labels;
  for (int64_t i = 0; i < s.rows; i++) labels.push_back(i % 5 == 3 ? -1 : int32_t(random.below(s.V)));
  if (bad_label) labels[0] = int32_t(s.V);
  const float loss_scale = dtype == VN_F16 ? 8 : 1;
  const std::string where = std::string(target.name) + " dtype " + std::to_string(dtype) + " rows " +
                            std::to_string(s.rows) + " C " + std::to_string(s.C) + " V " + std::to_string(s.V);
  auto out = same_every_time(
      "classifier", target, {s.rows, 1, s.C, 0, 0, 0, s.Vp, dtype, 1},
      [&] {
        Outputs o;
        o.push_back(make_array(s.rows, VN_F32));
        o.push_back(make_array(s.rows * s.C, dtype));
        o.push_back(make_array(s.Vp * s.C, VN_F32));
        o.push_back(make_array(s.rows, VN_F32));
        for (int64_t i = 0; accumulate && i < s.Vp * s.C; i++) o[2]->set(i, 0.5f);
        return o;
      },
      [&](Session& session, Outputs& o) {
        session.step().loss_scale = loss_scale;
        const int32_t status = vn_classifier_forward_backward(
            session.ctx, o[0]->floats(), o[1]->data(), o[2]->floats(), hidden.data(), labels.data(), scale.floats(),
            head.floats(), nullptr, s.rows, s.C, s.V, s.Vp, accumulate, dtype, VN_F32);
        CHECK(session.step().fault == (bad_label ? 1 : 0), "step.fault is %d", session.step().fault);
        return status ? status : vn_classifier_forward_backward(
            session.ctx, o[3]->floats(), nullptr, nullptr, hidden.data(), labels.data(), nullptr, head.floats(),
            nullptr, s.rows, s.C, s.V, s.Vp, 0, dtype, VN_F32);
      });
  Reference want = reference(s, hidden, labels, scale, head, loss_scale);
  for (double& d : want.dhead) d += accumulate ? 0.5 : 0;
  const double bound = 4 * unit(dtype) + 4e-6;
  check_close("classifier losses", where, *out[0], want.losses, bound);
  check_close("classifier dhidden", where, *out[1], want.dhidden, 4 * bound);
  check_close("classifier dhead", where, *out[2], want.dhead, 4 * bound);
  CHECK(out[3]->same(*out[0]), "classifier: losses differ without gradients (%s)", where.c_str());
}

void logits(const Target& target, int32_t dtype, int64_t rows) {
  constexpr int64_t C = 35, Vp = 77;
  Random random;
  Array hidden(rows * C, dtype), head(Vp * C, VN_F32);
  hidden.randomize(random);
  head.randomize(random);
  auto out = same_every_time(
      "classifier_logits", target, {rows, 1, C, 0, 0, 0, Vp, dtype, 0},
      [&] {
        Outputs o;
        o.push_back(make_array(rows * Vp, VN_F32));
        return o;
      },
      [&](Session& session, Outputs& o) {
        return vn_classifier_logits(session.ctx, o[0]->floats(), hidden.data(), head.floats(), nullptr, rows, C, Vp,
                                    dtype, VN_F32);
      });
  std::vector<double> want;
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t v = 0; v < Vp; v++) {
      double sum = 0;
      for (int64_t c = 0; c < C; c++) sum += double(hidden.get(i * C + c)) * head.get(v * C + c);
      want.push_back(sum);
    }
  }
  check_close("classifier_logits", target.name, *out[0], want, dtype == VN_BF16 ? 8e-3 : 4e-6);
}

}  // namespace

void test_classifier(const Target& target) {
  for (int32_t dtype : {VN_F32, VN_BF16, VN_F16}) {
    classifier(target, dtype, {7, 12, 61, 64}, false, false);
    classifier(target, dtype, {1, 5, 3, 3}, true, false);
    classifier(target, dtype, {33, 40, 512, 512}, false, true);
    classifier(target, dtype, {45, 64, 301, 384}, true, false);
    for (int64_t rows : {1, 3, 6}) logits(target, dtype, rows);
  }
  if (target.is_cpu) {
    classifier(target, VN_F32, {1100, 8, 50, 61}, false, false);        // two chunks of rows
    classifier(target, VN_BF16, {2, 5, 270000, 270001}, false, false);  // two parts of the vocabulary
  } else {
    if (!target.is_slow) classifier(target, VN_BF16, {4100, 8, 5, 8}, true, false);  // two chunks of rows
    classifier(target, VN_F16, {5, 16, 2500, 2504}, false, false);
    classifier(target, VN_BF16, {130, 64, 200, 264}, false, false);  // tiles of the tensor cores, and their edges
  }
}

// Residual sum and LayerNorm, both ways, against float64 loops.
#include "philox.h"
#include "session.h"

using namespace vn;
using check::Array;

namespace {

struct Case {
  int64_t rows, T, C;
  bool x, bias;
  int32_t norm;
  float dropout;
  int32_t accumulate, dtype, residual_dtype;
  std::string text() const {
    char buffer[160];
    snprintf(buffer, sizeof buffer, "rows %d C %d x %d bias %d norm %d dropout %g accumulate %d dtypes %d %d",
             int(rows),
             int(C), x, bias, norm, double(dropout), accumulate, dtype, residual_dtype);
    return buffer;
  }
};

void test_case(const check::Target& target, const Case& s) {
  check::Random random;
  const int64_t n = s.rows * s.C;
  constexpr float eps = 1e-5f;
  Array residual(n, s.residual_dtype), x(n, s.dtype), weight(s.C, VN_F32), bias(s.C, VN_F32), dout(n, s.dtype),
      before(n, s.residual_dtype), dweight_before(s.C, VN_F32);
  residual.randomize(random, 2, 1);
  x.randomize(random);
  weight.randomize(random, 0.5f, 1);
  bias.randomize(random);
  dout.randomize(random);
  before.randomize(random);
  dweight_before.randomize(random);

  const auto got = check::same_every_time(
      s.text().c_str(), target, {s.rows, s.T, s.C, 0, 0, 0, 0, s.dtype, 1},
      [&] {
        check::Outputs o;  // sum, out, mean, rstd, dresidual, dx, dweight, dbias
        for (int32_t dtype : {s.residual_dtype, s.dtype}) o.push_back(check::make_array(n, dtype));
        for (int i = 0; i < 2; i++) o.push_back(check::make_array(s.rows, VN_F32));
        for (int32_t dtype : {s.residual_dtype, s.dtype}) o.push_back(check::make_array(n, dtype));
        for (int i = 0; i < 2; i++) o.push_back(check::make_array(s.C, VN_F32));
        o[4]->copy(before);
        if (s.accumulate) o[6]->copy(dweight_before), o[7]->copy(dweight_before);
        return o;
      },
      [&](check::Session& session, check::Outputs& o) {
        const int32_t status = vn_residual_layernorm_forward(
            session.ctx, s.x ? o[0]->data() : nullptr, o[1]->data(), o[2]->floats(), o[3]->floats(), residual.data(),
            s.x ? x.data() : nullptr, weight.floats(), s.bias ? bias.floats() : nullptr, s.rows, s.T, s.C, eps,
                s.norm, 9,
            s.dropout, s.dtype, s.residual_dtype);
        if (status) return status;
        return vn_residual_layernorm_backward(
            session.ctx, o[4]->data(), s.x ? o[5]->data() : nullptr, o[6]->floats(), s.bias ? o[7]->floats() : nullptr,
            dout.data(), s.x ? o[0]->data() : residual.data(), o[2]->floats(), o[3]->floats(), weight.floats(),
                s.rows, s.T,
            s.C, s.norm, 9, s.dropout, s.accumulate, s.accumulate, s.dtype, s.residual_dtype);
      });

  const Dropout dropout(check::seed, 9, s.dropout);
  const auto factor = [&](int64_t row, int64_t c) {
    return s.dropout == 0 ? 1.0
                          : double(dropout.factor(uint64_t(check::first_sample + row / s.T),
                                                  uint64_t(row % s.T * s.C + c)));
  };
  std::vector<double> sum(size_t(n), 0), out(sum), dresidual(sum), dx(sum), mean(size_t(s.rows)), rstd(mean);
  std::vector<double> dweight(size_t(s.C), 0), dbias(dweight);
  for (int64_t c = 0; s.accumulate && c < s.C; c++) dweight[size_t(c)] = dbias[size_t(c)] = dweight_before.get(c);
  const auto scale = [&](int64_t c) { return double(weight.get(c)) + (s.norm == VN_LAYERNORM1P ? 1 : 0); };
  for (int64_t r = 0; r < s.rows; r++) {
    double mu = 0, variance = 0, h_mean = 0, hn_mean = 0;
    const auto stored = [&](int64_t c) { return double((s.x ? *got[0] : residual).get(r * s.C + c)); };
    for (int64_t c = 0; c < s.C; c++) {
      sum[size_t(r * s.C + c)] = double(residual.get(r * s.C + c)) + factor(r, c) * double(x.get(r * s.C + c));
      mu += stored(c) / double(s.C);
    }
    for (int64_t c = 0; c < s.C; c++) variance += (stored(c) - mu) * (stored(c) - mu) / double(s.C);
    const double rs = 1 / std::sqrt(variance + double(eps));
    mean[size_t(r)] = mu;
    rstd[size_t(r)] = rs;
    for (int64_t c = 0; c < s.C; c++) {
      const double normal = (stored(c) - mu) * rs, d = dout.get(r * s.C + c), h = d * scale(c);
      out[size_t(r * s.C + c)] = normal * scale(c) + (s.bias ? double(bias.get(c)) : 0);
      h_mean += h / double(s.C);
      hn_mean += h * normal / double(s.C);
      dweight[size_t(c)] += d * normal;
      dbias[size_t(c)] += d;
    }
    for (int64_t c = 0; c < s.C; c++) {
      const double normal = (stored(c) - mu) * rs, h = double(dout.get(r * s.C + c)) * scale(c);
      const double d = rs * (h - h_mean - normal * hn_mean) + (s.accumulate ? double(before.get(r * s.C + c)) : 0);
      dresidual[size_t(r * s.C + c)] = d;
      dx[size_t(r * s.C + c)] = d * factor(r, c);
    }
  }
  const double u = check::unit(s.dtype), ur = check::unit(s.residual_dtype);
  if (s.x) check::check_close("sum", s.text(), *got[0], sum, 2 * ur);
  check::check_close("out", s.text(), *got[1], out, 2 * u + 2e-6);
  check::check_close("mean", s.text(), *got[2], mean, 2e-6);
  check::check_close("rstd", s.text(), *got[3], rstd, 2e-6);
  check::check_close("dresidual", s.text(), *got[4], dresidual, 2 * ur + 4e-6);
  if (s.x) check::check_close("dx", s.text(), *got[5], dx, 2 * u + 4e-6);
  check::check_close("dweight", s.text(), *got[6], dweight, 1e-5);
  if (s.bias) check::check_close("dbias", s.text(), *got[7], dbias, 1e-5);
}

}  // namespace

void test_layernorm(const check::Target& target) {
  for (int32_t dtype : {VN_F32, VN_BF16, VN_F16}) {
    test_case(target, {150, 75, 61, true, true, VN_LAYERNORM, 0, 1, dtype, VN_F32});
    test_case(target, {14, 7, 12, true, false, VN_LAYERNORM1P, 0.25f, 0, dtype, dtype});
    test_case(target, {5, 5, 3, false, true, VN_LAYERNORM, 0, 1, dtype, VN_F32});
    test_case(target, {66, 11, 1030, true, true, VN_LAYERNORM1P, 0.1f, 1, dtype, VN_F32});
    test_case(target, {9, 3, 768, true, true, VN_LAYERNORM, 0.1f, 1, dtype, dtype});
  }
}

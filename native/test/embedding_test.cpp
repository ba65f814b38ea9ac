// Embedding both ways against loops: repeated ids, ids nobody uses, ids and positions outside their tables.
#include <algorithm>

#include "philox.h"
#include "session.h"

using namespace vn;
using check::Array;

namespace {

struct Groups {
  check::Vector<int32_t> order, starts;
  explicit Groups(const check::Vector<int32_t>& keys) : order(keys.size()), starts(keys.size() + 1,
                                                                                 int32_t(keys.size())) {
    for (size_t i = 0; i < keys.size(); i++) order[i] = int32_t(i);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a,
                                                     int32_t b) { return keys[size_t(a)] < keys[size_t(b)]; });
    size_t group = 0;
    for (size_t i = 0; i < keys.size(); i++) {
      if (i == 0 || keys[size_t(order[i])] != keys[size_t(order[i - 1])]) starts[group++] = int32_t(i);
    }
  }
};

void test_case(const check::Target& target, int64_t C, float dropout, int32_t accumulate, bool outside, int32_t dtype) {
  constexpr int64_t rows = 45, T = 15, Vp = 130, P = 20;
  check::Random random;
  check::Vector<int32_t> ids, positions;
  for (int64_t r = 0; r < rows; r++) {
    ids.push_back(int32_t(random.below(3) == 0 ? 7 : random.below(Vp)));
    positions.push_back(int32_t(r % T));
  }
  if (outside) ids[3] = -1, ids[11] = Vp, positions[20] = P;
  const Groups by_id(ids), by_position(positions);
  Array tokens(Vp * C, VN_F32), table(P * C, VN_F32), dout(rows * C, dtype), before(Vp * C, VN_F32);
  for (Array* a : {&tokens, &table, &dout, &before}) a->randomize(random);
  int32_t fault = 0;
  const auto got = check::same_every_time(
      "embedding", target, {rows, T, C, 0, 0, 0, Vp, dtype, 1},
      [&] {
        check::Outputs o;
        o.push_back(check::make_array(rows * C, dtype));
        o.push_back(check::make_array(Vp * C, VN_F32));
        o.push_back(check::make_array(P * C, VN_F32));
        if (accumulate) o[1]->copy(before);
        return o;
      },
      [&](check::Session& session, check::Outputs& o) {
        int32_t status = vn_embedding_forward(session.ctx, o[0]->data(), ids.data(), positions.data(), tokens.floats(),
                                              nullptr, table.floats(), rows, T, C, Vp, P, 4, dropout, VN_F32, dtype);
        if (status) return status;
        status = vn_embedding_backward(session.ctx, o[1]->floats(), o[2]->floats(), dout.data(), ids.data(),
                                       by_id.order.data(), by_id.starts.data(), positions.data(),
                                           by_position.order.data(),
                                       by_position.starts.data(), rows, T, C, Vp, P, 4, dropout, accumulate, 0, dtype);
        fault = session.step().fault;
        return status;
      });
  CHECK(fault == outside, "embedding: fault is %d", fault);
  const Dropout d(check::seed, 4, dropout);
  std::vector<double> out(size_t(rows * C)), dtokens(size_t(Vp * C)), dtable(size_t(P * C));
  for (int64_t i = 0; accumulate && i < Vp * C; i++) dtokens[size_t(i)] = before.get(i);
  for (int64_t r = 0; r < rows; r++) {
    const int64_t id = ids[size_t(r)], p = positions[size_t(r)];
    for (int64_t c = 0; c < C; c++) {
      const double f = dropout > 0 ? double(d.factor(uint64_t(check::first_sample + r / T), uint64_t(r % T * C +
                                                                                                     c))) : 1;
      if (id >= 0 && id < Vp && p < P) out[size_t(r * C + c)] = f * (double(tokens.get(id * C + c)) +
                                                                     double(table.get(p * C + c)));
      if (id >= 0 && id < Vp) dtokens[size_t(id * C + c)] += f * double(dout.get(r * C + c));
      if (p < P) dtable[size_t(p * C + c)] += f * double(dout.get(r * C + c));
    }
  }
  check::check_close("embedding out", "", *got[0], out, 2 * check::unit(dtype));
  check::check_close("embedding dtokens", "", *got[1], dtokens, 1e-6);
  check::check_close("embedding dposition_table", "", *got[2], dtable, 1e-6);
}

void test_bad_groups(const check::Target& target) {
  check::Session session(target, 2, {4, 4, 3, 0, 0, 0, 5, VN_F32, 1});
  Array dtokens(15, VN_F32), dout(12, VN_F32);
  const int32_t ids[] = {0, 1, 2, 3}, starts[] = {0, 1, 2, 3, 4}, far[] = {0, 1, 2, 9}, falling[] = {3, 2, 1, 0};
  for (const int32_t* order : {far, falling}) {
    CHECK(vn_embedding_backward(session.ctx, dtokens.floats(), nullptr, dout.data(), ids, order, starts, nullptr,
                                nullptr,
                                nullptr, 4, 4, 3, 5, 0, 0, 0, 0, 0, VN_F32) == VN_INVALID_ARGUMENT,
                                    "bad groups are refused");
  }
}

}  // namespace

void test_embedding(const check::Target& target) {
  for (int32_t dtype : {VN_F32, VN_BF16, VN_F16}) {
    test_case(target, 61, 0, 0, false, dtype);
    test_case(target, 530, 0.3f, 1, true, dtype);
    test_case(target, 64, 0.3f, 0, false, dtype);
  }
  if (target.is_cpu) test_bad_groups(target);  // a GPU finds them while it runs
}

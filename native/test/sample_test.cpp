// Sampling: greedy, what top-k and top-p keep, frequencies, log probabilities; repetition penalty.
#include "philox.h"
#include <algorithm>

#include "session.h"

using namespace vn;
using check::Array;

namespace {

constexpr int64_t V = 61, Vp = 64;

struct Logits {
  Array values;
  explicit Logits(int64_t vocabulary = V, int64_t padded = Vp) : values(padded, VN_F32) {
    check::Random random;
    values.randomize(random, 3);
    for (int64_t i = vocabulary; i < padded; i++) values.set(i, 1000);  // padding must never be chosen
  }
};

void test_greedy(const check::Target& target) {
  check::Session session(target, 2, {1, 0, 0, 0, 0, 0, Vp, VN_F32, 0});
  Logits logits;
  logits.values.set(20, 50);
  logits.values.set(40, 50);
  check::Vector<int32_t> id(1, -1);
  Array logprob(1, VN_F32);
  vn_sample(session.ctx, id.data(), logprob.floats(), logits.values.floats(), 1, V, Vp, 0, 0, 0, 1, 0);
  CHECK(std::fabs(logprob.get(0) + std::log(2.0f)) < 1e-5f, "logprob is %g", double(logprob.get(0)));
  CHECK(id[0] == 20, "greedy chose %d", id[0]);
}

// Draws must follow the kept probabilities, and each draw must be the one the header defines.
void test_draws(const check::Target& target, int64_t V, int64_t draws, float temperature, int64_t top_k, float top_p) {
  const int64_t Vp = V + 3;
  check::Session session(target, 2, {1, 0, 0, 0, 0, 0, Vp, VN_F32, 0});
  const Logits given(V, Vp);
  std::vector<double> p(size_t(V), 0), kept(size_t(V), 0);
  double lse = 0, total = 0;
  for (int64_t i = 0; i < V; i++) {
    p[size_t(i)] = std::exp(double(given.values.get(i)) / double(temperature));
    lse += std::exp(double(given.values.get(i)));
  }
  std::vector<int64_t> order(size_t(V), 0);
  for (int64_t i = 0; i < V; i++) order[size_t(i)] = i;
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return p[size_t(a)] > p[size_t(b)]; });
  const int64_t k = top_k > 0 ? std::min(top_k, V) : V;
  for (int64_t i = 0; i < k; i++) total += p[size_t(order[size_t(i)])];
  double mass = 0;
  for (int64_t i = 0; i < k && (top_p == 0 || mass <= double(top_p) * total); i++) {
    kept[size_t(order[size_t(i)])] = p[size_t(order[size_t(i)])];
    mass += p[size_t(order[size_t(i)])];
  }
  int wrong = 0;
  check::Vector<int32_t> chosen(1);
  Array logprob(1, VN_F32);
  Logits logits(V, Vp);
  for (int64_t draw = 0; draw < draws; draw++) {
    logits.values.copy(given.values);
    vn_sample(session.ctx, chosen.data(), logprob.floats(), logits.values.floats(), 1, V, Vp, temperature, top_k, top_p,
              99, draw);
    const double u = double(philox(PhiloxKey(99), {uint32_t(draw), 0, 0, 0})[0]) / 4294967296.0;
    double running = 0;
    int32_t want = -1;
    for (int64_t i = 0; i < V && want < 0; i++) {
      running += kept[size_t(i)];
      if (kept[size_t(i)] > 0 && running > u * mass) want = int32_t(i);
    }
    const double got = logprob.get(0);  // waits
    const int32_t id = chosen[0];
    wrong += id != want;
    CHECK(std::fabs(got - (double(given.values.get(id)) - std::log(lse))) < 1e-5, "logprob of %d", id);
  }
  CHECK(wrong <= 1, "%d of %d draws differ (temperature %g, top_k %d, top_p %g)", wrong, int(draws), double(temperature),
        int(top_k),
        double(top_p));
}

void test_penalty(const check::Target& target) {
  check::Session session(target, 2, {1, 0, 0, 0, 0, 0, Vp, VN_F32, 0});
  Array logits(2 * Vp, VN_F32);
  for (int64_t i = 0; i < 2 * Vp; i++) logits.set(i, i % 2 ? 3.0f : -3.0f);
  const check::Vector<int32_t> previous = {4, 5, 5, 4, 60, 1000}, lengths = {3, 3};
  CHECK(vn_penalize_repetition(session.ctx, logits.floats(), previous.data(), lengths.data(), 2, 3, Vp, 2) == VN_OK, "%s",
        vn_last_error(session.ctx));
  CHECK(logits.get(4) == -6 && logits.get(5) == 1.5f && logits.get(6) == -3 && logits.get(Vp + 4) == -6 &&
            logits.get(Vp + 60) == -6 && logits.get(Vp + 5) == 3, "penalties");
  CHECK(session.step().fault == 1 && logits.intact() && session.intact(), "an id outside the vocabulary is a fault");
}

}  // namespace

void test_sample(const check::Target& target) {
  test_greedy(target);
  const int64_t draws = target.is_cpu ? 2000 : 200;
  test_draws(target, V, draws, 1, 0, 0);
  test_draws(target, V, draws, 0.7f, 5, 0);
  test_draws(target, V, draws, 1.5f, 0, 0.8f);
  test_draws(target, V, draws, 1, 20, 0.5f);
  test_draws(target, 2000, 10, 1, 0, 0);  // more than the threads of a block
  test_penalty(target);
}

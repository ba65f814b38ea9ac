// Choosing the next token (Fan et al. 2018: top-k; Holtzman et al. 2020: nucleus, or top-p).
//
//   p = softmax(logits / temperature) over the top_k largest (ties with the k-th stay), of which the smallest set, by
//   falling probability (ties: lower id first), whose mass exceeds top_p is kept
//   u = word 0 of Philox(key = seed, counter = (draw, row, 0, 0)) / 2^32; the first id, in the order of ids, at which
//   the running mass of the kept ones exceeds u times their whole mass
//
// logits [rows, Vp] float32, of which V columns count; running masses are float64. A task is a row.
// Repetition penalty (Keskar et al. 2019, section 4.1): seen ids' positive logits / penalty, negative ones * penalty.
#include <cstring>

#include "philox.h"
#include "sample_arguments.h"
#include "scratch_bytes.h"

#define VN_LOOPS "sample.inl"
#include "each_isa.h"

using namespace vn;

namespace {

struct SampleScratch {
  float *scaled, *exponentials, *largest;  // [V] each
  int32_t* order;

  SampleScratch(Scratch& scratch, int64_t V)
      : scaled(scratch.take<float>(V)), exponentials(scratch.take<float>(V)), largest(scratch.take<float>(V)),
        order(scratch.take<int32_t>(V)) {}
  static int64_t bytes(int64_t V) {
    Scratch scratch;
    SampleScratch(scratch, V);
    return scratch.bytes();
  }
};

struct Sampling {
  float temperature;
  int64_t top_k;
  float top_p;
  uint64_t seed;
  int64_t draw;
  Level level;
};

// Drops (to minus infinity) all that is smaller than the k-th largest.
void keep_largest(float* x, int64_t n, int64_t k, float* largest) {
  std::partial_sort_copy(x, x + n, largest, largest + k, std::greater<float>());
  const float least = largest[k - 1];
  for (int64_t i = 0; i < n; i++) {
    if (x[i] < least) x[i] = -std::numeric_limits<float>::infinity();
  }
}

// Zeroes what is outside the smallest set whose mass exceeds `mass`. A heap gives the next largest only as long as it
// is wanted: sorting a whole vocabulary would take longer than the model does.
void keep_nucleus(float* e, int64_t n, double mass, int32_t* order) {
  int64_t left = 0;
  for (int64_t i = 0; i < n; i++) {
    if (e[i] > 0) order[left++] = int32_t(i);
  }
  const auto comes_later = [e](int32_t a, int32_t b) { return e[a] < e[b] || (e[a] == e[b] && a > b); };
  std::make_heap(order, order + left, comes_later);
  for (double kept = 0; left > 0 && kept <= mass; left--) {
    kept += double(e[order[0]]);
    std::pop_heap(order, order + left, comes_later);
  }
  for (int64_t i = 0; i < left; i++) e[order[i]] = 0;
}

int32_t draw_id(const float* e, int64_t n, double total, double u) {
  double running = 0;
  int64_t last = 0;
  for (int64_t i = 0; i < n; i++) {
    if (e[i] <= 0) continue;
    running += double(e[i]);
    last = i;
    if (running > u * total) break;
  }
  return int32_t(last);
}

int32_t choose(const Sampling& s, const SampleScratch& w, const float* logits, int64_t row, int64_t V) {
  const float most = VN_PICK(s.level, scale_logits)(w.scaled, logits, V, s.temperature > 0 ? s.temperature : 1);
  const int32_t greedy = int32_t(std::find(w.scaled, w.scaled + V, most) - w.scaled);
  if (s.temperature == 0 || !std::isfinite(most)) return greedy;
  if (s.top_k > 0 && s.top_k < V) keep_largest(w.scaled, V, s.top_k, w.largest);
  double total = VN_PICK(s.level, exponentials)(w.exponentials, w.scaled, V, most);
  if (s.top_p > 0 && s.top_p < 1) {
    keep_nucleus(w.exponentials, V, double(s.top_p) * total, w.order);
    total = 0;
    for (int64_t i = 0; i < V; i++) total += double(w.exponentials[i]);
  }
  const auto words = philox(PhiloxKey(s.seed), {uint32_t(s.draw), uint32_t(row), 0, 0});
  return draw_id(w.exponentials, V, total, double(words[0]) / 4294967296.0);
}

// log softmax of the logits as given, at `id`.
float log_probability(Level level, const SampleScratch& w, const float* logits, int64_t V, int32_t id) {
  const float most = VN_PICK(level, scale_logits)(w.scaled, logits, V, 1);
  const double total = VN_PICK(level, exponentials)(w.exponentials, w.scaled, V, most);
  return float(double(logits[id]) - double(most) - std::log(total));
}

}  // namespace

int64_t vn::sample_scratch_bytes(const vn_sizes& sizes, int threads) {
  return threads * SampleScratch::bytes(sizes.Vp);
}

int32_t vn_sample(vn_context* ctx, int32_t* ids, float* logprobs, float* logits, int64_t rows, int64_t V, int64_t Vp,
                  float temperature, int64_t top_k, float top_p, uint64_t seed, int64_t draw) {
  VN_TRY(check_sample(ctx, ids, logits, rows, V, Vp, temperature, top_k, top_p, draw));
  const int64_t bytes = SampleScratch::bytes(V);
  VN_TRY(require_workspace(ctx, "sample", ctx->pool.threads() * bytes));
  const Sampling s = {temperature, top_k, top_p, seed, draw, ctx->level};
  ctx->pool.run(rows, [&](int64_t row, int thread) {
    Scratch scratch(ctx);
    scratch.take<char>(thread * bytes);
    const SampleScratch w(scratch, V);
    ids[row] = choose(s, w, logits + row * Vp, row, V);
    if (logprobs) logprobs[row] = log_probability(ctx->level, w, logits + row * Vp, V, ids[row]);
  });
  return VN_OK;
}

int32_t vn_penalize_repetition(vn_context* ctx, float* logits, const int32_t* previous, const int32_t* lengths,
                               int64_t rows, int64_t capacity, int64_t Vp, float penalty) {
  VN_TRY(check_penalize_repetition(ctx, logits, previous, lengths, rows, capacity, Vp, penalty));
  VN_TRY(require_workspace(ctx, "penalize_repetition", ctx->pool.threads() * Vp));
  ctx->pool.run(rows, [&](int64_t row, int thread) {
    if (lengths[row] < 0 || lengths[row] > capacity) return set_fault(ctx);
    char* seen = ctx->workspace + thread * Vp;
    std::memset(seen, 0, size_t(Vp));
    for (int64_t i = 0; i < lengths[row]; i++) {
      const int32_t id = previous[row * capacity + i];
      if (id < 0 || id >= Vp) {
        set_fault(ctx);
      } else if (!seen[id]) {
        seen[id] = 1;
        float& logit = logits[row * Vp + id];
        logit = logit > 0 ? logit / penalty : logit * penalty;
      }
    }
  });
  return VN_OK;
}

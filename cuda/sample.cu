// Choosing the next token (Fan et al. 2018: top-k; Holtzman et al. 2020: nucleus, or top-p).
//
//   p = softmax(logits / temperature) over the top_k largest (ties with the k-th stay), of which the smallest set, by
//   falling probability (ties: lower id first), whose mass exceeds top_p is kept
//   u = word 0 of Philox(key = seed, counter = (draw, row, 0, 0)) / 2^32; the first id, in the order of ids, at which
//   the running mass of the kept ones exceeds u times their whole mass
//
// logits [rows, Vp] float32, of which V columns count. A block takes a row and reads it again for every question: it stays
// in the cache, needs no scratch, and nothing is sorted. Each id has a rank, a 64-bit number that no other has: its logit's
// bits in the order of floats above, the bits of ~id below. Both cuts are ranks, found 4 bits at a time from the masses of
// 16 bins; a bin with one id in it ends the search. Masses are float32 in a warp, float64 over warps, in a fixed order.
// Repetition penalty (Keskar et al. 2019, section 4.1): seen ids' positive logits / penalty, negative ones * penalty.
#include "context.cuh"
#include "philox.h"
#include "sample_arguments.h"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int most_threads = 512, most_warps = most_threads / warp_lanes, bins = 16, digit_bits = 4;

struct Sampling {
  int32_t* ids;
  float* logprobs;
  const float* logits;
  int64_t V, Vp;
  float temperature;
  int64_t top_k;
  float top_p;
  uint64_t seed;
  int64_t draw;
};

// What the warps of a block tell each other.
struct Shared {
  double totals[2 * bins];
  double masses[most_warps];
  float parts[2][most_warps][bins];
  uint64_t ranks[most_warps];
  float maxima[2 * warp_lanes];
};

// Lower than any number's rank is no rank at all: ~id < 2^32.
__device__ __forceinline__ uint64_t rank_of(float scaled, int64_t id) {
  const uint32_t bits = __float_as_uint(scaled), ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
  return uint64_t(ordered) << 32 | uint32_t(~uint32_t(id));
}

struct Row {
  const float* logits;
  int64_t V;
  float temperature;
  Shared& shared;

  __device__ int lane() const { return int(threadIdx.x) % warp_lanes; }
  __device__ int warp() const { return int(threadIdx.x) / warp_lanes; }
  __device__ int warps() const { return int(blockDim.x) / warp_lanes; }

  // Not-a-number counts as minus infinity, minus zero as zero.
  __device__ static float number(float x) { return x == x ? x + 0.0f : -INFINITY; }
  __device__ float scaled(int64_t id) const {
    return number(temperature == 1 ? logits[id] : logits[id] / temperature);
  }
  // Ids that a warp takes when ids begin .. end - 1 are dealt out in order.
  __device__ int64_t span(int64_t begin, int64_t end) const {
    return (end - begin + blockDim.x - 1) / blockDim.x * warp_lanes;
  }
  // f(id) for this thread's share of ids begin .. end - 1.
  template <class F>
  __device__ __forceinline__ void for_ids(int64_t begin, int64_t end, const F& f) const {
    const int64_t mine = span(begin, end), first = begin + warp() * mine, last = min(end, first + mine);
#pragma unroll 4
    for (int64_t id = first + lane(); id < last; id += warp_lanes) f(id);
  }

  // The rank of the largest, the lowest id of equals.
  __device__ uint64_t highest() const {
    uint64_t best = 0;
    for_ids(0, V, [&](int64_t id) { best = max(best, rank_of(scaled(id), id)); });
    for (int bits = warp_lanes / 2; bits > 0; bits /= 2) best = max(best, __shfl_xor_sync(all_lanes, best, bits));
    if (lane() == 0) shared.ranks[warp()] = best;
    __syncthreads();
    for (int w = 0; w < warps(); w++) best = max(best, shared.ranks[w]);
    return best;
  }

  // The masses of ids begin .. end - 1 by warp, in shared.masses.
  template <class F>
  __device__ void warp_masses(int64_t begin, int64_t end, const F& mass) const {
    float part = 0;
    for_ids(begin, end, [&](int64_t id) { part += mass(id); });
    double sum = double(part);
    for (int bits = warp_lanes / 2; bits > 0; bits /= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
    __syncthreads();
    if (lane() == 0) shared.masses[warp()] = sum;
    __syncthreads();
  }
  template <class F>
  __device__ double whole_mass(const F& mass) const {
    warp_masses(0, V, mass);
    double total = 0;
    for (int w = 0; w < warps(); w++) total += shared.masses[w];
    return total;
  }
};

// Sums of 16 values over a warp; lane l gets that of value l / 2. In each step a lane gives away half of its values.
template <int half = bins / 2>
__device__ __forceinline__ float warp_sums(float (&v)[bins]) {
  if constexpr (half > 0) {
    const bool upper = threadIdx.x & (2 * half);
#pragma unroll
    for (int i = 0; i < half; i++) {
      const float give = upper ? v[i] : v[i + half], keep = upper ? v[i + half] : v[i];
      v[i] = keep + __shfl_xor_sync(all_lanes, give, 2 * half);
    }
    return warp_sums<half / 2>(v);
  } else {
    return v[0] + __shfl_xor_sync(all_lanes, v[0], 1);
  }
}

// The highest rank, in steps of 2^last_shift, such that the mass at and above it exceeds `wanted`. Ids with mass 0 are not
// there.
template <class F>
__device__ uint64_t cut(const Row& row, double wanted, int last_shift, const F& mass) {
  uint64_t prefix = 0;
  double above = 0;  // mass of what is above all ranks that begin with the prefix
  for (int shift = 64 - digit_bits; shift >= last_shift; shift -= digit_bits) {
    float masses[bins] = {}, counts[bins] = {};
    row.for_ids(0, row.V, [&](int64_t id) {
      const uint64_t rank = rank_of(row.scaled(id), id);
      if ((rank ^ prefix) >> shift >> digit_bits != 0) return;
      const float m = mass(id);
      if (m <= 0) return;
      const int digit = int(rank >> shift & (bins - 1));
#pragma unroll
      for (int b = 0; b < bins; b++) {
        masses[b] += b == digit ? m : 0;
        counts[b] += b == digit ? 1 : 0;
      }
    });
    const float m = warp_sums(masses), n = warp_sums(counts);
    const int odd = row.lane() % 2;
    row.shared.parts[odd][row.warp()][row.lane() / 2] = odd ? n : m;
    __syncthreads();
    if (threadIdx.x < 2 * bins) {
      double total = 0;
      for (int w = 0; w < row.warps(); w++) total += double(row.shared.parts[threadIdx.x / bins][w][threadIdx.x % bins]);
      row.shared.totals[threadIdx.x] = total;
    }
    __syncthreads();
    int chosen = -1;
    for (int b = bins - 1; b >= 0; b--) {
      if (row.shared.totals[bins + b] == 0) continue;
      if (chosen >= 0) above += row.shared.totals[chosen];
      chosen = b;
      if (above + row.shared.totals[b] > wanted) break;
    }
    if (chosen < 0) return prefix;
    prefix |= uint64_t(chosen) << shift;
    if (row.shared.totals[bins + chosen] == 1) break;
  }
  return prefix;
}

// The first id at which the running mass exceeds u times the whole; the last one that has a mass, should rounding leave
// none. The row, then a warp's span of it, and so on, is dealt out among the warps until a span is one id a lane.
template <class F>
__device__ int64_t drawn_id(const Row& row, double u, const F& mass) {
  double wanted = 0, before = 0;
  int64_t begin = 0, end = row.V;
  for (bool first = true;; first = false) {
    row.warp_masses(begin, end, mass);
    if (first) {
      for (int w = 0; w < row.warps(); w++) wanted += row.shared.masses[w];
      wanted *= u;
    }
    int chosen = 0;
    double running = before;
    for (int w = 0; w < row.warps(); w++) {
      const double m = row.shared.masses[w];
      if (m <= 0) continue;
      chosen = w;
      before = running;
      running += m;
      if (running > wanted) break;
    }
    const int64_t span = row.span(begin, end);
    begin += chosen * span;
    end = min(end, begin + span);
    if (span == warp_lanes) break;
  }
  const int64_t id = begin + row.lane();
  const float m = id < end ? mass(id) : 0;
  double running = double(m);
  for (int distance = 1; distance < warp_lanes; distance *= 2) {
    const double other = __shfl_up_sync(all_lanes, running, distance);
    if (row.lane() >= distance) running += other;
  }
  const unsigned there = __ballot_sync(all_lanes, m > 0);
  const unsigned beyond = __ballot_sync(all_lanes, m > 0 && before + running > wanted);
  return begin + (beyond ? __ffs(int(beyond)) - 1 : warp_lanes - 1 - __clz(int(there)));
}

__device__ int64_t chosen_id(const Row& row, const Sampling& s, uint32_t r) {
  const uint64_t highest = row.highest();
  const int64_t greedy = int64_t(uint32_t(~uint32_t(highest)));
  const float most = row.scaled(greedy);
  if (s.temperature == 0 || !isfinite(most)) return greedy;
  uint64_t least = 0;  // ranks below are dropped
  if (s.top_k > 0 && s.top_k < s.V) {
    least = cut(row, double(s.top_k - 1), 32, [](int64_t) { return 1.0f; });
    least &= ~uint64_t(0xffffffff);
  }
  const auto mass = [&](int64_t id) {
    const float x = row.scaled(id);
    return rank_of(x, id) >= least ? expf(x - most) : 0.0f;
  };
  if (s.top_p > 0 && s.top_p < 1) {
    const double wanted = double(s.top_p) * row.whole_mass(mass);
    least = cut(row, wanted, 0, mass);
  }
  const auto words = philox(PhiloxKey(s.seed), {uint32_t(s.draw), r, 0, 0});
  return drawn_id(row, double(words[0]) / 4294967296.0, mass);
}

__global__ void __launch_bounds__(most_threads) sample(const Sampling s) {
  __shared__ Shared shared;
  const int64_t r = blockIdx.x;
  const Row row = {s.logits + r * s.Vp, s.V, s.temperature > 0 ? s.temperature : 1, shared};
  const int64_t id = chosen_id(row, s, uint32_t(r));
  if (s.logprobs) {  // log softmax of the logits as given
    float most = -INFINITY;
    row.for_ids(0, s.V, [&](int64_t i) { most = fmaxf(most, Row::number(row.logits[i])); });
    most = block_max(most, shared.maxima);
    const double total = row.whole_mass([&](int64_t i) { return expf(Row::number(row.logits[i]) - most); });
    if (threadIdx.x == 0) s.logprobs[r] = float(double(row.logits[id]) - double(most) - log(total));
  }
  if (threadIdx.x == 0) s.ids[r] = int32_t(id);
}

// A thread takes one place of `previous` (a block of places, of one row) and acts if its id stands nowhere before it.
__global__ void __launch_bounds__(most_threads)
    penalize(float* logits, const int32_t* previous, const int32_t* lengths, int64_t row_blocks, int64_t capacity,
             int64_t Vp, float penalty, vn_step* step) {
  const int64_t row = blockIdx.x / row_blocks, place = blockIdx.x % row_blocks * most_threads + threadIdx.x;
  const int32_t* ids = previous + row * capacity;
  const int64_t length = lengths[row];
  if (length < 0 || length > capacity) {
    if (place == 0) set_fault(step);
    return;
  }
  if (place >= length) return;
  const int32_t id = ids[place];
  if (id < 0 || id >= Vp) {
    set_fault(step);
    return;
  }
  for (int64_t i = 0; i < place; i++) {
    if (ids[i] == id) return;
  }
  float& logit = logits[row * Vp + id];
  logit = logit > 0 ? logit / penalty : logit * penalty;
}

}  // namespace

int64_t sample_scratch_bytes(const vn_sizes&) { return 0; }

}  // namespace vn

using namespace vn;

int32_t vn_sample(vn_context* ctx, int32_t* ids, float* logprobs, float* logits, int64_t rows, int64_t V, int64_t Vp,
                  float temperature, int64_t top_k, float top_p, uint64_t seed, int64_t draw) {
  VN_TRY(check_sample(ctx, ids, logits, rows, V, Vp, temperature, top_k, top_p, draw));
  const Sampling s = {ids, logprobs, logits, V, Vp, temperature, top_k, top_p, seed, draw};
  const int64_t threads = std::min<int64_t>(most_threads, round_up(V, warp_lanes));
  VN_LAUNCH(ctx, sample, dim3(unsigned(rows)), dim3(unsigned(threads)), 0, s);
  return VN_OK;
}

int32_t vn_penalize_repetition(vn_context* ctx, float* logits, const int32_t* previous, const int32_t* lengths,
                               int64_t rows, int64_t capacity, int64_t Vp, float penalty) {
  VN_TRY(check_penalize_repetition(ctx, logits, previous, lengths, rows, capacity, Vp, penalty));
  const int64_t row_blocks = std::max<int64_t>(1, ceil_div(capacity, most_threads));
  VN_LAUNCH(ctx, penalize, dim3(unsigned(rows * row_blocks)), dim3(most_threads), 0, logits, previous, lengths,
            row_blocks, capacity, Vp, penalty, ctx->step);
  return VN_OK;
}

// What attention's files share: a call's arguments as kernels see them, rotation by positions, which elements dropout
// keeps, and rotating whole tensors.
#pragma once
#include "attention_arguments.h"
#include "context.cuh"
#include "dropout.cuh"

namespace vn {

constexpr float log2_e = 1.44269504f, ln_2 = 0.693147181f;

// Rotary position embedding by halves (Su et al. 2021, https://arxiv.org/abs/2104.09864; the pairing of GPT-NeoX).
//
//   (x1, x2) = the first and second half of the first `dims` elements;  x1' = x1 cos - x2 sin,  x2' = x2 cos + x1 sin
//   the inverse, which is also the gradient, turns back: sin becomes -sin
struct Rope {
  const float* table;  // [2, P, half]: cosines, then sines
  int64_t P;
  int half;  // 0: nothing is rotated
  vn_step* step;

  Rope(vn_context* ctx, const float* table, int64_t P, int64_t dims)
      : table(table), P(P), half(table ? int(dims / 2) : 0), step(ctx->step) {}

  // False (and a fault) outside the table: such a row is not rotated.
  __device__ __forceinline__ bool turns(int64_t position) const {
    if (half == 0) return false;
    if (position >= 0 && position < P) return true;
    set_fault(step);
    return false;
  }
  __device__ __forceinline__ float cosine(int64_t position, int i) const { return table[position * half + i]; }
  __device__ __forceinline__ float sine(int64_t position, int i) const { return table[(P + position) * half + i]; }

  // Element c of a row, rotated; load(c) gives the row's elements.
  template <class Load>
  __device__ __forceinline__ float rotated(int64_t position, int c, const Load& load) const {
    const float x = load(c);
    if (c >= 2 * half || !turns(position)) return x;
    if (c < half) return x * cosine(position, c) - load(c + half) * sine(position, c);
    return x * cosine(position, c - half) + load(c - half) * sine(position, c - half);
  }
};

struct AttentionCall {
  const int32_t *positions, *document_starts;
  int B, T, H, kv_heads, D;
  float scale, scale_2;  // scale_2: of scores in base 2
  Rope rope;
  DropoutSite dropout;

  AttentionCall(vn_context* ctx, const AttentionArguments& a)
      : positions(a.positions), document_starts(a.document_starts), B(int(a.B)), T(int(a.T)), H(int(a.H)),
        kv_heads(int(a.kv_heads)), D(int(a.D)), scale(a.scale), scale_2(a.scale * log2_e),
        rope(ctx, a.rope, a.P, a.rope_dims), dropout(ctx, a.site, a.dropout) {}

  __host__ __device__ int group() const { return H / kv_heads; }
  __host__ __device__ int packed_heads() const { return H + 2 * kv_heads; }
  __device__ __forceinline__ int64_t position(int b, int t) const {
    return positions ? positions[int64_t(b) * T + t] : t;
  }
  __device__ __forceinline__ int first_key(int b, int t) const {
    return document_starts ? max(0, min(document_starts[int64_t(b) * T + t], t)) : 0;
  }
  // Of a query head's row, in lse and delta; times T, the first of its elements of dropout within all samples.
  __device__ __forceinline__ int64_t row(int b, int h) const { return (int64_t(b) * H + h) * T; }
};

// The first tile of keys that a query of the block sees: t is the thread's query, T for none.
__device__ __forceinline__ int first_key_tile(const AttentionCall& a, int b, int t, int tile_size) {
  int n = 0;
  if (a.document_starts) {
    while (!__syncthreads_or(t < a.T && a.first_key(b, t) < (n + 1) * tile_size)) n++;
  }
  return n;
}

// Which elements of one head and sample dropout keeps.
struct KeptElements {
  PhiloxKey key;
  uint64_t sample, head_rows;  // h * T
  uint32_t site, threshold, T;

  __device__ __forceinline__ KeptElements(const AttentionCall& a, int b, int h)
      : key(a.dropout.step->seed), sample(uint64_t(a.dropout.step->first_sample) + uint64_t(b)),
        head_rows(uint64_t(h) * a.T), site(a.dropout.site), threshold(a.dropout.threshold), T(a.T) {}

  // Bit i: key s + i of query t is kept. Four keys are one draw where T and s are multiples of 4, else two.
  __device__ __forceinline__ unsigned four(int t, int s) const {
    const uint64_t element = (head_rows + t) * T + s;
    const unsigned shift = unsigned(element % 4);
    unsigned bits = quad(element / 4);
    if (shift > 0) bits = (bits | quad(element / 4 + 1) << 4) >> shift & 15;
    return bits;
  }

 private:
  __device__ __forceinline__ unsigned quad(uint64_t index) const {
    const auto words = philox(key, {uint32_t(sample), uint32_t(sample >> 32), site, uint32_t(index)});
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) bits |= unsigned(words[i] >= threshold) << i;
    return bits;
  }
};

// to[row, head] = from[row, head] rotated to the row's position (direction 1) or back (-1), for the first `heads` heads
// of rows of to_heads and from_heads. One thread per pack of pairs, or of elements past them: `to` may be `from`.
template <class T, int n>
__global__ void rotate_heads(AttentionCall a, T* to, const T* from, int heads, int to_heads, int from_heads,
                             float direction) {
  const int half = a.rope.half, units = (a.D - half) / n;
  const int64_t index = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, head_index = index / units;
  const int c = int(index % units) * n, head = int(head_index % heads);
  const int64_t row = head_index / heads;
  if (row >= int64_t(a.B) * a.T) return;
  const T* x = from + (row * from_heads + head) * a.D;
  T* y = to + (row * to_heads + head) * a.D;
  if (c >= half) {
    Pack<T, n>::load(x + half + c).store(y + half + c);
    return;
  }
  const int64_t position = a.position(int(row / a.T), int(row % a.T));
  const bool turns = a.rope.turns(position);
  auto x1 = Pack<T, n>::load(x + c), x2 = Pack<T, n>::load(x + half + c);
  for (int i = 0; turns && i < n; i++) {
    const float cosine = a.rope.cosine(position, c + i), sine = a.rope.sine(position, c + i) * direction;
    const float u = to_float(x1.at[i]), v = to_float(x2.at[i]);
    x1.at[i] = from_float<T>(u * cosine - v * sine);
    x2.at[i] = from_float<T>(v * cosine + u * sine);
  }
  x1.store(y + c);
  x2.store(y + half + c);
}

template <class T>
int32_t rotate(vn_context* ctx, const AttentionCall& a, T* to, const T* from, int to_heads, int from_heads,
               float direction) {
  constexpr int threads = 256;
  const bool packs = a.rope.half % (16 / sizeof(T)) == 0;
  return for_pack<T>(packs ? a.D : 1, {to, from}, [&](auto n) {
    const int64_t units = int64_t(a.B) * a.T * (a.H + a.kv_heads) * ((a.D - a.rope.half) / n());
    VN_LAUNCH(ctx, (rotate_heads<T, n()>), dim3(unsigned(ceil_div(units, threads))), threads, 0, a, to, from,
              a.H + a.kv_heads, to_heads, from_heads, direction);
    return int32_t(VN_OK);
  });
}

// Tensor cores take bf16 and fp16 with rows of 16-byte words and heads up to this size.
constexpr int64_t most_tile_head_size = 128;

// The workspace of both directions.
struct AttentionScratch {
  void* rotated;      // [B, T, H + kv_heads, D] in 16 bits: rotated queries and keys for the tensor cores
  float* delta;       // [B, H, T]: dout . out
  int32_t* earliest;  // [B, tiles of queries]: the first key that a query of the tile sees

  AttentionScratch(Scratch& scratch, int64_t rows, int64_t H, int64_t kv_heads, int64_t D, bool rotates, bool backward,
                   bool has_documents) {
    rotated = scratch.take<bf16>(rotates ? rows * (H + kv_heads) * std::min(D, most_tile_head_size) : 0);
    delta = scratch.take<float>(backward ? rows * H : 0);
    earliest = scratch.take<int32_t>(backward && has_documents ? rows : 0);
  }
};

inline bool takes_tiles(const AttentionArguments& a, std::initializer_list<const void*> addresses) {
  if (a.dtype == VN_F32 || a.D % 8 != 0 || a.D > most_tile_head_size) return false;
  return std::all_of(addresses.begin(), addresses.end(),
                     [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; });
}

}  // namespace vn

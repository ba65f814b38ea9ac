// The gradient of causal attention (attention.cu), twice over the scores and without atomics, so that its bits repeat.
//
//   backward   delta = dout . out,   P = exp(S - lse),   dP = mask * (dout V^T),   dS = P * (dP - delta)
//              dV = (P * mask)^T dout,   dQ = scale dS K,   dK = scale dS^T Q     (q, k rotated first, dq, dk back)
//
// dout, out [B, T, H, D], qkv, dqkv [B, T, H + 2 kv_heads, D] of dtype; lse [B, H, T] float32. One kernel's blocks own
// a tile of queries and go over keys for dQ, the other's own a tile of keys and go over the queries of all heads of
// its group, in order, for dK and dV: each recomputes P. On tensor cores P and dS are rounded to dtype before their
// products, and the second kernel has its scores transposed: rows are keys, so that P^T and dS^T lie in registers just
// as the products with dout and Q want them. What that rounding lost is added where a tile touches the diagonal: rows
// of few keys have gradients so much larger than the rest that their errors would stand out. Where q and k are
// rotated, dq and dk are stored, then turned back in place.
#include "attention_plain_backward.cuh"
#include "attention_tiles.cuh"

namespace vn {
namespace {

// Keys (for dQ) or queries (for dK, dV) of a step: two score tiles have to fit registers beside the accumulators.
constexpr int step = 32;

template <int D>
constexpr int key_blocks = D <= 64 ? 2 : 1;  // of 16 rows of a warp; dK and dV of more rows would not fit registers

template <class T>
struct Tensors {
  T* dqkv;
  const T* dout;
  const float* lse;
  PackedHeads<T> queries_keys, qkv;

  __device__ __forceinline__ PackedHeads<T> douts(const AttentionCall& a) const { return {dout, a.H}; }
};

// delta[b, h, t] = dout . out: eight lanes a row of a head.
template <class T, int n>
__global__ void attention_delta(AttentionCall a, float* delta, const T* dout, const T* out) {
  const int64_t index = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 8, row = index / a.H;
  const int h = int(index % a.H), lane = threadIdx.x % 8;
  const bool is_row = row < int64_t(a.B) * a.T;
  float sum = 0;
  for (int c = lane * n; is_row && c < a.D; c += 8 * n) {
    const auto x = Pack<T, n>::load(dout + index * a.D + c), y = Pack<T, n>::load(out + index * a.D + c);
    for (int i = 0; i < n; i++) sum += to_float(x.at[i]) * to_float(y.at[i]);
  }
  for (int bits = 4; bits > 0; bits /= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
  if (is_row && lane == 0) delta[a.row(int(row / a.T), h) + row % a.T] = sum;
}

// earliest[b, i]: the first key that one of queries i * step ... sees. A warp a tile.
__global__ void earliest_keys(AttentionCall a, int32_t* earliest) {
  static_assert(step == warp_lanes);
  const int tiles = (a.T + step - 1) / step, b = int(blockIdx.x) / tiles, i = int(blockIdx.x) % tiles;
  const int t = i * step + int(threadIdx.x);
  int first = t < a.T ? a.first_key(b, t) : INT32_MAX;
  for (int bits = 1; bits < warp_lanes; bits *= 2) first = min(first, __shfl_xor_sync(all_lanes, first, bits));
  if (threadIdx.x == 0) earliest[blockIdx.x] = first;
}

// ---- dQ: 128 queries a block, 32 a warp ----------------------------------------------------------------------------

constexpr int query_blocks = 2, query_tile = tile_warps * query_blocks * 16;

template <class T, int D>
constexpr int64_t query_shared_bytes = (2 * query_tile + 4 * step) * D * int64_t(sizeof(T)) + query_tile * 8;

template <class T, int D>
__global__ void __launch_bounds__(tile_threads, 2) query_gradients(AttentionCall a, Tensors<T> x, const float* delta) {
  VN_SHARED(T, shared);
  T *query_rows = shared, *dout_rows = query_rows + query_tile * D, *pairs = dout_rows + query_tile * D;
  float2* statistics = reinterpret_cast<float2*>(pairs + 4 * step * D);  // lse in base 2 and delta of each row
  const int lane = threadIdx.x % warp_lanes, g = lane / 4, q = lane % 4;
  const int tiles = (a.T + query_tile - 1) / query_tile;
  const int tile = tiles - 1 - int(blockIdx.x % unsigned(tiles));  // long rows first
  const int head = int(blockIdx.x / unsigned(tiles)), b = head / a.H, h = head % a.H, kv_head = a.H + h / a.group();
  const int t0 = tile * query_tile, last = min(t0 + query_tile, a.T) - 1;
  const int warp_row = int(threadIdx.x) / warp_lanes * 16 * query_blocks, warp_t0 = t0 + warp_row;
  const auto row = [&](int m, int half) { return warp_t0 + m * 16 + half * 8 + g; };
  const auto fetch_pair = [&](int n) {  // keys and values of a step
    T* to = pairs + n % 2 * 2 * step * D;
    fetch<step, D, KeysAsColumns>(a, to, x.queries_keys.head(a, b, kv_head), n * step);
    fetch<step, D, KeysAsColumns>(a, to + step * D, x.qkv.head(a, b, kv_head + a.kv_heads), n * step);
  };

  fetch<query_tile, D, InOrder>(a, query_rows, x.queries_keys.head(a, b, h), t0);
  fetch<query_tile, D, InOrder>(a, dout_rows, x.douts(a).head(a, b, h), t0);
  cp_async_commit();
  int n = first_key_tile(a, b, t0 + int(threadIdx.x), step);
  fetch_pair(n);
  cp_async_commit();
  static_assert(query_tile == tile_threads);
  const int own = t0 + int(threadIdx.x);  // lse is infinite past T, which makes P 0
  statistics[threadIdx.x] = own < a.T ? make_float2(x.lse[a.row(b, h) + own] * log2_e, delta[a.row(b, h) + own])
                                      : make_float2(INFINITY, 0);
  cp_async_wait<1>();
  __syncthreads();
  RowOperand<T, D, query_blocks, D <= 64> query, dout;
  query.attach(query_rows + warp_row * D);
  dout.attach(dout_rows + warp_row * D);

  float dq[query_blocks][D / 8][4] = {};
  for (; n * step <= last; n++) {
    const int s0 = n * step;
    cp_async_wait<0>();
    __syncthreads();  // these pairs are there, and nobody reads the last ones any more
    if (s0 + step <= last) fetch_pair(n + 1);
    cp_async_commit();
    if (s0 >= warp_t0 + 16 * query_blocks) continue;
    const T *keys = pairs + n % 2 * 2 * step * D, *values = keys + step * D;
    float s[query_blocks][step / 8][4], dp[query_blocks][step / 8][4];
    const uint32_t kept = uint32_t(kept_of_rows<2 * query_blocks, step>(a, b, h, warp_t0, s0));
    query.template multiply<step>(s, keys);
    dout.template multiply<step>(dp, values);
    const bool is_diagonal = s0 + step - 1 > warp_t0, is_partial = is_diagonal || a.document_starts;
#pragma unroll
    for (int i = 0; i < 2 * query_blocks; i++) {
      const int m = i / 2, half = i % 2, t = row(m, half);
      const int first = a.document_starts ? a.first_key(b, min(t, a.T - 1)) : 0;
      const float2 lse_delta = statistics[t - t0];
#pragma unroll
      for (int j = 0; j < step / 8; j++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
          const int key = s0 + j / 2 * 16 + 4 * q + j % 2 * 2 + r;
          float& y = dp[m][j][half * 2 + r];
          float p = exp2_approx(fmaf(s[m][j][half * 2 + r], a.scale_2, -lse_delta.x));
          if (is_partial && (key > t || key < first)) p = 0;
          y = p * ((kept >> kept_bit<step>(i, j, r) & 1 ? y * a.dropout.scale : 0) - lse_delta.y);
        }
      }
    }
#pragma unroll 1
    for (int pass = 0;; pass++) {
      multiply_add<T, D, step>(dq, dp, keys);
      if (!is_diagonal || pass == 1) break;
      keep_lost<T, step>(dp);
    }
  }
  cp_async_wait<0>();
#pragma unroll
  for (int i = 0; i < 2 * query_blocks; i++) {
    const int t = row(i / 2, i % 2);
    if (t >= a.T) continue;
    T* to = x.dqkv + ((int64_t(b) * a.T + t) * a.packed_heads() + h) * a.D;
    store_row<T, D>(to, dq, i / 2, i % 2, a.scale, a.D);
  }
}

// ---- dK and dV: 128 keys a block (64 of large heads) ---------------------------------------------------------------

template <int D>
constexpr int key_tile = tile_warps * key_blocks<D> * 16;
template <class T, int D>
constexpr int64_t key_shared_bytes = (2 * key_tile<D> + 4 * step) * D * int64_t(sizeof(T)) + 6 * step * 4;

template <class T, int D>
__global__ void __launch_bounds__(tile_threads, 2)
key_gradients(AttentionCall a, Tensors<T> x, const float* delta, const int32_t* earliest) {
  constexpr int MB = key_blocks<D>, tile = key_tile<D>;
  VN_SHARED(T, shared);
  T *key_rows = shared, *value_rows = key_rows + tile * D, *pairs = value_rows + tile * D;
  float* statistics = reinterpret_cast<float*>(pairs + 4 * step * D);  // [2][lse, delta, document start][step]
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes, g = lane / 4, q = lane % 4;
  const int key_tiles = (a.T + tile - 1) / tile, query_tiles = (a.T + step - 1) / step;
  const int head = int(blockIdx.x / unsigned(key_tiles)), b = head / a.kv_heads, kv_head = head % a.kv_heads;
  const int s0 = int(blockIdx.x % unsigned(key_tiles)) * tile, warp_s0 = s0 + warp * 16 * MB;
  const int first_head = kv_head * a.group(), end_head = first_head + a.group();

  // Query tiles from the first to the last of which a query sees a key of this block.
  const int first_tile = s0 / step;
  int end_tile = query_tiles;
  if (a.document_starts) {
    for (int i = first_tile; i < query_tiles; i += warp_lanes) {
      const bool sees = i + lane < query_tiles && earliest[b * query_tiles + i + lane] < s0 + tile;
      if (const unsigned found = __ballot_sync(all_lanes, sees)) end_tile = i + warp_lanes - __clz(int(found));
    }
  }
  // Queries and gradients of a tile, and lse, delta and first keys by warps 0, 1 and 2. Past T all are 0: then P is 1,
  // and what it is multiplied with 0.
  const auto fetch_tile = [&](int stage, int h, int i) {
    T* to = pairs + stage * 2 * step * D;
    fetch<step, D, InOrder>(a, to, x.queries_keys.head(a, b, h), i * step);
    fetch<step, D, InOrder>(a, to + step * D, x.douts(a).head(a, b, h), i * step);
    if (warp > 2 || (warp == 2 && !a.document_starts)) return;
    const int t = i * step + lane, inside = min(t, a.T - 1);
    const void* from = warp < 2 ? static_cast<const void*>((warp == 0 ? x.lse : delta) + a.row(b, h) + inside)
                                : a.document_starts + int64_t(b) * a.T + inside;
    cp_async4(statistics + (stage * 3 + warp) * step + lane, from, t < a.T ? 4 : 0);
  };

  int h = first_head, i = first_tile, stage = 0;
  fetch<tile, D, KeysAsRows<MB>>(a, key_rows, x.queries_keys.head(a, b, a.H + kv_head), s0);
  fetch<tile, D, KeysAsRows<MB>>(a, value_rows, x.qkv.head(a, b, a.H + a.kv_heads + kv_head), s0);
  fetch_tile(0, h, i);
  cp_async_commit();
  RowOperand<T, D, MB, false> key, value;
  key.attach(key_rows + warp * 16 * MB * D);
  value.place = key.place + SharedAddress(tile * D * sizeof(T));

  float dk[MB][D / 8][4] = {}, dv[MB][D / 8][4] = {};
  while (h < end_head) {
    int next_h = h, next = i + 1;
    if (next == end_tile) next_h++, next = first_tile;
    cp_async_wait<0>();
    __syncthreads();  // this tile is there, and nobody reads the last one any more
    if (next_h < end_head) fetch_tile(1 - stage, next_h, next);
    cp_async_commit();
    const int t0 = i * step;
    if (warp_s0 < t0 + step) {
      const T *queries = pairs + stage * 2 * step * D, *douts = queries + step * D;
      const float* lse = statistics + stage * 3 * step + 2 * q;
      float s[MB][step / 8][4], dp[MB][step / 8][4];
      const uint32_t kept = kept_of_columns<MB, step>(a, b, h, t0, warp_s0);
      key.template multiply<step>(s, queries);
      value.template multiply<step>(dp, douts);
      const bool is_diagonal = warp_s0 + 16 * MB - 1 > t0, is_partial = is_diagonal || a.document_starts;
      const int key0 = warp_s0 + KeysAsRows<MB>::key(g, 0, 0), ahead = key0 - t0 - 2 * q;  // of this lane's first query
#pragma unroll
      for (int j = 0; j < step / 8; j++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
          const float base = lse[j * 8 + r] * log2_e, d = lse[step + j * 8 + r];
          const int start = int(__float_as_uint(lse[2 * step + j * 8 + r])), last = 8 * j + r - ahead;  // of its keys
          const int first = a.document_starts ? min(start - key0, last) : 0;
#pragma unroll
          for (int k = 0; k < 2 * MB; k++) {
            const int m = k / 2, half = k % 2;  // of key key0 + k
            float &p = s[m][j][2 * half + r], &y = dp[m][j][2 * half + r];
            p = exp2_approx(fmaf(p, a.scale_2, -base));
            if (is_partial && (k > last || k < first)) p = 0;
            const bool is_kept = kept >> (8 * j + 4 * r + k) & 1;
            y = p * ((is_kept ? y * a.dropout.scale : 0) - d);
            p = is_kept ? p : 0;
          }
        }
      }
#pragma unroll 1
      for (int pass = 0;; pass++) {
        multiply_add<T, D, step>(dv, s, douts);
        multiply_add<T, D, step>(dk, dp, queries);
        if (!is_diagonal || pass == 1) break;
        keep_lost<T, step>(s);
        keep_lost<T, step>(dp);
      }
    }
    stage = 1 - stage;
    h = next_h, i = next;
  }
  cp_async_wait<0>();
#pragma unroll
  for (int k = 0; k < 2 * MB; k++) {
    const int m = k / 2, half = k % 2, s = warp_s0 + KeysAsRows<MB>::key(g, m, half);
    if (s >= a.T) continue;
    T* to = x.dqkv + ((int64_t(b) * a.T + s) * a.packed_heads() + a.H + kv_head) * a.D;
    store_row<T, D>(to, dk, m, half, a.scale, a.D);
    store_row<T, D>(to + int64_t(a.kv_heads) * a.D, dv, m, half, a.dropout.scale, a.D);
  }
}

template <class T>
int32_t backward_tiles(vn_context* ctx, const AttentionCall& a, Tensors<T> x, const AttentionScratch& work) {
  if (a.rope.half > 0) {
    T* rotated = static_cast<T*>(work.rotated);
    x.queries_keys = {rotated, a.H + a.kv_heads};
    VN_TRY(rotate(ctx, a, rotated, x.qkv.rows, x.queries_keys.heads, x.qkv.heads, 1));
  }
  if (a.document_starts) {
    VN_LAUNCH(ctx, earliest_keys, dim3(unsigned(ceil_div(a.T, step) * a.B)), warp_lanes, 0, a, work.earliest);
  }
  return for_tile_size(a.D, [&](auto size) {
    constexpr int D = size();
    constexpr int64_t key_bytes = key_shared_bytes<T, D>, query_bytes = query_shared_bytes<T, D>;
    VN_TRY(allow_shared(ctx, key_gradients<T, D>, "key_gradients", key_bytes));
    VN_TRY(allow_shared(ctx, query_gradients<T, D>, "query_gradients", query_bytes));
    VN_LAUNCH(ctx, (key_gradients<T, D>), dim3(unsigned(ceil_div(a.T, key_tile<D>) * a.B * a.kv_heads)), tile_threads,
              key_bytes, a, x, work.delta, work.earliest);
    VN_LAUNCH(ctx, (query_gradients<T, D>), dim3(unsigned(ceil_div(a.T, query_tile) * a.B * a.H)), tile_threads,
              query_bytes, a, x, work.delta);
    return int32_t(VN_OK);
  });
}

int32_t backward_plain(vn_context* ctx, const AttentionCall& a, const PlainTensors& x) {
  return for_plain_chunks(a.D, [&](auto chunks) {
    const unsigned tiles = unsigned(ceil_div(a.T, plain_rows)) * unsigned(a.B);
    VN_LAUNCH(ctx, key_gradients_plain<chunks()>, dim3(tiles * unsigned(a.kv_heads)), plain_threads, 0, a, x);
    VN_LAUNCH(ctx, query_gradients_plain<chunks()>, dim3(tiles * unsigned(a.H)), plain_threads, 0, a, x);
    return int32_t(VN_OK);
  });
}

}  // namespace
}  // namespace vn

using namespace vn;

int32_t vn_attention_backward(vn_context* ctx, void* dqkv, const void* dout, const void* out, const float* lse,
                              const void* qkv, const float* rope, const int32_t* positions,
                              const int32_t* document_starts, int64_t B, int64_t T, int64_t H, int64_t kv_heads,
                              int64_t D, int64_t rope_dims, int64_t P, float scale, int32_t site, float dropout,
                              int32_t dtype) {
  const AttentionArguments arguments = {"attention_backward", rope, positions, document_starts, B, T, H, kv_heads, D,
                                        rope_dims, P, scale, site, dropout, dtype};
  VN_TRY(require_attention(ctx, arguments));
  VN_TRY(require_pointers(ctx, arguments.operation, B * T,
                          {{"dqkv", dqkv}, {"dout", dout}, {"out", out}, {"lse", lse}, {"qkv", qkv}}));
  const AttentionCall a(ctx, arguments);
  const bool tiles = takes_tiles(arguments, {dqkv, dout, out, qkv});
  Scratch scratch(ctx);
  const AttentionScratch work(scratch, B * T, H, kv_heads, D, tiles && a.rope.half > 0, true, document_starts);
  return for_dtype(ctx, arguments.operation, "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    VN_TRY(require_workspace(ctx, arguments.operation, scratch.bytes()));
    constexpr int threads = 256;
    VN_TRY(for_pack<A>(D, {dout, out}, [&](auto n) {
      VN_LAUNCH(ctx, (attention_delta<A, n()>), dim3(unsigned(ceil_div(B * T * H, threads / 8))), threads, 0, a,
                work.delta, static_cast<const A*>(dout), static_cast<const A*>(out));
      return int32_t(VN_OK);
    }));
    if constexpr (sizeof(A) == 2) {
      if (tiles) {
        const PackedHeads<A> packed = {static_cast<const A*>(qkv), a.packed_heads()};
        VN_TRY(backward_tiles<A>(ctx, a, {static_cast<A*>(dqkv), static_cast<const A*>(dout), lse, packed, packed},
                                 work));
      }
    }
    if (!tiles) {
      VN_TRY(backward_plain(ctx, a, {PlainHeads(dqkv, dtype, a.packed_heads()), PlainHeads(dout, dtype, a.H),
                                     PlainHeads(qkv, dtype, a.packed_heads()), lse, work.delta}));
    }
    if (a.rope.half == 0) return int32_t(VN_OK);
    A* gradients = static_cast<A*>(dqkv);
    return rotate(ctx, a, gradients, gradients, a.packed_heads(), a.packed_heads(), -1);
  });
}

// Causal attention without ever holding a T x T matrix (Dao 2023, https://arxiv.org/abs/2307.08691); the backward
// direction is in attention_backward.cu.
//
//   forward    S = scale Q K^T over first_key <= s <= t,   lse = log sum_s exp S,   P = exp(S - lse)
//              out = (P * mask) V
//
// out [B, T, H, D], qkv [B, T, H + 2 kv_heads, D] of dtype; lse [B, H, T] float32. Softmax is online, in base 2: a
// block owns a tile of queries and goes over tiles of keys, and what it has summed shrinks whenever a row's maximum
// grows.
//
// Short types with rows of 16-byte words go through tensor cores: 128 queries a block, 32 a warp (each fragment of keys
// and values that is read feeds four products), 64 keys a tile. Sums are float32; P is rounded to dtype before the
// product with V, and so are rotated queries and keys, which a pass of its own writes to the workspace.
// All else goes through float32 (attention_plain.cuh): nothing but outputs is rounded.
#include "attention_plain.cuh"
#include "attention_tiles.cuh"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int query_blocks = 2, query_tile = tile_warps * query_blocks * 16, key_tile = 64;

// Keys whose scores are in registers at a time.
template <int D>
constexpr int step_keys = D <= 64 ? 64 : 32;
template <class T, int D>
constexpr int64_t forward_shared_bytes = (query_tile + 3 * key_tile) * D * int64_t(sizeof(T));

// One tile of scores s of a warp's rows becomes exp2(s c - maximum c); what was summed before, sum and o, shrinks to
// the new maximum.
template <int D, int N>
__device__ __forceinline__ void softmax_step(float (&s)[query_blocks][N / 8][4],
                                             float (&o)[query_blocks][D / 8][4], float (&maximum)[query_blocks][2],
                                             float (&sum)[query_blocks][2], float c) {
  float shrink[query_blocks][2];
  bool grows = false;
#pragma unroll
  for (int m = 0; m < query_blocks; m++) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      float top = maximum[m][h];
#pragma unroll
      for (int j = 0; j < N / 8; j++) top = fmaxf(top, fmaxf(s[m][j][2 * h], s[m][j][2 * h + 1]));
      top = row_max(top);
      grows = grows || top > maximum[m][h];
      shrink[m][h] = top > maximum[m][h] ? exp2_approx((maximum[m][h] - top) * c) : 1;
      maximum[m][h] = top;
      const float base = top == -INFINITY ? 0 : top * c;  // no key of the row yet
      float total = 0;
#pragma unroll
      for (int j = 0; j < N / 8; j++) {
#pragma unroll
        for (int r = 2 * h; r < 2 * h + 2; r++) total += s[m][j][r] = exp2_approx(fmaf(s[m][j][r], c, -base));
      }
      sum[m][h] = sum[m][h] * shrink[m][h] + total;
    }
  }
  if (!__any_sync(all_lanes, grows)) return;  // mostly, after the first tiles
#pragma unroll
  for (int m = 0; m < query_blocks; m++) {
#pragma unroll
    for (int j = 0; j < D / 8; j++) {
      for (int r = 0; r < 4; r++) o[m][j][r] *= shrink[m][r / 2];
    }
  }
}

// p becomes 0 where dropout does not keep it.
template <int N>
__device__ __forceinline__ void drop(float (&p)[query_blocks][N / 8][4], uint64_t kept) {
#pragma unroll
  for (int m = 0; m < query_blocks; m++) {
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
#pragma unroll
      for (int r = 0; r < 4; r++) {
        if (!(kept >> kept_bit<N>(2 * m + r / 2, j, r % 2) & 1)) p[m][j][r] = 0;
      }
    }
  }
}

template <class T, int D>
__global__ void __launch_bounds__(tile_threads, 2)
attention_tiles(AttentionCall a, T* out, float* lse, PackedHeads<T> queries_keys, PackedHeads<T> qkv) {
  VN_SHARED(T, shared);
  T *query_rows = shared, *keys = query_rows + query_tile * D, *values = keys + 2 * key_tile * D;
  const int lane = threadIdx.x % warp_lanes, g = lane / 4, q = lane % 4;
  const int tiles = (a.T + query_tile - 1) / query_tile;
  const int tile = tiles - 1 - int(blockIdx.x % unsigned(tiles));  // long rows first
  const int head = int(blockIdx.x / unsigned(tiles)), b = head / a.H, h = head % a.H, kv_head = a.H + h / a.group();
  const int t0 = tile * query_tile, last = min(t0 + query_tile, a.T) - 1;
  const int warp_t0 = t0 + int(threadIdx.x) / warp_lanes * 16 * query_blocks, t_end = warp_t0 + 16 * query_blocks;
  const auto key_rows = queries_keys.head(a, b, kv_head), value_rows = qkv.head(a, b, kv_head + a.kv_heads);
  const auto row = [&](int m, int half) { return warp_t0 + m * 16 + half * 8 + g; };

  fetch<query_tile, D, InOrder>(a, query_rows, queries_keys.head(a, b, h), t0);
  cp_async_commit();
  int first[query_blocks][2] = {}, latest = 0;  // first keys, and their largest in this warp
  int n = first_key_tile(a, b, t0 + int(threadIdx.x), key_tile);
  fetch<key_tile, D, KeysAsColumns>(a, keys + n % 2 * key_tile * D, key_rows, n * key_tile);
  cp_async_commit();
  if (a.document_starts) {
    for (int i = 0; i < 2 * query_blocks; i++) {
      first[i / 2][i % 2] = a.first_key(b, min(row(i / 2, i % 2), a.T - 1));
      latest = max(latest, first[i / 2][i % 2]);
    }
    for (int bits = 4; bits < warp_lanes; bits *= 2) latest = max(latest, __shfl_xor_sync(all_lanes, latest, bits));
  }
  cp_async_wait<1>();
  __syncthreads();
  RowOperand<T, D, query_blocks, D <= 64> query;
  query.attach(query_rows + (warp_t0 - t0) * D);

  constexpr int step = step_keys<D>;
  float s[query_blocks][step / 8][4], o[query_blocks][D / 8][4] = {};
  float maximum[query_blocks][2], sum[query_blocks][2] = {};
  for (int i = 0; i < 2 * query_blocks; i++) maximum[i / 2][i % 2] = -INFINITY;
  for (; n * key_tile <= last; n++) {
    cp_async_wait<0>();
    __syncthreads();  // these keys are there, and nobody reads the last values any more
    fetch<key_tile, D, KeysAsColumns>(a, values, value_rows, n * key_tile);
    cp_async_commit();
    if ((n + 1) * key_tile <= last) {
      fetch<key_tile, D, KeysAsColumns>(a, keys + (n + 1) % 2 * key_tile * D, key_rows, (n + 1) * key_tile);
    }
    cp_async_commit();
#pragma unroll 1
    for (int key0 = 0; key0 < key_tile; key0 += step) {
      const int s0 = n * key_tile + key0;
      const bool sees = s0 < t_end;
      if (sees) {
        const uint64_t kept = kept_of_rows<2 * query_blocks, step>(a, b, h, warp_t0, s0);
        query.template multiply<step>(s, keys + (n % 2 * key_tile + key0) * D);
        if (s0 + step - 1 > warp_t0 || latest > s0) {
#pragma unroll
          for (int m = 0; m < query_blocks; m++) {
#pragma unroll
            for (int j = 0; j < step / 8; j++) {
#pragma unroll
              for (int r = 0; r < 4; r++) {
                const int key = s0 + j / 2 * 16 + 4 * q + j % 2 * 2 + r % 2;
                if (key > row(m, r / 2) || key < first[m][r / 2]) s[m][j][r] = -INFINITY;
              }
            }
          }
        }
        softmax_step<D, step>(s, o, maximum, sum, a.scale_2);
        if (a.dropout.draws()) drop<step>(s, kept);
      }
      if (key0 == 0) {
        cp_async_wait<1>();
        __syncthreads();  // the values are there
      }
      if (sees) multiply_add<T, D, step>(o, s, values + key0 * D);
    }
  }
  cp_async_wait<0>();
#pragma unroll
  for (int i = 0; i < 2 * query_blocks; i++) {
    const int m = i / 2, half = i % 2, t = row(m, half);
    const float total = row_sum(sum[m][half]);
    if (t < a.T) {
      T* to = out + ((int64_t(b) * a.T + t) * a.H + h) * a.D;
      store_row<T, D>(to, o, m, half, a.dropout.scale / total, a.D);
      if (q == 0) lse[a.row(b, h) + t] = (maximum[m][half] * a.scale_2 + log2f(total)) * ln_2;
    }
  }
}

template <int chunks>
__global__ void __launch_bounds__(plain_threads)
attention_plain(AttentionCall a, PlainHeads out, float* lse, PlainHeads qkv) {
  __shared__ PlainTiles tiles;
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  const int row_tiles = (a.T + plain_rows - 1) / plain_rows;
  const int tile = row_tiles - 1 - int(blockIdx.x % unsigned(row_tiles));
  const int head = int(blockIdx.x / unsigned(row_tiles)), b = head / a.H, h = head % a.H;
  const int kv_head = a.H + h / a.group(), t0 = tile * plain_rows;
  const PlainRows queries = qkv.head(a, b, h, true), keys = qkv.head(a, b, kv_head, true),
                  values = qkv.head(a, b, kv_head + a.kv_heads);
  float s[4][4], o[chunks][4][4] = {}, maximum[4], sum[4] = {};
  int first[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    maximum[i] = -INFINITY;
    first[i] = a.first_key(b, min(t0 + 4 * ty + i, a.T - 1));
  }
  for (int n = first_key_tile(a, b, threadIdx.x < plain_rows ? t0 + int(threadIdx.x) : a.T, plain_rows); n <= tile;
       n++) {
    const int s0 = n * plain_rows + 4 * tx;
    plain_multiply(s, a, tiles, queries, t0, keys, n * plain_rows);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int t = t0 + 4 * ty + i;
      float top = maximum[i], total = 0;
      for (int j = 0; j < 4; j++) {
        s[i][j] = s0 + j <= t && s0 + j >= first[i] ? s[i][j] : -INFINITY;
        top = fmaxf(top, s[i][j]);
      }
      for (int bits = 1; bits < 16; bits *= 2) top = fmaxf(top, __shfl_xor_sync(all_lanes, top, bits));
      const float shrink = top > maximum[i] ? exp2f((maximum[i] - top) * a.scale_2) : 1;
      const float base = top == -INFINITY ? 0 : top * a.scale_2;
      for (int j = 0; j < 4; j++) total += s[i][j] = exp2f(fmaf(s[i][j], a.scale_2, -base));
      sum[i] = sum[i] * shrink + total;
      maximum[i] = top;
#pragma unroll
      for (int k = 0; k < chunks; k++) {
#pragma unroll
        for (int j = 0; j < 4; j++) o[k][i][j] *= shrink;
      }
      if (a.dropout.draws()) {
        const unsigned bits = KeptElements(a, b, h).four(t, s0);
        for (int j = 0; j < 4; j++) s[i][j] = bits >> j & 1 ? s[i][j] : 0;
      }
    }
    plain_keep(tiles, s);
    plain_multiply_add<chunks>(o, a, tiles, values, n * plain_rows);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int t = t0 + 4 * ty + i;
    float total = sum[i];
    for (int bits = 1; bits < 16; bits *= 2) total += __shfl_xor_sync(all_lanes, total, bits);
    if (t < a.T) {
      plain_store<chunks>(out, a, out.element(a, b, t, h), o, i, a.dropout.scale / total);
      if (tx == 0) lse[a.row(b, h) + t] = (maximum[i] * a.scale_2 + log2f(total)) * ln_2;
    }
  }
}

template <class T>
int32_t forward_tiles(vn_context* ctx, const AttentionCall& a, T* out, float* lse, const T* qkv, T* rotated) {
  PackedHeads<T> all = {qkv, a.packed_heads()}, queries_keys = all;
  if (a.rope.half > 0) {
    queries_keys = {rotated, a.H + a.kv_heads};
    VN_TRY(rotate(ctx, a, rotated, qkv, queries_keys.heads, all.heads, 1));
  }
  return for_tile_size(a.D, [&](auto size) {
    constexpr int D = size();
    VN_TRY(allow_shared(ctx, attention_tiles<T, D>, "attention_tiles", forward_shared_bytes<T, D>));
    const dim3 grid(unsigned(ceil_div(a.T, query_tile) * a.B * a.H));
    VN_LAUNCH(ctx, (attention_tiles<T, D>), grid, tile_threads, (forward_shared_bytes<T, D>), a, out, lse, queries_keys,
              all);
    return int32_t(VN_OK);
  });
}

}  // namespace
}  // namespace vn

using namespace vn;

int64_t vn::attention_scratch_bytes(const vn_sizes& sizes) {
  if (sizes.D < 1) return 0;
  Scratch scratch;
  AttentionScratch(scratch, sizes.rows, sizes.H, sizes.H, sizes.D, true, sizes.training, true);
  return scratch.bytes();
}

int32_t vn_attention_forward(vn_context* ctx, void* out, float* lse, const void* qkv, const float* rope,
                             const int32_t* positions, const int32_t* document_starts, int64_t B, int64_t T, int64_t H,
                             int64_t kv_heads, int64_t D, int64_t rope_dims, int64_t P, float scale, int32_t site,
                             float dropout, int32_t dtype) {
  const AttentionArguments arguments = {"attention_forward", rope, positions, document_starts, B, T, H, kv_heads, D,
                                        rope_dims, P, scale, site, dropout, dtype};
  VN_TRY(require_attention(ctx, arguments));
  VN_TRY(require_pointers(ctx, arguments.operation, B * T, {{"out", out}, {"lse", lse}, {"qkv", qkv}}));
  if (!is_storage(dtype)) return refuse_dtype(ctx, arguments.operation, "dtype", dtype, "CUDA");
  const AttentionCall a(ctx, arguments);
  if (takes_tiles(arguments, {out, qkv})) {
    Scratch scratch(ctx);
    const AttentionScratch work(scratch, B * T, H, kv_heads, D, a.rope.half > 0, false, false);
    VN_TRY(require_workspace(ctx, arguments.operation, scratch.bytes()));
    return for_short_type(dtype, [&](auto type) {
      using A = decltype(type);
      return forward_tiles(ctx, a, static_cast<A*>(out), lse, static_cast<const A*>(qkv),
                           static_cast<A*>(work.rotated));
    });
  }
  return for_plain_chunks(D, [&](auto chunks) {
    const dim3 grid(unsigned(ceil_div(T, plain_rows) * B * H));
    VN_LAUNCH(ctx, attention_plain<chunks()>, grid, plain_threads, 0, a, PlainHeads(out, dtype, a.H), lse,
              PlainHeads(qkv, dtype, a.packed_heads()));
    return int32_t(VN_OK);
  });
}

// The backward direction of attention in float32, for every type, head size and address: attention_backward.cu has the
// mathematics, attention_plain.cuh the products.
#pragma once
#include "attention_plain.cuh"

namespace vn {

struct PlainTensors {
  PlainHeads dqkv, dout, qkv;
  const float *lse, *delta;
};

// P * mask and dS (without the scale) of query t and key s from its score and dout . v.
struct PlainGradients {
  float p, ds;
  __device__ __forceinline__ PlainGradients(const AttentionCall& a, bool sees, bool is_kept, float score, float dp,
                                            float lse, float delta) {
    const float probability = sees ? exp2f((score * a.scale - lse) * log2_e) : 0;
    p = is_kept ? probability : 0;
    ds = probability * ((is_kept ? dp * a.dropout.scale : 0) - delta);
  }
};

template <int chunks>
__global__ void __launch_bounds__(plain_threads) query_gradients_plain(AttentionCall a, PlainTensors x) {
  __shared__ PlainTiles tiles;
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  const int row_tiles = (a.T + plain_rows - 1) / plain_rows;
  const int tile = row_tiles - 1 - int(blockIdx.x % unsigned(row_tiles));
  const int head = int(blockIdx.x / unsigned(row_tiles)), b = head / a.H, h = head % a.H;
  const int kv_head = a.H + h / a.group(), t0 = tile * plain_rows;
  const PlainRows queries = x.qkv.head(a, b, h, true), keys = x.qkv.head(a, b, kv_head, true),
                  values = x.qkv.head(a, b, kv_head + a.kv_heads), douts = x.dout.head(a, b, h);
  float s[4][4], dp[4][4], dq[chunks][4][4] = {}, lse[4], delta[4];
  int first[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int t = min(t0 + 4 * ty + i, a.T - 1);
    lse[i] = x.lse[a.row(b, h) + t];
    delta[i] = x.delta[a.row(b, h) + t];
    first[i] = a.first_key(b, t);
  }
  const int own = threadIdx.x < plain_rows ? t0 + int(threadIdx.x) : a.T;
  for (int n = first_key_tile(a, b, own, plain_rows); n <= tile; n++) {
    const int s0 = n * plain_rows + 4 * tx;
    plain_multiply(s, a, tiles, queries, t0, keys, n * plain_rows);
    plain_multiply(dp, a, tiles, douts, t0, values, n * plain_rows);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int t = t0 + 4 * ty + i;
      const unsigned bits = a.dropout.draws() ? KeptElements(a, b, h).four(t, s0) : 15;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool sees = s0 + j <= t && s0 + j >= first[i] && t < a.T;
        s[i][j] = PlainGradients(a, sees, bits >> j & 1, s[i][j], dp[i][j], lse[i], delta[i]).ds;
      }
    }
    plain_keep(tiles, s);
    plain_multiply_add<chunks>(dq, a, tiles, keys, n * plain_rows);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int t = t0 + 4 * ty + i;
    if (t < a.T) plain_store<chunks>(x.dqkv, a, x.dqkv.element(a, b, t, h), dq, i, a.scale);
  }
}

template <int chunks>
__global__ void __launch_bounds__(plain_threads) key_gradients_plain(AttentionCall a, PlainTensors x) {
  __shared__ PlainTiles tiles;
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  const int row_tiles = (a.T + plain_rows - 1) / plain_rows;
  const int tile = int(blockIdx.x % unsigned(row_tiles)), s0 = tile * plain_rows;
  const int head = int(blockIdx.x / unsigned(row_tiles)), b = head / a.kv_heads, kv_head = head % a.kv_heads;
  const PlainRows keys = x.qkv.head(a, b, a.H + kv_head, true),
                  values = x.qkv.head(a, b, a.H + a.kv_heads + kv_head);
  float s[4][4], dp[4][4], dk[chunks][4][4] = {}, dv[chunks][4][4] = {};
  for (int h = kv_head * a.group(); h < (kv_head + 1) * a.group(); h++) {
    const PlainRows queries = x.qkv.head(a, b, h, true), douts = x.dout.head(a, b, h);
    for (int n = tile; n < row_tiles; n++) {
      const int t0 = n * plain_rows, own = t0 + int(threadIdx.x);
      if (a.document_starts) {
        const bool sees = threadIdx.x < plain_rows && own < a.T && a.first_key(b, own) < s0 + plain_rows;
        if (!__syncthreads_or(sees)) continue;
      }
      plain_multiply(s, a, tiles, keys, s0, queries, t0);
      plain_multiply(dp, a, tiles, values, s0, douts, t0);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int t = t0 + 4 * tx + j, inside = min(t, a.T - 1), first = a.first_key(b, inside);
        const float lse = x.lse[a.row(b, h) + inside], delta = x.delta[a.row(b, h) + inside];
        const unsigned bits = a.dropout.draws() ? KeptElements(a, b, h).four(t, s0 + 4 * ty) : 15;
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int key = s0 + 4 * ty + i;
          const bool sees = key <= t && key >= first && t < a.T;
          const PlainGradients gradients(a, sees, bits >> i & 1, s[i][j], dp[i][j], lse, delta);
          s[i][j] = gradients.p;
          dp[i][j] = gradients.ds;
        }
      }
      plain_keep(tiles, s);
      plain_multiply_add<chunks>(dv, a, tiles, douts, t0);
      __syncthreads();
      plain_keep(tiles, dp);
      plain_multiply_add<chunks>(dk, a, tiles, queries, t0);
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int t = s0 + 4 * ty + i;
    if (t >= a.T) continue;
    plain_store<chunks>(x.dqkv, a, x.dqkv.element(a, b, t, a.H + kv_head), dk, i, a.scale);
    plain_store<chunks>(x.dqkv, a, x.dqkv.element(a, b, t, a.H + a.kv_heads + kv_head), dv, i, a.dropout.scale);
  }
}

}  // namespace vn

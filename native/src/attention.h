// What the forward and backward files of attention share: a call's arguments, a thread's buffers, cutting into strips.
#pragma once
#include "context.h"
#include "dropout.h"
#include "gemm.h"
#include "rope.h"

namespace vn {

constexpr int64_t most_strip_rows = 32, query_block = 256;

struct AttentionCall {
  vn_context* ctx;
  const Gemm& gemm;
  const int32_t *positions, *document_starts;
  int64_t B, T, H, kv_heads, D;
  Rope rope;
  float scale;
  Dropout dropout;
  uint64_t first_sample;

  int64_t qkv_stride() const { return (H + 2 * kv_heads) * D; }
  int64_t out_stride() const { return H * D; }
  int64_t group() const { return H / kv_heads; }
  int64_t position(int64_t b, int64_t t) const { return positions ? positions[b * T + t] : t; }
  int64_t first_key(int64_t b, int64_t t) const {
    return document_starts ? std::clamp<int64_t>(document_starts[b * T + t], 0, t) : 0;
  }
  // Row stride of a strip of scores: room for the zeros after the last key; an odd number of cache lines.
  int64_t strip_stride() const { return strip_stride(T); }
  static int64_t strip_stride(int64_t T) { return round_up(T + k_major_rows, panel_columns) + 16; }
};

// Rows [begin, end) of queries at a time: an even number, so that pairs of bf16 rows never span two strips, and at most
// what the micro-kernel takes at once (twice that where it takes few), spread evenly.
struct Strips {
  int64_t pairs, rows, count;
  Strips(const Gemm& gemm, int64_t rows)
      : pairs(ceil_div(rows, 2)), rows(rows), count(ceil_div(pairs, std::max(gemm.block_rows, 12) / 2)) {}
  int64_t begin(int64_t i) const { return 2 * (pairs * i / count); }
  int64_t end(int64_t i) const { return std::min(rows, begin(i + 1)); }
};

struct QueryBlocks {
  int64_t pairs, T, count;
  explicit QueryBlocks(int64_t T) : pairs(ceil_div(T, 2)), T(T), count(ceil_div(T, query_block)) {}
  int64_t begin(int64_t i) const { return 2 * (pairs * i / count); }
  int64_t end(int64_t i) const { return std::min(T, begin(i + 1)); }
};

// One head's rows of q, k, v, out or dout: where they lie, or a rotated float32 copy.
struct HeadRows {
  const void* rows;
  int64_t stride;  // elements
  bool is_f32;     // of a copy; else the storage type

  HeadRows from(int64_t row, int64_t element_bytes) const {
    return {static_cast<const char*>(rows) + row * stride * (is_f32 ? 4 : element_bytes), stride, is_f32};
  }
  // Panels whose columns are these rows (the reduction runs over D), or whose columns are those of D.
  void pack_transposed(const Gemm& gemm, word* panels, int64_t n, int64_t D) const {
    (is_f32 ? gemm.transposed_f32 : gemm.transposed)(panels, rows, stride, n, D);
  }
  void pack_straight(const Gemm& gemm, word* panels, int64_t n, int64_t D) const {
    (is_f32 ? gemm.straight_f32 : gemm.straight)(panels, rows, stride, D, n);
  }
  void copy(const Gemm& gemm, word* words, int64_t words_stride, int64_t n, int64_t D) const {
    (is_f32 ? gemm.copy_rows_f32 : gemm.copy_rows)(words, words_stride, rows, stride, n, D);
  }
};

// A thread's scratch for one head. Sizes are for words of one float, which pairs never exceed.
struct AttentionBuffers {
  word *keys_t, *values_t;  // [D words][32 keys] panels: for scores, for dP
  word *keys, *values;      // [T words][32 of D] panels: for dQ, for out
  word *queries, *douts;    // [query block][32 of D] panels: for dK, dV
  word *strip_rows;         // a strip of q or dout by rows
  float *scores, *dscores;  // a strip, float32
  word *strip_words;        // a strip of P or dS as words by rows
  word *P, *dS;             // k-major: [query block words][strip stride]
  float *factors, *dq_strip, *dk, *dv, *rotated_q, *rotated_k;

  AttentionBuffers(Scratch& scratch, int64_t T, int64_t D, bool backward, bool rotates) {
    const int64_t T32 = round_up(T, panel_columns), D32 = round_up(D, panel_columns);
    const int64_t S = AttentionCall::strip_stride(T), block = std::min(round_up(T, 2), query_block);
    keys_t = scratch.take<word>(T32 * D);
    strip_rows = scratch.take<word>(most_strip_rows * row_words(D));
    scores = scratch.take<float>(most_strip_rows * S);
    strip_words = scratch.take<word>(most_strip_rows * S);
    factors = scratch.take<float>(S);
    rotated_q = scratch.take<float>(rotates ? T * D : 0);
    rotated_k = scratch.take<float>(rotates ? T * D : 0);
    values = scratch.take<word>(backward ? 0 : T * D32);
    values_t = scratch.take<word>(backward ? T32 * D : 0);
    keys = scratch.take<word>(backward ? T * D32 : 0);
    queries = scratch.take<word>(backward ? block * D32 : 0);
    douts = scratch.take<word>(backward ? block * D32 : 0);
    dscores = scratch.take<float>(backward ? most_strip_rows * S : 0);
    P = scratch.take<word>(backward ? block * S : 0);
    dS = scratch.take<word>(backward ? block * S : 0);
    dq_strip = scratch.take<float>(backward ? most_strip_rows * D32 : 0);
    dk = scratch.take<float>(backward ? T * D32 : 0);
    dv = scratch.take<float>(backward ? T * D32 : 0);
  }
  // Stride of strip_rows: an odd number of cache lines.
  static int64_t row_words(int64_t D) { return round_up(D, 32) + 16; }
};

// The buffers of thread `thread`, of which the workspace holds one set each.
inline AttentionBuffers attention_buffers(vn_context* ctx, int thread, int64_t T, int64_t D, bool backward,
                                          bool rotates) {
  Scratch one;
  AttentionBuffers(one, T, D, backward, rotates);
  Scratch scratch(ctx);
  scratch.take<char>(one.bytes() * thread);
  return AttentionBuffers(scratch, T, D, backward, rotates);
}

}  // namespace vn

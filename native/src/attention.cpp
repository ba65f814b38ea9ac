// Causal attention of one sequence's heads, without ever holding a T x T matrix (Dao 2023,
// https://arxiv.org/abs/2307.08691, with strips of rows in the place of tiles).
//
//   forward    S = scale Q K^T over first_key <= s <= t,   lse = log sum_s exp S,   P = exp(S - lse)
//              out = (P * mask) V
//   backward   delta = dout . out,   dP = mask * (dout V^T),   dS = scale P * (dP - delta)
//              dV = (P * mask)^T dout,   dQ = dS K,   dK = dS^T Q      (q, k rotated first, dq, dk rotated back)
//
// out, dout [B, T, H, D], qkv, dqkv [B, T, H + 2 kv_heads, D] of dtype; lse [B, H, T] float32. Scores, softmax and all
// sums are float32; P and dS are rounded to bf16 where the instruction set multiplies pairs of bf16 (not with rope).
// A task is a query head (forward) or a key head with its group of query heads (backward): it is the only writer of its
// outputs, so that no result depends on threads. Backward recomputes P in blocks of 256 queries, whose P and dS stay in
// the cache, and adds to dK and dV block after block.
#include "attention.h"

#include <cstring>

#include "attention_arguments.h"
#include "scratch_bytes.h"

namespace vn {
namespace {

template <class T>
struct Gradients {
  T* dqkv;
  const T *dout, *out;
  const float* lse;
  const T* qkv;
};

}  // namespace
}  // namespace vn

#define VN_LOOPS "attention.inl"
#include "each_isa.h"
#define VN_LOOPS "attention_backward.inl"
#include "each_isa.h"

using namespace vn;

namespace {

int64_t thread_bytes(int64_t T, int64_t D, bool backward, bool rotates) {
  Scratch scratch;
  AttentionBuffers(scratch, T, D, backward, rotates);
  return scratch.bytes();
}

AttentionCall call_of(vn_context* ctx, const AttentionArguments& a) {
  const bool draws = a.dropout > 0;
  // Rotated queries and keys are float32: rounded to pairs of bf16 they would cost the scores their accuracy.
  const Isa isa = a.rope ? std::min(ctx->isa, Isa::avx512) : ctx->isa;
  return {ctx, gemm_for(isa, a.dtype), a.positions, a.document_starts, a.B, a.T, a.H, a.kv_heads, a.D,
          Rope(a.rope, a.P, a.rope_dims), a.scale, Dropout(draws ? ctx->step->seed : 0, a.site, a.dropout),
          draws ? uint64_t(ctx->step->first_sample) : 0};
}

}  // namespace

int64_t vn::attention_scratch_bytes(const vn_sizes& sizes, int threads) {
  if (sizes.D < 1 || sizes.D > 256) return 0;
  const int64_t forward = thread_bytes(sizes.T, sizes.D, false, true);
  const int64_t backward = sizes.training ? thread_bytes(sizes.T, sizes.D, true, true) : 0;
  return threads * std::max(forward, backward);
}

int32_t vn_attention_forward(vn_context* ctx, void* out, float* lse, const void* qkv, const float* rope,
                             const int32_t* positions, const int32_t* document_starts, int64_t B, int64_t T, int64_t H,
                             int64_t kv_heads, int64_t D, int64_t rope_dims, int64_t P, float scale, int32_t site,
                             float dropout, int32_t dtype) {
  const AttentionArguments arguments = {"attention_forward", rope, positions, document_starts, B, T, H, kv_heads, D,
                               rope_dims, P, scale, site, dropout, dtype};
  VN_TRY(require_attention(ctx, arguments));
  VN_TRY(require_pointers(ctx, arguments.operation, B * T, {{"out", out}, {"lse", lse}, {"qkv", qkv}}));
  return for_dtype(ctx, "attention_forward", "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    VN_TRY(require_workspace(ctx, "attention_forward", ctx->pool.threads() * thread_bytes(T, D, false, rope)));
    const AttentionCall a = call_of(ctx, arguments);
    const auto run = VN_PICK(ctx->level, forward<A>);
    ctx->pool.run(T > 0 ? B * H : 0, [&](int64_t tile, int thread) {
      const AttentionBuffers buffers = attention_buffers(ctx, thread, T, D, false, rope);
      run(a, buffers, static_cast<A*>(out), lse, static_cast<const A*>(qkv), tile / H, tile % H);
    });
    return int32_t(VN_OK);
  });
}

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
  return for_dtype(ctx, "attention_backward", "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    VN_TRY(require_workspace(ctx, "attention_backward", ctx->pool.threads() * thread_bytes(T, D, true, rope)));
    const AttentionCall a = call_of(ctx, arguments);
    const Gradients<A> gradients = {static_cast<A*>(dqkv), static_cast<const A*>(dout), static_cast<const A*>(out), lse,
                                    static_cast<const A*>(qkv)};
    const auto run = VN_PICK(ctx->level, backward<A>);
    ctx->pool.run(T > 0 ? B * kv_heads : 0, [&](int64_t tile, int thread) {
      const AttentionBuffers buffers = attention_buffers(ctx, thread, T, D, true, rope);
      run(a, buffers, gradients, tile / kv_heads, tile % kv_heads);
    });
    return int32_t(VN_OK);
  });
}

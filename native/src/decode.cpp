// Decoding with a key-value cache: new keys and values are appended, then new queries attend to the whole cache.
//
//   keys[b, h, lengths[b] + t] = rope(k[b, t, h]),   values likewise, not rotated
//   out[b, t, h] = softmax_j(scale rope(q[b, t, h]) . keys[b, h', j]) values[b, h', j] over j <= lengths[b] + t,
//                  h' the key head of query head h
//
// keys, values [B, kv_heads, capacity, D], qkv [B, T, H + 2 kv_heads, D], out [B, T, H, D] of dtype. Softmax is online
// over blocks of keys, in float32 and in order; four queries share each read of a key. A sequence whose length is
// negative or leaves no room for T more is left alone, with step.fault.
#include <cstring>

#include "attention_arguments.h"
#include "rope.h"

namespace vn {
namespace {

constexpr int64_t key_block = 128, tile_rows = 16;

template <class A>
struct KvAppend {
  vn_context* ctx;
  A *keys, *values;
  const A* qkv;
  const int32_t* lengths;
  Rope rope;
  int64_t T, H, kv_heads, D, capacity;
};

template <class A>
struct DecodeAttention {
  vn_context* ctx;
  A* out;
  const A *qkv, *keys, *values;
  const int32_t* lengths;
  Rope rope;
  int64_t T, H, kv_heads, D, capacity;
  float scale;
};

}  // namespace
}  // namespace vn

#define VN_LOOPS "decode.inl"
#include "each_isa.h"

using namespace vn;

namespace {

// The sequence has room for T more tokens; else a fault.
bool fits(vn_context* ctx, const int32_t* lengths, int64_t b, int64_t T, int64_t capacity) {
  if (lengths[b] >= 0 && lengths[b] + T <= capacity) return true;
  set_fault(ctx);
  return false;
}

}  // namespace

int32_t vn_kv_append(vn_context* ctx, void* keys, void* values, const void* qkv, const int32_t* lengths,
                     const float* rope, int64_t B, int64_t T, int64_t H, int64_t kv_heads, int64_t D,
                     int64_t capacity, int64_t rope_dims, int64_t P, int32_t dtype) {
  const char* operation = "kv_append";
  VN_TRY(require_decode(ctx, {operation, rope, B, T, H, kv_heads, D, capacity, rope_dims, P}));
  VN_TRY(require_pointers(ctx, operation, B * T,
                          {{"keys", keys}, {"values", values}, {"qkv", qkv}, {"lengths", lengths}}));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    const KvAppend<A> a = {ctx, static_cast<A*>(keys), static_cast<A*>(values), static_cast<const A*>(qkv), lengths,
                           Rope(rope, P, rope_dims), T, H, kv_heads, D, capacity};
    const auto run = VN_PICK(ctx->level, append<A>);
    ctx->pool.run(B * T, [&](int64_t tile, int) {
      if (fits(ctx, lengths, tile / T, T, capacity)) run(a, tile / T, tile % T);
    });
    return VN_OK;
  });
}

int32_t vn_decode_attention(vn_context* ctx, void* out, const void* qkv, const void* keys, const void* values,
                            const int32_t* lengths, const float* rope, int64_t B, int64_t T, int64_t H,
                            int64_t kv_heads, int64_t D, int64_t capacity, int64_t rope_dims, int64_t P, float scale,
                            int32_t dtype) {
  const char* operation = "decode_attention";
  VN_TRY(require_decode(ctx, {operation, rope, B, T, H, kv_heads, D, capacity, rope_dims, P}));
  VN_TRY(require_pointers(ctx, operation, B * T, {{"out", out}, {"qkv", qkv}, {"keys", keys}, {"values", values},
                                                  {"lengths", lengths}}));
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    const DecodeAttention<A> a = {ctx, static_cast<A*>(out), static_cast<const A*>(qkv), static_cast<const A*>(keys),
                                  static_cast<const A*>(values), lengths, Rope(rope, P, rope_dims), T, H, kv_heads, D,
                                  capacity, scale};
    const int64_t rows = H / kv_heads * T, tiles = ceil_div(rows, tile_rows);  // query rows of a key head
    const auto run = VN_PICK(ctx->level, attend_rows<A>);
    ctx->pool.run(B * kv_heads * tiles, [&](int64_t tile, int) {
      const int64_t head = tile / tiles, begin = tile % tiles * tile_rows;
      if (!fits(ctx, lengths, head / kv_heads, T, capacity)) return;
      run(a, head / kv_heads, head % kv_heads, begin, std::min(rows, begin + tile_rows));
    });
    return VN_OK;
  });
}

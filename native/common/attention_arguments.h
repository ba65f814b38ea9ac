// What attention and decoding are called with, and what they refuse, in every native library.
#pragma once
#include <algorithm>
#include <utility>

#include "call.h"

namespace vn {

constexpr int64_t most_head_size = 256;

struct AttentionArguments {
  const char* operation;
  const float* rope;
  const int32_t *positions, *document_starts;
  int64_t B, T, H, kv_heads, D, rope_dims, P;
  float scale;
  int32_t site;
  float dropout;
  int32_t dtype;
};

// One token's keys and values go to, or are read from, caches of `capacity` rows.
struct DecodeArguments {
  const char* operation;
  const float* rope;
  int64_t B, T, H, kv_heads, D, capacity, rope_dims, P;
};

// The first pointer that is null is named; none is looked at where there are no tokens.
inline int32_t require_pointers(Call* ctx, const char* operation, int64_t tokens,
                                std::initializer_list<std::pair<const char*, const void*>> pointers) {
  for (const auto& [name, pointer] : pointers) {
    VN_REQUIRE(ctx, tokens == 0 || pointer, "%s: %s is null", operation, name);
  }
  return VN_OK;
}

inline int32_t require_rope(Call* ctx, const char* operation, const float* rope, int64_t dims, int64_t P, int64_t D) {
  if (!rope) return VN_OK;
  VN_REQUIRE(ctx, dims >= 0 && dims % 2 == 0 && dims <= D,
             "%s: rope_dims is %lld; it must be even and at most D = %lld", operation, (long long) dims, (long long) D);
  VN_REQUIRE(ctx, addressable({2, P, dims}), "%s: P is %lld", operation, (long long) P);
  return VN_OK;
}

inline int32_t require_heads(Call* ctx, const char* operation, int64_t H, int64_t kv_heads, int64_t D) {
  VN_REQUIRE(ctx, H > 0 && kv_heads > 0 && H % kv_heads == 0, "%s: H is %lld, kv_heads %lld; it must divide H",
             operation, (long long) H, (long long) kv_heads);
  VN_REQUIRE(ctx, D >= 1 && D <= most_head_size, "%s: D is %lld, not 1..256", operation, (long long) D);
  return VN_OK;
}

inline int32_t require_attention(Call* ctx, const AttentionArguments& a) {
  VN_TRY(require_heads(ctx, a.operation, a.H, a.kv_heads, a.D));
  // Elements of dropout are numbered over [H, T, T].
  VN_REQUIRE(ctx, addressable({a.B, a.T, a.H + 2 * a.kv_heads, a.D}) && addressable({a.H, a.T, a.T}),
             "%s: B is %lld, T %lld", a.operation, (long long) a.B, (long long) a.T);
  VN_REQUIRE(ctx, a.scale > 0, "%s: scale is %g", a.operation, double(a.scale));
  VN_TRY(require_rope(ctx, a.operation, a.rope, a.rope_dims, a.P, a.D));
  return require_dropout(ctx, a.operation, a.dropout, std::max<int64_t>(a.T, 1));
}

inline int32_t require_decode(Call* ctx, const DecodeArguments& a) {
  VN_TRY(require_heads(ctx, a.operation, a.H, a.kv_heads, a.D));
  VN_REQUIRE(ctx, addressable({a.B, a.T, a.H + 2 * a.kv_heads, a.D}), "%s: B is %lld, T %lld", a.operation,
             (long long) a.B, (long long) a.T);
  VN_REQUIRE(ctx, addressable({a.B, a.kv_heads, a.capacity, a.D}), "%s: capacity is %lld", a.operation,
             (long long) a.capacity);
  VN_TRY(require_step(ctx, a.operation));
  return require_rope(ctx, a.operation, a.rope, a.rope_dims, a.P, a.D);
}

}  // namespace vn

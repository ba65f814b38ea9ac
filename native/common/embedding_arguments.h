// What the embedding requires of its arguments, on every backend.
#pragma once
#include "call.h"

namespace vn {

inline int32_t check_embedding_sizes(Call* ctx, const char* operation, int64_t rows, int64_t C, int64_t Vp,
                                     int64_t P) {
  VN_REQUIRE(ctx, addressable({rows, C}) && rows <= INT32_MAX, "%s: rows is %lld, C %lld", operation, (long long) rows,
             (long long) C);
  VN_REQUIRE(ctx, addressable({Vp, C}) && addressable({P, C}), "%s: Vp is %lld, P %lld, C %lld", operation,
             (long long) Vp, (long long) P, (long long) C);
  return require_step(ctx, operation);
}

inline int32_t check_embedding_forward(Call* ctx, const void* out, const int32_t* ids, const int32_t* positions,
                                       const float* tokens, const void* tokens_copy, const float* position_table,
                                       int64_t rows, int64_t T, int64_t C, int64_t Vp, int64_t P, float dropout) {
  const char* operation = "embedding_forward";
  VN_TRY(check_embedding_sizes(ctx, operation, rows, C, Vp, P));
  VN_REQUIRE(ctx, rows == 0 || (out && ids), "%s: %s is null", operation, out ? "ids" : "out");
  VN_REQUIRE(ctx, tokens || tokens_copy, "%s: tokens and tokens_copy are null", operation);
  VN_REQUIRE(ctx, !position_table || positions, "%s: positions is null and position_table is not", operation);
  return require_dropout(ctx, operation, dropout, T);
}

inline int32_t check_embedding_backward(Call* ctx, const float* dtokens, const float* dposition_table,
                                        const void* dout, const int32_t* ids, const int32_t* order,
                                        const int32_t* starts, const int32_t* positions,
                                        const int32_t* position_order, const int32_t* position_starts, int64_t rows,
                                        int64_t T, int64_t C, int64_t Vp, int64_t P, float dropout) {
  const char* operation = "embedding_backward";
  VN_TRY(check_embedding_sizes(ctx, operation, rows, C, Vp, P));
  VN_REQUIRE(ctx, dtokens, "%s: dtokens is null", operation);
  VN_REQUIRE(ctx, rows == 0 || (dout && ids && order && starts), "%s: %s is null", operation,
             !dout ? "dout" : !ids ? "ids" : !order ? "order" : "starts");
  VN_REQUIRE(ctx, rows == 0 || !dposition_table || (positions && position_order && position_starts), "%s: %s is null",
             operation, !positions ? "positions" : !position_order ? "position_order" : "position_starts");
  return require_dropout(ctx, operation, dropout, T);
}

}  // namespace vn

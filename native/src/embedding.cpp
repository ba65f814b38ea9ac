// Token and position embedding: two table rows are added; backward adds each row's gradient to its two table rows.
//
//   forward    out[r] = dropout(tokens[ids[r]] + position_table[positions[r]])
//   backward   dtokens[i] (+)= sum over r with ids[r] = i of dropout(dout[r]),   dposition_table likewise
//
// out, dout [rows, C] residual_dtype; tables and their gradients float32. An id or position outside its table gives a
// row of zeros, no gradient, and step.fault. Backward splits the table's rows into tiles: a table row has one writer,
// which adds its group in row order, so the result does not depend on threads.
#include <cstring>

#include "compute_copy.h"
#include "dropout.h"
#include "embedding_arguments.h"

namespace vn {
namespace {

template <class R>
struct Embedding {
  vn_context* ctx;
  R* out;
  const int32_t *ids, *positions;
  const float* tokens;
  const void* tokens_copy;
  const float* position_table;
  int64_t C, Vp, P;
  int32_t copy_dtype;
  RowDropout dropout;
};

// Rows grouped by key (an id or a position), keys rising: group g is order[starts[g] .. starts[g + 1] - 1].
struct Groups {
  const int32_t *keys, *order, *starts;
  int64_t count;

  int64_t begin(int64_t group) const { return starts[group]; }
  int64_t end(int64_t group) const { return starts[group + 1]; }
  int64_t key(int64_t group) const { return keys[order[starts[group]]]; }
  int64_t first_not_below(int64_t wanted) const {
    int64_t low = 0, high = count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (key(middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

template <class R>
struct TableGradient {
  float* gradient;
  const R* dout;
  Groups groups;
  bool accumulate;
  RowDropout dropout;
};

constexpr int64_t tile_rows = 32, tile_table_rows = 64;

}  // namespace
}  // namespace vn

#define VN_LOOPS "embedding.inl"
#include "each_isa.h"

using namespace vn;

namespace {

// Counts the groups of rows; false when they are not what the header says: starts that rise from 0 to rows, rows that
// exist, keys that rise. Only then can a tile follow them without looking.
bool count_groups(Groups* groups, int64_t rows) {
  groups->count = 0;
  if (rows == 0) return true;
  if (groups->starts[0] != 0) return false;
  for (int64_t i = 0; i < rows; i++) {
    if (groups->order[i] < 0 || groups->order[i] >= rows) return false;
  }
  for (int64_t g = 0; g < rows && groups->starts[g] < rows; g++, groups->count++) {
    const int32_t begin = groups->starts[g], end = groups->starts[g + 1];
    if (end <= begin || end > rows) return false;
    if (g > 0 && groups->key(g) <= groups->key(g - 1)) return false;
  }
  return groups->starts[groups->count] == rows;
}

template <class R>
void table_backward(vn_context* ctx, const TableGradient<R>& a, int64_t table_rows) {
  if (a.groups.count > 0 && (a.groups.key(0) < 0 || a.groups.key(a.groups.count - 1) >= table_rows)) set_fault(ctx);
  const auto run = VN_PICK(ctx->level, backward<R>);
  ctx->pool.run(ceil_div(table_rows, tile_table_rows), [&](int64_t tile, int) {
    run(a, tile * tile_table_rows, std::min(table_rows, (tile + 1) * tile_table_rows));
  });
}

}  // namespace

int32_t vn_embedding_forward(vn_context* ctx, void* out, const int32_t* ids, const int32_t* positions,
                             const float* tokens, const void* tokens_copy, const float* position_table, int64_t rows,
                             int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                             int32_t copy_dtype, int32_t residual_dtype) {
  const char* operation = "embedding_forward";
  VN_TRY(check_embedding_forward(ctx, out, ids, positions, tokens, tokens_copy, position_table, rows, T, C, Vp, P,
                                 dropout));
  return for_dtype(ctx, operation, "residual_dtype", residual_dtype, [&](auto type) {
    using R = decltype(type);
    const Embedding<R> a = {ctx,   static_cast<R*>(out), ids, positions, tokens,
                            tokens_copy, position_table, C, Vp, P, copy_dtype, RowDropout(ctx, site, dropout, T, C)};
    const auto run = VN_PICK(ctx->level, forward<R>);
    ctx->pool.run(ceil_div(rows, tile_rows), [&](int64_t tile, int) {
      run(a, tile * tile_rows, std::min(rows, (tile + 1) * tile_rows));
    });
    return VN_OK;
  });
}

int32_t vn_embedding_backward(vn_context* ctx, float* dtokens, float* dposition_table, const void* dout,
                              const int32_t* ids, const int32_t* order, const int32_t* starts,
                              const int32_t* positions, const int32_t* position_order, const int32_t* position_starts,
                              int64_t rows, int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                              int32_t accumulate_tokens, int32_t accumulate_positions, int32_t residual_dtype) {
  const char* operation = "embedding_backward";
  VN_TRY(check_embedding_backward(ctx, dtokens, dposition_table, dout, ids, order, starts, positions, position_order,
                                  position_starts, rows, T, C, Vp, P, dropout));
  Groups by_id = {ids, order, starts, 0}, by_position = {positions, position_order, position_starts, 0};
  VN_REQUIRE(ctx, count_groups(&by_id, rows), "%s: order, starts do not group %lld rows by rising id", operation,
             (long long) rows);
  VN_REQUIRE(ctx, !dposition_table || count_groups(&by_position, rows),
             "%s: position_order, position_starts do not group %lld rows by rising position", operation,
             (long long) rows);
  return for_dtype(ctx, operation, "residual_dtype", residual_dtype, [&](auto type) {
    using R = decltype(type);
    const RowDropout drawn(ctx, site, dropout, T, C);
    const R* dout_rows = static_cast<const R*>(dout);
    table_backward<R>(ctx, {dtokens, dout_rows, by_id, accumulate_tokens != 0, drawn}, Vp);
    if (dposition_table) {
      table_backward<R>(ctx, {dposition_table, dout_rows, by_position, accumulate_positions != 0, drawn}, P);
    }
    return VN_OK;
  });
}

// Rotary position embedding by halves (Su et al. 2021, https://arxiv.org/abs/2104.09864; the pairing of GPT-NeoX).
//
//   (x1, x2) = the first and second half of the first `dims` elements;  x1' = x1 cos - x2 sin,  x2' = x2 cos + x1 sin
//   the inverse, which is also the gradient, turns back: sin becomes -sin
#pragma once
#include "context.h"

namespace vn {

struct Rope {
  const float* table;  // [2, P, dims / 2]: cosines, then sines; NULL: nothing is rotated
  int64_t P, half;

  Rope(const float* table, int64_t P, int64_t dims) : table(table), P(P), half(table ? dims / 2 : 0) {}

  const float* cosines(int64_t position) const { return table + position * half; }
  const float* sines(int64_t position) const { return table + (P + position) * half; }
  // False (and a fault) outside the table: such a row is not rotated.
  bool rotates(vn_context* ctx, int64_t position) const {
    if (!table || half == 0) return false;
    if (position >= 0 && position < P) return true;
    set_fault(ctx);
    return false;
  }
};

}  // namespace vn

#define VN_LOOPS "rope.inl"
#include "each_isa.h"

// Compute copies on the CPU: while training there are none (products pack and round the float32 masters at each use).
// For decoding, where weights are read once per token, a copy is row-major in its type; int8 rows carry a scale,
//   w[row][col] = scale[row] q[row][col],  scale[row] = max |w[row]| / 127,
// and the float32 scales follow the rows, aligned to 64 bytes.
#pragma once
#include "context.h"

namespace vn {

inline int64_t copy_element_bytes(int32_t dtype) { return dtype == VN_F32 ? 4 : dtype == VN_I8 ? 1 : 2; }
inline const float* copy_scales(const void* copy, int64_t rows, int64_t cols) {
  return reinterpret_cast<const float*>(static_cast<const char*>(copy) + round_up(rows * cols, 64));
}

// out[0 .. count-1] = columns first .. of one row of a copy. Callable inside a tile.
void read_copy(Level level, float* out, const void* copy, int64_t rows, int64_t cols, int64_t row, int64_t first,
               int64_t count, int32_t dtype);

}  // namespace vn

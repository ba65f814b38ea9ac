// The elements of all segments that are not frozen, counted one after the other, cut into pieces of single segments.
#pragma once
#include <algorithm>

#include "context.h"

namespace vn {

inline int32_t require_segments(vn_context* ctx, const char* operation, const vn_segment* segments, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const vn_segment& s = segments[i];
    VN_REQUIRE(ctx, s.offset >= 0 && addressable({s.rows, s.cols}),
               "%s: segment %lld has offset %lld, rows %lld, cols %lld",
               operation, (long long) i, (long long) s.offset, (long long) s.rows, (long long) s.cols);
  }
  return VN_OK;
}

inline int64_t live_elements(const vn_segment* segments, int64_t count) {
  int64_t total = 0;
  for (int64_t i = 0; i < count; i++) total += segments[i].frozen ? 0 : segments[i].rows * segments[i].cols;
  return total;
}

// f(segment, first, n): offsets first .. first + n - 1 into the flat buffers, for the live elements begin .. end - 1.
template <class F>
void for_each_piece(const vn_segment* segments, int64_t count, int64_t begin, int64_t end, const F& f) {
  int64_t start = 0;
  for (int64_t i = 0; i < count && start < end; i++) {
    const vn_segment& s = segments[i];
    if (s.frozen) continue;
    const int64_t size = s.rows * s.cols, from = std::max(begin, start), to = std::min(end, start + size);
    if (from < to) f(s, s.offset + from - start, to - from);
    start += size;
  }
}

}  // namespace vn

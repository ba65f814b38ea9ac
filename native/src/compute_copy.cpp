// Compute copies (compute_copy.h): their size, their refresh from the masters, their rows as float32.
#include "compute_copy.h"

#include "compute_copy_arguments.h"
#include "vector.h"

#define VN_LOOPS "compute_copy.inl"
#include "each_isa.h"

namespace vn {
namespace {

constexpr int64_t task_elements = 32 << 10;

// The scale makes the row's largest magnitude 127; a row of zeros has scale 0.
void write_int8_row(int8_t* out, float* scale, const float* master, int64_t cols, Level level) {
  const float most = VN_PICK(level, largest_magnitude)(master, cols);
  *scale = most / 127;
  const float inverse = most > 0 ? 127 / most : 0;
  for (int64_t c = 0; c < cols; c++) {
    out[c] = int8_t(std::min(127.0f, std::max(-127.0f, nearbyintf(master[c] * inverse))));
  }
}

template <class F>
void for_rows(vn_context* ctx, int64_t rows, int64_t cols, const F& f) {
  const int64_t group = std::max<int64_t>(1, task_elements / std::max<int64_t>(1, cols));
  ctx->pool.run(ceil_div(rows, group), [&](int64_t task, int) {
    for (int64_t row = task * group; row < std::min(rows, (task + 1) * group); row++) f(row);
  });
}

}  // namespace

void read_copy(Level level, float* out, const void* copy, int64_t rows, int64_t cols, int64_t row, int64_t first,
               int64_t count, int32_t dtype) {
  const void* source = static_cast<const char*>(copy) + row * cols * copy_element_bytes(dtype);
  switch (dtype) {
    case VN_BF16: return VN_PICK(level, read_row<bf16>)(out, source, first, count, 1);
    case VN_F16: return VN_PICK(level, read_row<f16>)(out, source, first, count, 1);
    case VN_I8: return VN_PICK(level, read_row<int8_t>)(out, source, first, count, copy_scales(copy, rows, cols)[row]);
    default: return VN_PICK(level, read_row<float>)(out, source, first, count, 1);
  }
}

}  // namespace vn

using namespace vn;

int32_t vn_compute_copy_bytes(vn_context* ctx, int64_t* bytes, int64_t rows, int64_t cols, int32_t dtype,
                              int32_t training) {
  VN_TRY(check_copy_bytes(ctx, bytes, rows, cols, dtype));
  if (training || dtype == VN_F32) {
    *bytes = 0;
  } else if (dtype == VN_I8) {
    *bytes = round_up(rows * cols, 64) + round_up(rows * int64_t(sizeof(float)), 64);
  } else {
    *bytes = round_up(rows * cols * 2, 64);
  }
  return VN_OK;
}

int32_t vn_compute_copy_refresh(vn_context* ctx, void* copy, const float* master, int64_t rows, int64_t cols,
                                int32_t dtype) {
  VN_TRY(check_copy_refresh(ctx, copy, master, rows, cols, dtype));
  const auto write = dtype == VN_BF16  ? VN_PICK(ctx->level, write_row<bf16>)
                     : dtype == VN_F16 ? VN_PICK(ctx->level, write_row<f16>) : VN_PICK(ctx->level, write_row<float>);
  for_rows(ctx, rows, cols, [&](int64_t row) {
    char* out = static_cast<char*>(copy) + row * cols * copy_element_bytes(dtype);
    const float* from = master + row * cols;
    if (dtype != VN_I8) return write(out, from, cols);
    auto* scales = const_cast<float*>(copy_scales(copy, rows, cols));
    write_int8_row(reinterpret_cast<int8_t*>(out), scales + row, from, cols, ctx->level);
  });
  return VN_OK;
}

int32_t vn_compute_copy_rows(vn_context* ctx, float* out, const void* copy, int64_t rows, int64_t cols, int64_t first,
                             int64_t count, int32_t dtype) {
  VN_TRY(check_copy_rows(ctx, out, copy, rows, cols, first, count, dtype));
  for_rows(ctx, count, cols, [&](int64_t i) {
    read_copy(ctx->level, out + i * cols, copy, rows, cols, first + i, 0, cols, dtype);
  });
  return VN_OK;
}

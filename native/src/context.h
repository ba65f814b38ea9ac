// The context behind every call: pool, instruction set, bound workspace, step block, last error. Also how operations
// check arguments, dispatch on dtype and take scratch memory.
#pragma once
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <initializer_list>

#include "isa.h"
#include "pool.h"
#include "storage.h"

struct vn_context {
  vn_context(vn::Isa isa, int threads) : isa(isa), level(vn::level_of(isa)), pool(threads) {}

  const vn::Isa isa;
  const vn::Level level;
  vn::Pool pool;
  char* workspace = nullptr;
  int64_t workspace_bytes = 0;
  vn_step* step = nullptr;
  char message[512] = "";
};

namespace vn {

// Writes the message of vn_last_error and returns `status`.
__attribute__((format(printf, 3, 4))) int32_t fail(vn_context* ctx, vn_status status, const char* format, ...);

// In an operation: VN_REQUIRE(ctx, rows >= 0, "linear_forward: rows is %lld", (long long) rows).
#define VN_REQUIRE(ctx, condition, ...)                                            \
  do {                                                                             \
    if (!(ctx)) return VN_INVALID_ARGUMENT;                                        \
    if (!(condition)) return vn::fail((ctx), VN_INVALID_ARGUMENT, __VA_ARGS__);    \
  } while (0)
// Passes a status on unless it is VN_OK.
#define VN_TRY(expression)                                       \
  do {                                                           \
    if (const int32_t status_ = (expression)) return status_;    \
  } while (0)

// All sizes are >= 0 and their product, in elements of 8 bytes, can be addressed.
inline bool addressable(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (size < 0) return false;
    if (__builtin_mul_overflow(product, size > 0 ? size : 1, &product) || product > INT64_MAX / 64) return false;
  }
  return true;
}

// Calls f(float{}), f(bf16{}) or f(f16{}); f returns a status.
template <class F>
int32_t for_dtype(vn_context* ctx, const char* operation, const char* argument, int32_t dtype, const F& f) {
  switch (dtype) {
    case VN_F32: return f(float{});
    case VN_BF16: return f(bf16{});
    case VN_F16: return f(f16{});
    default: break;
  }
  return fail(ctx, dtype >= VN_F32 && dtype <= VN_I32 ? VN_UNSUPPORTED : VN_INVALID_ARGUMENT,
              "%s: %s is %d; the CPU backend takes 0 (f32), 1 (bf16) or 2 (f16)", operation, argument, dtype);
}

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Hands out pieces of the workspace, each aligned to 64 bytes; nothing is cleared. With no memory it only counts, so
// that one function per operation, written against it, both lays the scratch out and says how much that takes.
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(vn_context* ctx) : base_(ctx->workspace) {}

  template <class T>
  T* take(int64_t count) {
    const int64_t offset = bytes_;
    bytes_ += round_up(count * int64_t(sizeof(T)), 64);
    return base_ ? reinterpret_cast<T*>(base_ + offset) : nullptr;
  }
  int64_t bytes() const { return bytes_; }

 private:
  char* base_ = nullptr;
  int64_t bytes_ = 0;
};

// VN_WORKSPACE unless the bound workspace holds `bytes`.
int32_t require_workspace(vn_context* ctx, const char* operation, int64_t bytes);
// VN_INVALID_ARGUMENT unless a step block is bound.
int32_t require_step(vn_context* ctx, const char* operation);
// An id or label was out of range: the host looks at step.fault. Any thread may call it.
inline void set_fault(vn_context* ctx) {
  if (ctx->step) std::atomic_ref<int32_t>(ctx->step->fault).store(1, std::memory_order_relaxed);
}

}  // namespace vn

// What every native library's context has in common, and how operations check arguments and take scratch memory. Each
// library derives its vn_context from vn::Call; argument checks that both libraries share are written against Call.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <initializer_list>

#include "abi.h"

namespace vn {

struct Call {
  char* workspace = nullptr;
  int64_t workspace_bytes = 0;
  vn_step* step = nullptr;
  char message[512] = "";
};

// Writes the message of vn_last_error and returns `status`.
__attribute__((format(printf, 3, 4))) int32_t fail(Call* ctx, vn_status status, const char* format, ...);

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

inline bool is_storage(int32_t dtype) { return dtype == VN_F32 || dtype == VN_BF16 || dtype == VN_F16; }
inline int64_t storage_bytes(int32_t dtype) { return dtype == VN_F32 ? 4 : 2; }

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Hands out pieces of the workspace, each aligned to 64 bytes; nothing is cleared. With no memory it only counts, so
// that one function per operation, written against it, both lays the scratch out and says how much that takes.
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(const Call* ctx) : base_(ctx->workspace) {}

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

// vn_context_bind, and what vn_scratch_bytes requires of its arguments.
int32_t bind(Call* ctx, void* workspace, int64_t workspace_bytes, vn_step* step);
int32_t require_sizes(Call* ctx, const int64_t* bytes, const vn_sizes* sizes);

// VN_WORKSPACE unless the bound workspace holds `bytes`.
int32_t require_workspace(Call* ctx, const char* operation, int64_t bytes);
// VN_INVALID_ARGUMENT unless a step block is bound.
int32_t require_step(Call* ctx, const char* operation);
// A probability in [0, 1); where something is drawn, also a step block and the T that says which sample a row is of.
int32_t require_dropout(Call* ctx, const char* operation, float probability, int64_t T);
// Refuses a dtype that is not one of activations, in the words of `backend`.
int32_t refuse_dtype(Call* ctx, const char* operation, const char* argument, int32_t dtype, const char* backend);

}  // namespace vn

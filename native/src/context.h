// The context behind every call: pool, instruction set, and what all libraries' contexts have (call.h). Also how
// operations dispatch on dtype.
#pragma once
#include <atomic>

#include "call.h"
#include "isa.h"
#include "pool.h"
#include "storage.h"

struct vn_context : vn::Call {
  vn_context(vn::Isa isa, int threads) : isa(isa), level(vn::level_of(isa)), pool(threads) {}

  const vn::Isa isa;
  const vn::Level level;
  vn::Pool pool;
};

namespace vn {

// Calls f(float{}), f(bf16{}) or f(f16{}); f returns a status.
template <class F>
int32_t for_dtype(vn_context* ctx, const char* operation, const char* argument, int32_t dtype, const F& f) {
  switch (dtype) {
    case VN_F32: return f(float{});
    case VN_BF16: return f(bf16{});
    case VN_F16: return f(f16{});
    default: return refuse_dtype(ctx, operation, argument, dtype, "CPU");
  }
}

// An id or label was out of range: the host looks at step.fault. Any thread may call it.
inline void set_fault(vn_context* ctx) {
  if (ctx->step) std::atomic_ref<int32_t>(ctx->step->fault).store(1, std::memory_order_relaxed);
}

}  // namespace vn

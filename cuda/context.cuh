// The context of the CUDA library, launching, and dispatch on dtype. Addresses that operations get are device memory:
// host code here checks arguments and launches, and never reads or writes them.
#pragma once
#include <algorithm>

#include "call.h"
#include "device.cuh"

struct vn_context : vn::Call {
  int ordinal = 0;
  cudaStream_t stream = nullptr;
  struct vn_products* products = nullptr;  // cuBLASLt's handle and plans; see product.cuh
};

namespace vn {

// VN_OK, or VN_DEVICE_FAULT with the operation and CUDA's words.
int32_t launched(vn_context* ctx, const char* kernel, cudaError_t error);

// Launches kernel<<<grid, block, bytes of dynamic shared memory>>>(...) on the context's stream; an empty grid is no
// launch. Put a template with a comma in parentheses.
#define VN_LAUNCH(ctx, kernel, grid, block, bytes, ...)                                                            \
  do {                                                                                                             \
    const dim3 grid_ = (grid);                                                                                     \
    if (grid_.x == 0 || grid_.y == 0 || grid_.z == 0) break;                                                       \
    VN_TRY(vn::launched((ctx), #kernel,                                                                            \
                        (VN_DEVICE_LAUNCH(kernel, grid_, (block), (bytes), (ctx)->stream, __VA_ARGS__))));         \
  } while (0)

// More than 48 KiB of dynamic shared memory has to be asked for, before the launch.
template <class Kernel>
int32_t allow_shared(vn_context* ctx, Kernel kernel, const char* name, int64_t bytes) {
  if (bytes <= 48 << 10) return VN_OK;
  return launched(ctx, name, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
}

// Calls f(float{}), f(bf16{}) or f(f16{}); f returns a status.
template <class F>
int32_t for_dtype(vn_context* ctx, const char* operation, const char* argument, int32_t dtype, const F& f) {
  switch (dtype) {
    case VN_F32: return f(float{});
    case VN_BF16: return f(bf16{});
    case VN_F16: return f(f16{});
    default: return refuse_dtype(ctx, operation, argument, dtype, "CUDA");
  }
}

// Calls f with the number of elements of a pack (std::integral_constant): a 16-byte word of T where every address and
// every row (a width in elements) allows it, else 1.
template <class T, class F>
int32_t for_pack(int64_t width, std::initializer_list<const void*> addresses, const F& f) {
  constexpr int n = 16 / sizeof(T);
  bool aligned = width % n == 0;
  for (const void* p : addresses) aligned = aligned && reinterpret_cast<uintptr_t>(p) % 16 == 0;
  return aligned ? f(std::integral_constant<int, n>{}) : f(std::integral_constant<int, 1>{});
}

// An id or label was out of range: the host looks at step.fault.
__device__ __forceinline__ void set_fault(vn_step* step) {
  if (step) atomicExch(&step->fault, 1);  // by many threads at once
}

}  // namespace vn

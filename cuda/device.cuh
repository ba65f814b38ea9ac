// What every .cu file is written in: CUDA, by nvcc or by the emulator (emulator/device.h), and on top of it storage types
// as floats, 16-byte packs, and sums over a warp or a block. Instructions that CUDA C++ has no words for (cp.async,
// ldmatrix, mma.sync) are functions of the same names in ptx.cuh and emulator/ptx.h.
#pragma once
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "ptx.cuh"
// Dynamic shared memory of the launch.
#define VN_SHARED(T, name)                                    \
  extern __shared__ __align__(128) unsigned char vn_shared[]; \
  T* name = reinterpret_cast<T*>(vn_shared)
// For VN_LAUNCH alone.
#define VN_DEVICE_LAUNCH(kernel, grid, block, bytes, stream, ...) \
  ((kernel)<<<(grid), (block), (bytes), (stream)>>>(__VA_ARGS__), cudaGetLastError())
#else
#include "emulator/device.h"
#include "emulator/ptx.h"
#endif

#include <cstdint>
#include <type_traits>

namespace vn {

using bf16 = __nv_bfloat16;
using f16 = __half;

constexpr unsigned all_lanes = 0xffffffffu;
constexpr int warp_lanes = 32;

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
__device__ __forceinline__ float to_float(f16 x) { return __half2float(x); }
// Rounds to nearest even.
template <class T>
__device__ __forceinline__ T from_float(float x) {
  if constexpr (std::is_same_v<T, bf16>) {
    return __float2bfloat16_rn(x);
  } else if constexpr (std::is_same_v<T, f16>) {
    return __float2half_rn(x);
  } else {
    return x;
  }
}

// N elements, loaded and stored as one word of up to 16 bytes: addresses are multiples of its size.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  static_assert(sizeof(T) * N <= 16);
  T at[N];
  static __device__ __forceinline__ Pack load(const T* p) { return *reinterpret_cast<const Pack*>(p); }
  __device__ __forceinline__ void store(T* p) const { *reinterpret_cast<Pack*>(p) = *this; }
};

__device__ __forceinline__ float warp_sum(float x) {
  for (int bits = warp_lanes / 2; bits > 0; bits /= 2) x += __shfl_xor_sync(all_lanes, x, bits);
  return x;
}
__device__ __forceinline__ float warp_max(float x) {
  for (int bits = warp_lanes / 2; bits > 0; bits /= 2) x = fmaxf(x, __shfl_xor_sync(all_lanes, x, bits));
  return x;
}

// Two sums over a block of whole warps, in a fixed order, in every thread; `shared` holds 64 floats and is free again.
__device__ __forceinline__ float2 block_sums(float a, float b, float* shared) {
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes, warps = blockDim.x / warp_lanes;
  a = warp_sum(a);
  b = warp_sum(b);
  if (lane == 0) {
    shared[warp] = a;
    shared[warp_lanes + warp] = b;
  }
  __syncthreads();
  a = warp_sum(lane < warps ? shared[lane] : 0);
  b = warp_sum(lane < warps ? shared[warp_lanes + lane] : 0);
  __syncthreads();
  return make_float2(a, b);
}
__device__ __forceinline__ float block_sum(float a, float* shared) { return block_sums(a, 0, shared).x; }
__device__ __forceinline__ float block_max(float a, float* shared) {
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes, warps = blockDim.x / warp_lanes;
  a = warp_max(a);
  if (lane == 0) shared[warp] = a;
  __syncthreads();
  a = warp_max(lane < warps ? shared[lane] : -INFINITY);
  __syncthreads();
  return a;
}

}  // namespace vn

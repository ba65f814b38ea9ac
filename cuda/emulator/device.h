// vn_emu.h - runs plain .cu kernels on the CPU, one fiber per CUDA thread, so that a machine
// without a GPU can put the real kernels through the parity tests. Semantics, not speed.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <type_traits>

#define VN_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// One block at a time: a function-local static is exactly "one per block", and ASan keeps red zones around it.
#define __shared__ static

struct uint3 { unsigned x, y, z; };
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

struct alignas(2) __nv_bfloat16 { uint16_t bits; };
struct alignas(2) __half { uint16_t bits; };
inline float __bfloat162float(__nv_bfloat16 h) {
    uint32_t u = uint32_t(h.bits) << 16; float f; memcpy(&f, &u, 4); return f;
}
inline __nv_bfloat16 __float2bfloat16_rn(float f) {        // round to nearest even, NaN stays NaN
    uint32_t u; memcpy(&u, &f, 4);
    if (f != f) return {uint16_t(0x7fff)};
    return {uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16)};
}
inline float __half2float(__half h) { _Float16 v; memcpy(&v, &h.bits, 2); return float(v); }
inline __half __float2half_rn(float f) {
    _Float16 v = _Float16(f); __half h; memcpy(&h.bits, &v, 2); return h;
}

// ---------------------------------------------------------------- scheduler interface (vn_emu.cpp)
struct vn_emu_stream; struct vn_emu_event; struct vn_emu_graph;
namespace vn_emu {
struct Block { uint3 bid; dim3 bdim, gdim; char* dyn; size_t dyn_bytes; unsigned epoch; const char* kernel; };
struct Thread { uint3 tid; unsigned linear, lane, warp, warp_epoch; Block* block; };
extern Thread* cur;                    // the running CUDA thread; null on the host
enum Kind { SHFL, VOTE, SYNCWARP, MMA, LDMATRIX };
constexpr int SLOT = 32;                               // bytes one lane can publish
int block_barrier(int predicate);                      // returns the number of true predicates
const char* warp_exchange(unsigned mask, const void* v, size_t n, Kind k);  // 32 slots of SLOT bytes
void cp_async(void* dst, const void* src, int bytes, int copied);
void cp_commit();
void cp_wait(int pending);
float atomic_add(float* p, float v);
unsigned atomic_add(unsigned* p, unsigned v);
unsigned long long atomic_add(unsigned long long* p, unsigned long long v);
unsigned atomic_cas(unsigned* p, unsigned expect, unsigned v);
int launch(dim3 grid, dim3 block, size_t dyn, vn_emu_stream* s, const char* name, std::function<void()> body);
void enqueue(vn_emu_stream* s, std::function<void()> fn);
[[noreturn]] void fail(const char* fmt, ...);

template <class T> T pick(const char* slots, unsigned lane, unsigned mask) {
    if (!(mask >> lane & 1)) fail("shuffle reads lane %u, which mask %08x does not name", lane, mask);
    T v; memcpy(&v, slots + lane * SLOT, sizeof(T)); return v;
}
template <class T> const char* give(unsigned mask, const T& v, Kind k) {
    static_assert(sizeof(T) <= SLOT && std::is_trivially_copyable_v<T>);
    return warp_exchange(mask, &v, sizeof(T), k);
}
}  // namespace vn_emu

#define threadIdx (vn_emu::cur->tid)
#define blockIdx (vn_emu::cur->block->bid)
#define blockDim (vn_emu::cur->block->bdim)
#define gridDim (vn_emu::cur->block->gdim)
constexpr int warpSize = 32;

#define VN_DEVICE_LAUNCH(kernel, grid, block, bytes, stream, ...)                                 \
    vn_emu::launch(grid, block, bytes, stream, #kernel, [=] { (kernel)(__VA_ARGS__); })
#define VN_SHARED(T, name) T* name = reinterpret_cast<T*>(vn_emu::cur->block->dyn)

// ---------------------------------------------------------------- device built-ins
inline void __syncthreads() { vn_emu::block_barrier(0); }
inline int __syncthreads_count(int p) { return vn_emu::block_barrier(p != 0); }
inline int __syncthreads_or(int p) { return vn_emu::block_barrier(p != 0) > 0; }
inline void __syncwarp(unsigned mask = 0xffffffffu) { vn_emu::give(mask, 0, vn_emu::SYNCWARP); }
inline void __threadfence() {}
inline void __threadfence_block() {}

template <class T> T __shfl_sync(unsigned mask, T v, int src, int width = 32) {
    auto s = vn_emu::give(mask, v, vn_emu::SHFL); unsigned l = vn_emu::cur->lane;
    return vn_emu::pick<T>(s, (l & ~unsigned(width - 1)) | (unsigned(src) & (width - 1)), mask);
}
template <class T> T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32) {
    auto s = vn_emu::give(mask, v, vn_emu::SHFL); unsigned l = vn_emu::cur->lane, src = l ^ bits;
    return vn_emu::pick<T>(s, src < (l & ~unsigned(width - 1)) + width ? src : l, mask);
}
template <class T> T __shfl_down_sync(unsigned mask, T v, unsigned d, int width = 32) {
    auto s = vn_emu::give(mask, v, vn_emu::SHFL); unsigned l = vn_emu::cur->lane;
    return vn_emu::pick<T>(s, (l & (width - 1)) + d < unsigned(width) ? l + d : l, mask);
}
template <class T> T __shfl_up_sync(unsigned mask, T v, unsigned d, int width = 32) {
    auto s = vn_emu::give(mask, v, vn_emu::SHFL); unsigned l = vn_emu::cur->lane;
    return vn_emu::pick<T>(s, (l & (width - 1)) >= d ? l - d : l, mask);
}
inline unsigned __ballot_sync(unsigned mask, int p) {
    auto s = vn_emu::give(mask, p, vn_emu::VOTE); unsigned r = 0;
    for (unsigned l = 0; l < 32; ++l) if (mask >> l & 1) r |= unsigned(vn_emu::pick<int>(s, l, mask) != 0) << l;
    return r;
}
inline int __any_sync(unsigned mask, int p) { return __ballot_sync(mask, p) != 0; }
inline int __all_sync(unsigned mask, int p) { return __ballot_sync(mask, p) == mask; }

template <class T> T atomicAdd(T* p, T v) { return vn_emu::atomic_add(p, v); }
inline int atomicAdd(int* p, int v) { return int(vn_emu::atomic_add(reinterpret_cast<unsigned*>(p), unsigned(v))); }
inline unsigned atomicCAS(unsigned* p, unsigned e, unsigned v) { return vn_emu::atomic_cas(p, e, v); }

template <class T> T __ldg(const T* p) { return *p; }
template <class T> T __ldcs(const T* p) { return *p; }
template <class T> void __stcs(T* p, T v) { *p = v; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline unsigned __float_as_uint(float f) { unsigned u; memcpy(&u, &f, 4); return u; }
inline float __uint_as_float(unsigned u) { float f; memcpy(&f, &u, 4); return f; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
using std::isfinite;
using std::isnan;
using std::max;
using std::min;

// ---------------------------------------------------------------- host runtime subset
using cudaError_t = int;
using cudaStream_t = vn_emu_stream*;
using cudaEvent_t = vn_emu_event*;
using cudaGraph_t = vn_emu_graph*;
using cudaGraphExec_t = vn_emu_graph*;
enum { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2 };
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault };
enum { cudaFuncAttributeMaxDynamicSharedMemorySize = 8, cudaStreamCaptureModeThreadLocal = 1, cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };
cudaError_t cudaMalloc(void** p, size_t n);
cudaError_t cudaFree(void* p);
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, cudaMemcpyKind k, cudaStream_t st = nullptr);
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, cudaMemcpyKind k);
cudaError_t cudaMemsetAsync(void* d, int v, size_t n, cudaStream_t st = nullptr);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t e);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags = 0);
cudaError_t cudaStreamBeginCapture(cudaStream_t s, int mode);
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* x, cudaGraph_t g, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s);
cudaError_t cudaGetLastError();
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive };
struct cudaDeviceProp { char name[256]; int major, minor; };
cudaError_t cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus* status);
inline cudaError_t cudaGetDevice(int* ordinal) { *ordinal = 0; return cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) { *p = {"Emulated CUDA device", 8, 0}; return cudaSuccess; }
inline cudaError_t cudaSetDevice(int ordinal) { return ordinal == 0 ? cudaSuccess : cudaErrorInvalidValue; }
inline const char* cudaGetErrorString(cudaError_t e) { return e ? "emulated CUDA error" : "no error"; }
template <class F> cudaError_t cudaFuncSetAttribute(F, int, int bytes) { return bytes > 227 * 1024 ? cudaErrorInvalidValue : cudaSuccess; }

// CUDA's threads: what a kernel says to the threads beside it. Every function that waits knows its place in the source,
// so that a fault can name it. The scheduler behind them is scheduler.cpp.
#pragma once
#include <functional>
#include <source_location>
#include <type_traits>

#include "numbers.h"

struct vn_emu_stream;

namespace vn_emu {

using Site = std::source_location;

struct Block {
  uint3 index;
  dim3 size, grid;
  char* shared;  // dynamic shared memory of the launch
  size_t shared_bytes;
  unsigned serial;    // counts the blocks of all launches
  unsigned barriers;  // __syncthreads done by this block
  const char* kernel;
};
struct Thread {
  uint3 index;
  unsigned linear, lane, warp;
  Block* block;
};
extern Thread* cur;  // the running CUDA thread; null on the host

// Ends the process with one sentence that names the kernel, the block, the thread and the place.
[[noreturn]] __attribute__((format(printf, 2, 3))) void fail(Site site, const char* format, ...);

enum Kind { SHUFFLE, VOTE, SYNCWARP, MMA, LDMATRIX };
constexpr int SLOT = 64;  // bytes that one lane hands out
constexpr unsigned whole_warp = 0xffffffffu;
using Combine = void (*)(char* slots);

// Waits for the block; the number of threads whose predicate was true.
int block_barrier(int predicate, Site site);
// Hands out n bytes and waits for the lanes of `mask`: their 32 slots of SLOT bytes, valid until the next exchange. The
// last lane to come calls `combine` on the slots before anyone reads them: what a warp computes together.
const char* warp_exchange(unsigned mask, const void* value, size_t n, Kind kind, Site site, Combine combine = nullptr);

template <class T>
const char* give(unsigned mask, const T& value, Kind kind, Site site = Site::current(), Combine combine = nullptr) {
  static_assert(sizeof(T) <= SLOT && std::is_trivially_copyable_v<T>);
  return warp_exchange(mask, &value, sizeof(T), kind, site, combine);
}
template <class T>
T pick(const char* slots, unsigned lane, unsigned mask, Site site = Site::current()) {
  if (!(mask >> lane & 1)) fail(site, "a shuffle reads lane %u, which mask %08x does not name", lane, mask);
  T value;
  memcpy(&value, slots + lane * SLOT, sizeof(T));
  return value;
}

void cp_async(void* to, const void* from, int bytes, int copied, Site site = Site::current());
void cp_commit();
void cp_wait(int pending, Site site = Site::current());

// Runs body once for every thread, when the stream comes to it. `kernel` is its address, for what was asked for it.
int launch(dim3 grid, dim3 block, size_t shared_bytes, vn_emu_stream* stream, const char* name, const void* kernel,
           std::function<void()> body);
template <class R, class... A>
const void* address(R (*kernel)(A...)) {
  return reinterpret_cast<const void*>(kernel);
}

}  // namespace vn_emu

#define threadIdx (vn_emu::cur->index)
#define blockIdx (vn_emu::cur->block->index)
#define blockDim (vn_emu::cur->block->size)
#define gridDim (vn_emu::cur->block->grid)
constexpr int warpSize = 32;

// ---- barriers

inline void __syncthreads(vn_emu::Site site = vn_emu::Site::current()) { vn_emu::block_barrier(0, site); }
inline int __syncthreads_count(int p, vn_emu::Site site = vn_emu::Site::current()) {
  return vn_emu::block_barrier(p != 0, site);
}
inline int __syncthreads_or(int p, vn_emu::Site site = vn_emu::Site::current()) {
  return vn_emu::block_barrier(p != 0, site) > 0;
}
inline int __syncthreads_and(int p, vn_emu::Site site = vn_emu::Site::current()) {
  return vn_emu::block_barrier(p == 0, site) == 0;
}
inline void __syncwarp(unsigned mask = vn_emu::whole_warp, vn_emu::Site site = vn_emu::Site::current()) {
  vn_emu::give(mask, 0, vn_emu::SYNCWARP, site);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline unsigned __activemask() { return 1u << vn_emu::cur->lane; }  // threads run one by one

// ---- warp operations; a source outside of the segment of `width` lanes is the lane itself

template <class T>
T __shfl_sync(unsigned mask, T v, int from, int width = 32, vn_emu::Site site = vn_emu::Site::current()) {
  const char* slots = vn_emu::give(mask, v, vn_emu::SHUFFLE, site);
  const unsigned lane = vn_emu::cur->lane, inner = unsigned(width) - 1;
  return vn_emu::pick<T>(slots, (lane & ~inner) | (unsigned(from) & inner), mask, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32, vn_emu::Site site = vn_emu::Site::current()) {
  const char* slots = vn_emu::give(mask, v, vn_emu::SHUFFLE, site);
  const unsigned lane = vn_emu::cur->lane, from = lane ^ unsigned(bits), end = (lane & ~unsigned(width - 1)) + width;
  return vn_emu::pick<T>(slots, from < end ? from : lane, mask, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, vn_emu::Site site = vn_emu::Site::current()) {
  const char* slots = vn_emu::give(mask, v, vn_emu::SHUFFLE, site);
  const unsigned lane = vn_emu::cur->lane, inner = lane & unsigned(width - 1);
  return vn_emu::pick<T>(slots, inner + by < unsigned(width) ? lane + by : lane, mask, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, vn_emu::Site site = vn_emu::Site::current()) {
  const char* slots = vn_emu::give(mask, v, vn_emu::SHUFFLE, site);
  const unsigned lane = vn_emu::cur->lane, inner = lane & unsigned(width - 1);
  return vn_emu::pick<T>(slots, inner >= by ? lane - by : lane, mask, site);
}
inline unsigned __ballot_sync(unsigned mask, int p, vn_emu::Site site = vn_emu::Site::current()) {
  const char* slots = vn_emu::give(mask, p, vn_emu::VOTE, site);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; lane++) {
    if (mask >> lane & 1) votes |= unsigned(vn_emu::pick<int>(slots, lane, mask) != 0) << lane;
  }
  return votes;
}
inline int __any_sync(unsigned mask, int p, vn_emu::Site site = vn_emu::Site::current()) {
  return __ballot_sync(mask, p, site) != 0;
}
inline int __all_sync(unsigned mask, int p, vn_emu::Site site = vn_emu::Site::current()) {
  return __ballot_sync(mask, p, site) == mask;
}

// ---- atomics: one CUDA thread runs at a time, so plain reads and writes are whole; the race detector skips them

template <class T>
T __attribute__((no_sanitize_thread)) atomicAdd(T* p, std::type_identity_t<T> v) {
  const T old = *p;
  *p = T(old + v);
  return old;
}
template <class T>
T __attribute__((no_sanitize_thread)) atomicMax(T* p, std::type_identity_t<T> v) {
  const T old = *p;
  *p = std::max(old, v);
  return old;
}
template <class T>
T __attribute__((no_sanitize_thread)) atomicMin(T* p, std::type_identity_t<T> v) {
  const T old = *p;
  *p = std::min(old, v);
  return old;
}
template <class T>
T __attribute__((no_sanitize_thread)) atomicOr(T* p, std::type_identity_t<T> v) {
  const T old = *p;
  *p = old | v;
  return old;
}
template <class T>
T __attribute__((no_sanitize_thread)) atomicExch(T* p, std::type_identity_t<T> v) {
  const T old = *p;
  *p = v;
  return old;
}
template <class T>
T __attribute__((no_sanitize_thread)) atomicCAS(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> v) {
  const T old = *p;
  if (old == expected) *p = v;
  return old;
}

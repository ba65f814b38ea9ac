// Device memory: the host's, aligned as CUDA's and full of NaN. Each block is a heap block of its own, so that
// AddressSanitizer sees its ends, and is made known to the race detector.
#include "internal.h"

static constexpr size_t alignment = 256;

cudaError_t cudaMalloc(void** p, size_t n) {
  std::lock_guard lock(vn_emu::the_lock);
  if (posix_memalign(p, alignment, std::max<size_t>(n, 1))) return cudaErrorMemoryAllocation;
  memset(*p, 0xff, n);
  if (vn_emu::races) vn_emu::races->add(*p, n, vn_emu::Memory::device);
  return cudaSuccess;
}

cudaError_t cudaFree(void* p) {
  std::lock_guard lock(vn_emu::the_lock);
  cudaDeviceSynchronize();
  if (vn_emu::races) vn_emu::races->remove(p);
  free(p);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t n, cudaMemcpyKind, cudaStream_t stream) {
  vn_emu::enqueue(stream, [=] { memcpy(to, from, n); });
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t n, cudaMemcpyKind) {
  std::lock_guard lock(vn_emu::the_lock);
  cudaStreamSynchronize(nullptr);
  memcpy(to, from, n);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t n, cudaStream_t stream) {
  vn_emu::enqueue(stream, [=] { memset(to, value, n); });
  return cudaSuccess;
}

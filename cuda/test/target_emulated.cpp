// The emulated CUDA library: memory is the emulator's, so that its race detector and AddressSanitizer know it.
#include "target.h"

#include <cstdio>

#include "../emulator/runtime.h"

namespace check {

std::vector<Target> targets() { return {{"emulated", nullptr, {1, 1}, false, true}}; }

void test_insides(const Target&) {}

void* allocate(size_t bytes) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, bytes) != cudaSuccess) {
    printf("no memory for %zu bytes\n", bytes);
    exit(1);
  }
  return memory;
}
void release(void* memory) { cudaFree(memory); }

void* stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    return stream;
  }();
  return stream;
}
void settle() { cudaStreamSynchronize(static_cast<cudaStream_t>(stream())); }

}  // namespace check

// A GPU: memory that both it and the host reach.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#include "target.h"

namespace check {
namespace {

void require(const char* what, cudaError_t error) {
  if (error == cudaSuccess) return;
  printf("%s: %s\n", what, cudaGetErrorString(error));
  exit(1);
}

}  // namespace

std::vector<Target> targets() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    printf("skipped: no GPU (%s)\n", cudaGetErrorString(error));
    exit(77);
  }
  static cudaDeviceProp properties;
  require("cudaGetDeviceProperties", cudaGetDeviceProperties(&properties, 0));
  return {{properties.name, nullptr, {1, 1}, false, false}};
}

void test_insides(const Target&) {}

void* allocate(size_t bytes) {
  void* memory = nullptr;
  require("cudaMallocManaged", cudaMallocManaged(&memory, bytes > 0 ? bytes : 1));
  return memory;
}
void release(void* memory) { require("cudaFree", cudaFree(memory)); }

void* stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t stream = nullptr;
    require("cudaStreamCreateWithFlags", cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
  }();
  return stream;
}
void settle() { require("a kernel failed", cudaStreamSynchronize(static_cast<cudaStream_t>(stream()))); }

}  // namespace check

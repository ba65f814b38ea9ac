// The part of CUDA's runtime that host code here uses: streams, events, graphs and device memory. streams.cpp, memory.cpp
#pragma once
#include "threads.h"

struct vn_emu_event;
struct vn_emu_graph;
namespace vn_emu {
// Runs `work` when the stream comes to it: at once, or with VN_EMU_LAZY=1 not before something waits for it.
void enqueue(vn_emu_stream* stream, std::function<void()> work);
// What a thread block of every GPU since Ampere can have: 8.6, 8.9 and 12.0 have the least.
constexpr size_t most_shared_bytes = 99 << 10;
void allow_shared(const void* kernel, size_t bytes);
}  // namespace vn_emu

using cudaError_t = int;
using cudaStream_t = vn_emu_stream*;
using cudaEvent_t = vn_emu_event*;
using cudaGraph_t = vn_emu_graph*;
using cudaGraphExec_t = vn_emu_graph*;
enum { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2 };
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamNonBlocking = 1,
  cudaEventDisableTiming = 2
};
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive };
struct cudaDeviceProp {
  char name[256];
  int major, minor;
};

cudaError_t cudaMalloc(void** p, size_t n);
cudaError_t cudaFree(void* p);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t n, cudaMemcpyKind kind, cudaStream_t stream = nullptr);
cudaError_t cudaMemcpy(void* to, const void* from, size_t n, cudaMemcpyKind kind);
cudaError_t cudaMemsetAsync(void* to, int value, size_t n, cudaStream_t stream = nullptr);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, int mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);

inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaSetDevice(int ordinal) { return ordinal == 0 ? cudaSuccess : cudaErrorInvalidValue; }
inline cudaError_t cudaGetDevice(int* ordinal) {
  *ordinal = 0;
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"Emulated CUDA device", 8, 0};
  return cudaSuccess;
}
inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    default: return "emulated CUDA error";
  }
}
template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel kernel, int, int bytes) {
  if (bytes < 0 || size_t(bytes) > vn_emu::most_shared_bytes) return cudaErrorInvalidValue;
  vn_emu::allow_shared(vn_emu::address(kernel), size_t(bytes));
  return cudaSuccess;
}

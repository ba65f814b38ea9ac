// Kernels with one planted fault each, which the emulator must find: test.sh runs `cuda_faults NAME` for every name and
// looks for the words. `none` is the same kernel without a fault.
#include <cstdio>

#include "device.cuh"

using namespace vn;

namespace {

enum Fault { none, bounds, race, device_race, wait, deadlock, barriers, unread, early, mask, exited, unnamed, shared };
constexpr const char* names[] = {"none",   "bounds", "race", "device_race", "wait",    "deadlock", "barriers",
                                 "unread", "early",  "mask", "exited",      "unnamed", "shared"};

// out[i] = in[63 - i], by way of shared memory, in blocks of 64 threads.
__global__ void reverse(float* out, const float* in, Fault fault) {
  __shared__ __align__(16) float tile[64];
  const int i = int(threadIdx.x), lane = i % warp_lanes;
  if (fault == unread || fault == early) {
    if (i < 16) cp_async16(&tile[4 * i], in + 4 * i);
    cp_async_commit();
    if (fault == early) {
      __syncthreads();
      out[i] = tile[63 - i];  // not waited for: NaN
      cp_async_wait<0>();
    }
    return;
  }
  tile[i] = in[i];
  if (fault == deadlock && i > 32) __shfl_sync(1u << lane | 1, 0.0f, 0);  // lane 0 waits elsewhere
  if (fault == barriers && i % 2) {
    __syncthreads();
  } else if (fault != race) {
    __syncthreads();
  }
  if (fault == mask) __shfl_sync(0xfffffffeu, 0.0f, 1);  // lane 0 calls it too
  if (fault == exited && lane == 31) return;
  if (fault == exited) __syncwarp();
  if (fault == unnamed && lane < 16) __shfl_sync(0xffffu, 0.0f, 20);
  out[i + (fault == bounds && i == 63)] = tile[63 - i];
  if (fault == device_race) out[0] = 1;  // by every block
}

__global__ void twice(float* x) { x[threadIdx.x] *= 2; }

__attribute__((no_sanitize_thread)) int run(Fault fault) {  // a host that touches device memory
  float *in, *out;
  cudaMalloc(reinterpret_cast<void**>(&in), 64 * sizeof(float));
  cudaMalloc(reinterpret_cast<void**>(&out), 64 * sizeof(float));
  for (int i = 0; i < 64; i++) in[i] = float(i);
  cudaStream_t first, second;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEvent_t done;
  cudaEventCreateWithFlags(&done, cudaEventDisableTiming);
  const int blocks = fault == device_race ? 2 : 1;
  const size_t bytes = fault == shared ? 60 << 10 : 0;  // more than 48 KiB that nobody asked for
  int status = VN_DEVICE_LAUNCH(reverse, blocks, 64, bytes, first, out, in, fault);
  cudaEventRecord(done, first);
  if (fault != wait) cudaStreamWaitEvent(second, done);
  status |= VN_DEVICE_LAUNCH(twice, 1, 64, 0, second, out);
  cudaStreamSynchronize(second);
  if (status) {
    printf("a launch was refused\n");
    return 1;
  }
  for (int i = 0; i < 64; i++) {
    if (out[i] != 2 * in[63 - i]) {
      printf("wrong: element %d is %g\n", i, double(out[i]));
      return 1;
    }
  }
  printf("right\n");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  for (int fault = 0; fault <= shared; fault++) {
    if (count > 1 && strcmp(arguments[1], names[fault]) == 0) return run(Fault(fault));
  }
  printf("name a fault\n");
  return 2;
}

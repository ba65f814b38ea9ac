// CUDA for g++: a .cu file that includes this instead of CUDA's headers runs on the CPU, one fiber per CUDA thread, so that
// a machine without a GPU can put the real kernels to the test. Semantics, not speed.
//
// Environment, read once
//   VN_EMU_ORDER=forward|reverse|shuffle   the order in which warps and lanes run
//   VN_EMU_LAZY=1                          work of a stream runs only when something waits for it
//   VN_EMU_SKIP=file.cu:12                 the barrier in that line does nothing: a planted fault (test/mutations)
//   VN_EMU_STOP=1                          a data race ends the process (race.cpp)
//   VN_EMU_SITES=file                      lists there, at exit, the barriers that were reached
// What it finds, beyond wrong values: deadlocks, threads at different barriers, wrong masks, shuffles from unnamed or exited
// lanes, cp.async data used before it was waited for (NaN until then), uninitialised memory (NaN), impossible launches.
// Built for it (VN_EMULATOR_CHECK in CMakeLists.txt) also data races (race.cpp) and accesses out of bounds (ASan).
#pragma once
#define VN_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// Blocks run one after another, so a static variable of a function is exactly one per block.
#define __shared__ static

#include "runtime.h"

#define VN_SHARED(T, name) T* name = reinterpret_cast<T*>(vn_emu::cur->block->shared)
#define VN_DEVICE_LAUNCH(kernel, grid, block, bytes, stream, ...)                        \
  vn_emu::launch((grid), (block), (bytes), (stream), #kernel, vn_emu::address(kernel), [=] { (kernel)(__VA_ARGS__); })

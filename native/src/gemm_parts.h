// The parts of a Gemm (gemm.h): its packs, and its micro-kernels by instruction set.
#pragma once
#include "gemm.h"

namespace vn {

void fill_packs(Gemm* gemm, Isa isa, int32_t dtype);

struct MicroKernels {
  MicroKernel by_rows, k_major;
  int block_rows;
};
MicroKernels scalar_micro_kernels();
MicroKernels avx2_micro_kernels();
MicroKernels avx512_micro_kernels();
MicroKernels avx512bf16_micro_kernels();  // words are pairs
MicroKernels amx_micro_kernels();         // words are pairs

}  // namespace vn

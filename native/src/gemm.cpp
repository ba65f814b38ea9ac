// Which packs and micro-kernels serve a storage type on an instruction set. bf16 is multiplied in pairs where there
// is vdpbf16ps or AMX; all else is widened to floats.
#include "gemm.h"

#include <array>

#include "gemm_parts.h"

namespace vn {
namespace {

MicroKernels micro_kernels(Isa isa, bool pairs) {
  switch (isa) {
    case Isa::scalar: return scalar_micro_kernels();
    case Isa::avx2: return avx2_micro_kernels();
    case Isa::avx512: return avx512_micro_kernels();
    case Isa::avx512bf16: return pairs ? avx512bf16_micro_kernels() : avx512_micro_kernels();
    case Isa::amx: return pairs ? amx_micro_kernels() : avx512_micro_kernels();
  }
  return scalar_micro_kernels();
}

constexpr int storage_types = 3;

std::array<std::array<Gemm, storage_types>, isa_count> make_table() {
  std::array<std::array<Gemm, storage_types>, isa_count> table;
  for (int isa = 0; isa < isa_count; isa++) {
    for (int dtype = VN_F32; dtype <= VN_F16; dtype++) {
      Gemm& gemm = table[size_t(isa)][size_t(dtype)];
      fill_packs(&gemm, Isa(isa), dtype);
      const MicroKernels micro = micro_kernels(Isa(isa), gemm.pairs);
      gemm.by_rows = micro.by_rows;
      gemm.k_major = micro.k_major;
      gemm.block_rows = micro.block_rows;
    }
  }
  return table;
}

}  // namespace

const Gemm& gemm_for(Isa isa, int32_t dtype) {
  static const auto table = make_table();
  return table[size_t(isa)][size_t(dtype)];
}

}  // namespace vn

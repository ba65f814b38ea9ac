// Instruction sets this library has kernels for, from slowest to fastest. Each contains the ones before it.
#pragma once
#include <cstdint>

namespace vn {

enum class Isa : int32_t {
  scalar,      // plain x86-64
  avx2,        // AVX2, FMA, F16C
  avx512,      // AVX-512 F, BW, DQ, VL
  avx512bf16,  // and vdpbf16ps
  amx          // and bfloat16 tile products
};
constexpr int isa_count = 5;

const char* isa_name(Isa isa);
// The fastest that processor and operating system allow. AMX asks Linux for tile state the first time.
Isa best_isa();
// Looks a name up; false if there is none.
bool find_isa(const char* name, Isa* out);

// Loops over rows exist for three vector widths only; the fastest two instruction sets differ in products alone.
enum class Level : int32_t { scalar, avx2, avx512 };
inline Level level_of(Isa isa) {
  return isa == Isa::scalar ? Level::scalar : isa == Isa::avx2 ? Level::avx2 : Level::avx512;
}

}  // namespace vn

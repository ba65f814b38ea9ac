// CPUID says what the processor has, XCR0 which registers the system saves, arch_prctl asks Linux for the 8 KiB of
// tile state that AMX needs (threads started later inherit the permission).
#include "isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>

namespace vn {
namespace {

constexpr const char* names[isa_count] = {"scalar", "avx2", "avx512", "avx512bf16", "amx"};

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
  Registers(unsigned leaf, unsigned subleaf) { __get_cpuid_count(leaf, subleaf, &a, &b, &c, &d); }
};

bool all(unsigned word, std::initializer_list<int> bits) {
  for (int bit : bits) {
    if (!(word >> bit & 1)) return false;
  }
  return true;
}

uint64_t saved_state() {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

bool tile_permission() {
  constexpr int arch_req_xcomp_perm = 0x1023, xtiledata = 18;
  return syscall(SYS_arch_prctl, arch_req_xcomp_perm, xtiledata) == 0;
}

Isa detect() {
  constexpr uint64_t ymm = 0x6, zmm = 0xe6, tiles = 0x60000;
  const Registers one(1, 0), seven(7, 0), more(7, 1);
  if (!all(one.c, {27})) return Isa::scalar;  // OSXSAVE
  const uint64_t state = saved_state();
  const bool fma_f16c = all(one.c, {12, 28, 29});
  if ((state & ymm) != ymm || !fma_f16c || !all(seven.b, {5})) return Isa::scalar;
  if ((state & zmm) != zmm || !all(seven.b, {16, 17, 30, 31})) return Isa::avx2;  // F, DQ, BW, VL
  if (!all(more.a, {5})) return Isa::avx512;
  if ((state & tiles) != tiles || !all(seven.d, {22, 24}) || !tile_permission()) return Isa::avx512bf16;
  return Isa::amx;
}

}  // namespace

const char* isa_name(Isa isa) { return names[int(isa)]; }

Isa best_isa() {
  static const Isa best = detect();
  return best;
}

bool find_isa(const char* name, Isa* out) {
  for (int i = 0; i < isa_count; i++) {
    if (strcmp(name, names[i]) == 0) {
      *out = Isa(i);
      return true;
    }
  }
  return false;
}

}  // namespace vn

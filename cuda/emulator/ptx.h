// The instructions of ptx.cuh in the emulator: fragment layouts are the PTX ISA's.
#pragma once
#include "device.h"

namespace vn {

using SharedAddress = uintptr_t;
inline SharedAddress shared_address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

inline void cp_async16(void* shared, const void* global, int copied = 16) {
  vn_emu::cp_async(shared, global, 16, copied);
}
inline void cp_async4(void* shared, const void* global, int copied = 4) {
  vn_emu::cp_async(shared, global, 4, copied);
}
inline void cp_async_commit() { vn_emu::cp_commit(); }
template <int pending>
void cp_async_wait() {
  vn_emu::cp_wait(pending);
}

template <bool transposed>
void ldmatrix4(uint32_t (&r)[4], const void* row) {
  const char* slots = vn_emu::give(0xffffffffu, row, vn_emu::LDMATRIX);
  const unsigned lane = vn_emu::cur->lane;
  for (unsigned matrix = 0; matrix < 4; matrix++) {
    uint16_t pair[2];
    for (unsigned i = 0; i < 2; i++) {
      const unsigned inner = lane % 4 * 2 + i, outer = lane / 4;
      const unsigned from = transposed ? inner : outer, column = transposed ? outer : inner;
      pair[i] = vn_emu::pick<const uint16_t*>(slots, matrix * 8 + from, 0xffffffffu)[column];
    }
    memcpy(&r[matrix], pair, 4);
  }
}

template <bool transposed>
void ldmatrix4(uint32_t (&r)[4], SharedAddress row) {
  ldmatrix4<transposed>(r, reinterpret_cast<const void*>(row));
}

template <class T>
void mma16816(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  struct Fragment {
    T a[8], b[4];
  } mine;
  memcpy(mine.a, a, 16);
  memcpy(mine.b, &b0, 4);
  memcpy(mine.b + 2, &b1, 4);
  const char* slots = vn_emu::give(0xffffffffu, mine, vn_emu::MMA);
  const unsigned group = vn_emu::cur->lane / 4, quad = vn_emu::cur->lane % 4;
  for (unsigned i = 0; i < 4; i++) {  // rows group and group + 8, columns 2 quad and 2 quad + 1
    const unsigned low = i / 2, column = quad * 2 + i % 2;
    float sum = d[i];
    for (unsigned k = 0; k < 16; k++) {
      const auto& fa = *reinterpret_cast<const Fragment*>(slots + (group * 4 + k % 8 / 2) * vn_emu::SLOT);
      const auto& fb = *reinterpret_cast<const Fragment*>(slots + (column * 4 + k % 8 / 2) * vn_emu::SLOT);
      const T x = fa.a[k / 8 * 4 + low * 2 + k % 2], y = fb.b[k / 8 * 2 + k % 2];
      if constexpr (std::is_same_v<T, __nv_bfloat16>) {
        sum += __bfloat162float(x) * __bfloat162float(y);
      } else {
        sum += __half2float(x) * __half2float(y);
      }
    }
    d[i] = sum;
  }
}

inline float exp2_approx(float x) { return std::exp2(x); }

template <class T>
uint32_t round_pair(float low, float high) {
  uint16_t bits[2];
  if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    bits[0] = __float2bfloat16_rn(low).bits, bits[1] = __float2bfloat16_rn(high).bits;
  } else {
    bits[0] = __float2half_rn(low).bits, bits[1] = __float2half_rn(high).bits;
  }
  return uint32_t(bits[1]) << 16 | bits[0];
}

}  // namespace vn

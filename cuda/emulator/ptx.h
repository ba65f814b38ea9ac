// The instructions of ptx.cuh in the emulator: fragment layouts are the PTX ISA's.
#pragma once
#include "device.h"

namespace vn {

using SharedAddress = uintptr_t;
inline SharedAddress shared_address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

inline void cp_async16(void* shared, const void* global, int copied = 16, vn_emu::Site site = vn_emu::Site::current()) {
  vn_emu::cp_async(shared, global, 16, copied, site);
}
inline void cp_async4(void* shared, const void* global, int copied = 4, vn_emu::Site site = vn_emu::Site::current()) {
  vn_emu::cp_async(shared, global, 4, copied, site);
}
inline void cp_async_commit() { vn_emu::cp_commit(); }
template <int pending>
void cp_async_wait() {
  vn_emu::cp_wait(pending);
}

// Each lane hands out the row whose address it has; the rows are then dealt out.
template <bool transposed>
void ldmatrix4(uint32_t (&r)[4], const void* row, vn_emu::Site site = vn_emu::Site::current()) {
  struct Row {
    uint16_t at[8];
  };
  if (uintptr_t(row) % 16 != 0) vn_emu::fail(site, "ldmatrix: the address of a row is no multiple of 16");
  const char* slots = vn_emu::give(vn_emu::whole_warp, *static_cast<const Row*>(row), vn_emu::LDMATRIX, site);
  const unsigned lane = vn_emu::cur->lane;
  for (unsigned matrix = 0; matrix < 4; matrix++) {
    const auto row_of = [&](unsigned i) -> const Row& {
      return *reinterpret_cast<const Row*>(slots + (matrix * 8 + i) * vn_emu::SLOT);
    };
    const unsigned pair = lane % 4 * 2, single = lane / 4;
    const uint16_t low = transposed ? row_of(pair).at[single] : row_of(single).at[pair];
    const uint16_t high = transposed ? row_of(pair + 1).at[single] : row_of(single).at[pair + 1];
    r[matrix] = uint32_t(high) << 16 | low;
  }
}

template <bool transposed>
void ldmatrix4(uint32_t (&r)[4], SharedAddress row, vn_emu::Site site = vn_emu::Site::current()) {
  ldmatrix4<transposed>(r, reinterpret_cast<const void*>(row), site);
}

// What a lane brings to a product, and what it takes away.
template <class T>
struct Fragments {
  T a[8], b[4];
  float d[4];
};
inline float widened(__nv_bfloat16 x) { return __bfloat162float(x); }
inline float widened(__half x) { return __half2float(x); }

// The product of the whole warp, by one of its lanes: d is summed over k in order.
template <class T>
void multiply_fragments(char* slots) {
  const auto of = [&](unsigned lane) -> Fragments<T>& {
    return *reinterpret_cast<Fragments<T>*>(slots + lane * vn_emu::SLOT);
  };
  float a[16][16], b[16][8], d[16][8];
  for (unsigned lane = 0; lane < 32; lane++) {
    const Fragments<T>& f = of(lane);
    const unsigned group = lane / 4, pair = lane % 4 * 2;
    for (unsigned i = 0; i < 8; i++) a[group + i / 2 % 2 * 8][pair + i % 2 + i / 4 * 8] = widened(f.a[i]);
    for (unsigned i = 0; i < 4; i++) b[pair + i % 2 + i / 2 * 8][group] = widened(f.b[i]);
    for (unsigned i = 0; i < 4; i++) d[group + i / 2 * 8][pair + i % 2] = f.d[i];
  }
  for (unsigned row = 0; row < 16; row++) {
    for (unsigned k = 0; k < 16; k++) {
      for (unsigned column = 0; column < 8; column++) d[row][column] += a[row][k] * b[k][column];
    }
  }
  for (unsigned lane = 0; lane < 32; lane++) {
    for (unsigned i = 0; i < 4; i++) of(lane).d[i] = d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  }
}

template <class T>
void mma16816(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
              vn_emu::Site site = vn_emu::Site::current()) {
  Fragments<T> mine;
  memcpy(mine.a, a, 16);
  memcpy(mine.b, &b0, 4);
  memcpy(mine.b + 2, &b1, 4);
  memcpy(mine.d, d, 16);
  const char* slots = vn_emu::give(vn_emu::whole_warp, mine, vn_emu::MMA, site, multiply_fragments<T>);
  memcpy(d, reinterpret_cast<const Fragments<T>*>(slots + vn_emu::cur->lane * vn_emu::SLOT)->d, 16);
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

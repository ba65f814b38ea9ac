// Random numbers by counter: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A word depends on (key, counter) alone, so masks depend on neither threads, micro-batches nor recomputation.
//
//   round    (c0, c1, c2, c3) <- (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0));  k += W
//   dropout  element e of global sample s at `site`: word e mod 4 of key = seed, counter = (s, s >> 32, site, e / 4),
//            kept when it is >= probability * 2^32, then scaled by 1 / (1 - probability)
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

namespace vn {

constexpr uint32_t philox_m0 = 0xd2511f53, philox_m1 = 0xcd9e8d57, philox_w0 = 0x9e3779b9, philox_w1 = 0xbb67ae85;
constexpr int philox_rounds = 10;

struct PhiloxKey {
  uint32_t k0, k1;
  explicit constexpr PhiloxKey(uint64_t seed) : k0(uint32_t(seed)), k1(uint32_t(seed >> 32)) {}
  constexpr void next() {
    k0 += philox_w0;
    k1 += philox_w1;
  }
};

constexpr std::array<uint32_t, 4> philox(PhiloxKey key, std::array<uint32_t, 4> c) {
  for (int round = 0; round < philox_rounds; round++, key.next()) {
    const uint64_t a = uint64_t(philox_m0) * c[0], b = uint64_t(philox_m1) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ key.k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ key.k1, uint32_t(a)};
  }
  return c;
}

// One dropout site of one call. Rounding the threshold up to a whole number keeps the comparison exact.
struct Dropout {
  PhiloxKey key;
  uint32_t site, threshold;
  float scale;

  Dropout(uint64_t seed, int32_t site, float probability)
      : key(seed), site(uint32_t(site)), threshold(uint32_t(std::ceil(double(probability) * 4294967296.0))),
        scale(1 / (1 - probability)) {}

  bool draws() const { return threshold > 0; }
  float factor(uint64_t sample, uint64_t element) const {
    const auto words = philox(key, {uint32_t(sample), uint32_t(sample >> 32), site, uint32_t(element / 4)});
    return words[element % 4] >= threshold ? scale : 0;
  }
};

}  // namespace vn

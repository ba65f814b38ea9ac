// Philox against the published vectors of Random123 (kat_vectors, philox 4x32 10), dropout draws, storage types, exp.
#include "dropout.h"
#include "session.h"

using namespace vn;

#define VN_LOOPS "../test/random_test.inl"
#include "each_isa.h"

namespace {

void test_published_vectors() {
  const std::array<uint32_t, 4> zeros = {0, 0, 0, 0}, ones = {~0u, ~0u, ~0u, ~0u},
                                pi = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
  const std::array<uint32_t, 4> of_zeros = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                of_ones = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                of_pi = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  CHECK(philox(PhiloxKey(0), zeros) == of_zeros, "Philox of zeros");
  CHECK(philox(PhiloxKey(~0ull), ones) == of_ones, "Philox of ones");
  CHECK(philox(PhiloxKey(0x299f31d0a4093822ull), pi) == of_pi, "Philox of the digits of pi");
}

void test_dropout(Level level) {
  const Dropout dropout(0x1234567890abcdefull, 5, 0.3f);
  const uint64_t sample = (1ull << 33) + 7;
  for (uint64_t first = 0; first < 6; first++) {
    for (int64_t n : {0, 1, 3, 4, 63, 64, 65, 77, 200}) {
      check::Guarded<float> factors(n);
      VN_PICK(level, dropout_factors)(factors.data(), dropout, sample, first + 1000, n);
      for (int64_t i = 0; i < n; i++) {
        CHECK(factors[i] == dropout.factor(sample, first + 1000 + uint64_t(i)), "dropout factor %lld", (long long) i);
      }
      CHECK(factors.intact(), "dropout_factors wrote outside");
    }
  }
  check::Guarded<float> factors(100000);
  VN_PICK(level, dropout_factors)(factors.data(), dropout, sample, 0, factors.size());
  int64_t kept = 0;
  for (int64_t i = 0; i < factors.size(); i++) kept += factors[i] > 0;
  CHECK(std::abs(double(kept) / 100000 - 0.7) < 0.005, "kept %lld of 100000 with probability 0.7", (long long) kept);
}

// The compiler's own half as the oracle, all values; bfloat16 by its definition.
void test_storage() {
  for (uint32_t bits = 0; bits < 65536; bits++) {
    const f16 x{uint16_t(bits)};
    _Float16 oracle;
    memcpy(&oracle, &x, 2);
    const float got = to_float(x), want = float(oracle);
    CHECK(bits_of(got) == bits_of(want) || (got != got && want != want), "half %04x becomes %g, not %g", bits,
          double(got),
          double(want));
    CHECK(got != got || from_float<f16>(got).bits == bits, "half %04x does not survive", bits);
    const bf16 y{uint16_t(bits)};
    CHECK(to_float(y) != to_float(y) || from_float<bf16>(to_float(y)).bits == bits, "bf16 %04x does not survive", bits);
  }
  check::Random random;
  for (int i = 0; i < 300000; i++) {
    const float x = float_of(uint32_t(random.bits()));
    const _Float16 oracle = _Float16(x);
    uint16_t want;
    memcpy(&want, &oracle, 2);
    const uint16_t got = from_float<f16>(x).bits;
    CHECK(x != x ? (got & 0x7fff) > 0x7c00 : got == want, "%g becomes half %04x, not %04x", double(x), got, want);
    const uint16_t b = from_float<bf16>(x).bits;
    const uint32_t low = bits_of(x) & 0xffff, high = bits_of(x) >> 16;
    const bool up = low > 0x8000 || (low == 0x8000 && (high & 1));
    CHECK(x != x ? (b & 0x7fff) > 0x7f80 : b == uint16_t(high + up), "%g becomes bf16 %04x", double(x), b);
  }
}

}  // namespace

void test_random(Isa isa) {
  if (isa == Isa::scalar) {
    test_published_vectors();
    test_storage();
  }
  test_dropout(level_of(isa));
  VN_PICK(level_of(isa), test_exp)();
  VN_PICK(level_of(isa), test_vector_stores)();
}

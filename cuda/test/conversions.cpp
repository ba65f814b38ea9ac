// The emulator's half and bfloat16 against NVIDIA's headers: every 16-bit pattern one way, 17 million floats the other.
#include "conversions.h"

#include <cstdio>

#include "../emulator/numbers.h"

float emulated_from_bf16(uint16_t bits) { return __bfloat162float({bits}); }
float emulated_from_half(uint16_t bits) { return __half2float({bits}); }
uint16_t emulated_to_bf16(float x) { return __float2bfloat16_rn(x).bits; }
uint16_t emulated_to_half(float x) { return __float2half_rn(x).bits; }

namespace {

bool same(float a, float b) { return a == b || (a != a && b != b); }

}  // namespace

int main() {
  long different = 0;
  for (uint32_t bits = 0; bits < 65536; bits++) {
    different += !same(emulated_from_bf16(uint16_t(bits)), nvidia_from_bf16(uint16_t(bits)));
    different += !same(emulated_from_half(uint16_t(bits)), nvidia_from_half(uint16_t(bits)));
  }
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 251) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    if (x != x) {  // any NaN will do
      different += !same(nvidia_from_bf16(emulated_to_bf16(x)), x) + !same(nvidia_from_half(emulated_to_half(x)), x);
    } else {
      different += (emulated_to_bf16(x) != nvidia_to_bf16(x)) + (emulated_to_half(x) != nvidia_to_half(x));
    }
  }
  printf("half and bfloat16 conversions: %ld differ from NVIDIA's\n", different);
  return different != 0;
}

// The CPU library, for every instruction set that this machine has.
#include <cstdlib>

#include "../src/isa.h"
#include "target.h"

void test_pool();
void test_gemm(vn::Isa isa);
void test_random(vn::Isa isa);

namespace check {

std::vector<Target> targets() {
  std::vector<Target> list;
  for (int isa = 0; isa <= int(vn::best_isa()); isa++) {
    const char* name = vn::isa_name(vn::Isa(isa));
    list.push_back({name, name, {1, 2, 3, 8}, true, false});
  }
  return list;
}

void test_insides(const Target& target) {
  for (int isa = 0; isa <= int(vn::best_isa()); isa++) {
    if (target.name != std::string(vn::isa_name(vn::Isa(isa)))) continue;
    if (isa == 0) test_pool();
    test_gemm(vn::Isa(isa));
    test_random(vn::Isa(isa));
  }
}

void* allocate(size_t bytes) { return aligned_alloc(256, (bytes + 255) / 256 * 256); }
void release(void* memory) { free(memory); }
void* stream() { return nullptr; }
void settle() {}

}  // namespace check

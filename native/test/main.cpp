// Tests of the CPU library's insides, for every instruction set this machine has. Exit status 1 on a failure.
#include "isa.h"

#include "check.h"

void test_pool();
void test_gemm(vn::Isa isa);
void test_linear(vn::Isa isa);
void test_random(vn::Isa isa);
void test_arguments(vn::Isa isa);
void test_attention(vn::Isa isa);
void test_embedding(vn::Isa isa);
void test_layernorm(vn::Isa isa);
void test_optimizer(vn::Isa isa);
void test_sample(vn::Isa isa);
void test_classifier(vn::Isa isa);

int main() {
  test_pool();
  for (int isa = 0; isa <= int(vn::best_isa()); isa++) {
    const int before = check::failures;
    test_gemm(vn::Isa(isa));
    test_linear(vn::Isa(isa));
    test_random(vn::Isa(isa));
    test_arguments(vn::Isa(isa));
    test_attention(vn::Isa(isa));
    test_embedding(vn::Isa(isa));
    test_layernorm(vn::Isa(isa));
    test_optimizer(vn::Isa(isa));
    test_sample(vn::Isa(isa));
    test_classifier(vn::Isa(isa));
    printf("%-10s %s\n", vn::isa_name(vn::Isa(isa)), check::failures == before ? "ok" : "FAILED");
  }
  return check::failures > 0;
}

// Tests of a native library: every operation through the C ABI against double precision, on each of its targets. Exit
// status 1 on a failure. Arguments name the tests to run; none: all; --list lists them.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>

#include "check.h"

using check::Target;

void test_linear(const Target& target);
void test_arguments(const Target& target);
void test_attention(const Target& target);
void test_embedding(const Target& target);
void test_layernorm(const Target& target);
void test_optimizer(const Target& target);
void test_glue(const Target& target);
void test_sample(const Target& target);
void test_classifier(const Target& target);

namespace {

struct Test {
  const char* name;
  void (*run)(const Target&);
};
constexpr Test tests[] = {
    {"insides", check::test_insides}, {"arguments", test_arguments},   {"embedding", test_embedding},
    {"layernorm", test_layernorm},    {"linear", test_linear},         {"attention", test_attention},
    {"classifier", test_classifier},  {"optimizer", test_optimizer},   {"glue", test_glue},
    {"sample", test_sample},
};

}  // namespace

int main(int count, char** names) {
  setvbuf(stdout, nullptr, _IOLBF, 0);  // what was printed before an abort
  if (count == 2 && std::string_view(names[1]) == "--list") {
    for (const Test& test : tests) printf("%s\n", test.name);
    return 0;
  }
  for (int i = 1; i < count; i++) {
    const auto is_named = [&](const Test& test) { return test.name == std::string_view(names[i]); };
    if (std::none_of(std::begin(tests), std::end(tests), is_named)) {
      fprintf(stderr, "there is no test '%s'; --list lists them\n", names[i]);
      return 2;
    }
  }
  for (const Target& target : check::targets()) {
    const int failures = check::failures;
    for (const Test& test : tests) {
      bool is_wanted = count < 2;
      for (int i = 1; i < count; i++) is_wanted |= std::string_view(names[i]) == test.name;
      if (!is_wanted) continue;
      const int before = check::failures;
      const auto start = std::chrono::steady_clock::now();
      test.run(target);
      check::settle();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      if (getenv("VERBOSE")) {
        printf("  %-12s %6.2f s %s\n", test.name, seconds.count(), check::failures == before ? "ok" : "FAILED");
      }
    }
    printf("%-10s %s\n", target.name, check::failures == failures ? "ok" : "FAILED");
  }
  return check::failures > 0;
}

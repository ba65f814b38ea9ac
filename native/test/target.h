// What the tests run on: the CPU library, the emulated CUDA library or a GPU. Each has a file that defines these
// functions: target_cpu.cpp here, target_emulated.cpp and target_cuda.cpp in cuda/test.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace check {

struct Target {
  const char* name;
  const char* isa;           // for vn_context_open
  std::vector<int> threads;  // each case runs with each of these, for the same bits
  bool is_cpu;
  bool is_slow;  // emulated: a hundred thousand times slower than what it emulates
};

std::vector<Target> targets();
// Tests of the library's insides, where this program has them.
void test_insides(const Target& target);

// Memory that kernels can reach, aligned to 256 bytes; the host may read and write it after settle().
void* allocate(size_t bytes);
void release(void* memory);
// The stream of the contexts, and until all that was called is done.
void* stream();
void settle();

// A vector in such memory.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(check::allocate(n * sizeof(T))); }
  void deallocate(T* p, size_t) { check::release(p); }
  bool operator==(const Allocator&) const { return true; }
};
template <class T>
using Vector = std::vector<T, Allocator<T>>;

}  // namespace check

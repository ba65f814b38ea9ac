// What every native test shares: a counter of failures, random numbers, memory with guard bytes.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "target.h"

namespace check {

inline int failures = 0;

#define CHECK(condition, ...)                               \
  do {                                                      \
    if (!(condition)) {                                     \
      check::failures++;                                    \
      printf("FAILED %s:%d  ", __FILE__, __LINE__);         \
      printf(__VA_ARGS__);                                  \
      printf("\n");                                         \
    }                                                       \
  } while (0)

struct Random {  // xorshift64
  uint64_t state = 88172645463325252ull;
  uint64_t bits() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  float uniform() { return float(bits() >> 40) / float(1 << 23) - 1; }  // [-1, 1)
  int64_t below(int64_t n) { return int64_t(bits() >> 1) % n; }
};

// n elements aligned to 256 bytes, filled with 0xff (a NaN as a float), 256 guard bytes on each side.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t n) : n_(n), raw_(static_cast<char*>(allocate(size_t(bytes() + 512)))) {
    memset(raw_, 0xff, size_t(bytes() + 512));
    memset(raw_, 0x5a, 256);
    memset(raw_ + 256 + bytes(), 0x5a, 256);
  }
  ~Guarded() { release(raw_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  T* data() { return reinterpret_cast<T*>(raw_ + 256); }
  T& operator[](int64_t i) { return data()[i]; }
  int64_t size() const { return n_; }
  int64_t bytes() const { return n_ * int64_t(sizeof(T)); }
  bool intact() const {
    for (int i = 0; i < 256; i++) {
      if (raw_[i] != 0x5a || raw_[256 + bytes() + i] != 0x5a) return false;
    }
    return true;
  }
  bool same(const Guarded& other) const { return memcmp(raw_ + 256, other.raw_ + 256, size_t(bytes())) == 0; }

 private:
  int64_t n_;
  char* raw_;
};

}  // namespace check

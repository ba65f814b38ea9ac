// Compiles the file named by VN_LOOPS once per vector width, in vn::scalar, vn::avx2 and vn::avx512, each for its
// instruction set, so that one library of baseline code holds them all. VN_PICK then chooses by the context.
//
//   #define VN_LOOPS "layernorm.inl"
//   #include "each_isa.h"
//   ...
//   const auto rows = VN_PICK(ctx->level, forward_rows<T>);
//
// (No include guard: a file may have several VN_LOOPS.)
#include <algorithm>
#include <cmath>
#include <limits>

#include "vector.h"

#ifndef VN_PICK
#define VN_PICK(chosen, ...)                                                               \
  ((chosen) == vn::Level::avx512 ? &vn::avx512::__VA_ARGS__                                \
   : (chosen) == vn::Level::avx2 ? &vn::avx2::__VA_ARGS__ : &vn::scalar::__VA_ARGS__)
#endif

namespace vn::scalar {
#include VN_LOOPS
}  // namespace vn::scalar

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
namespace vn::avx2 {
#include VN_LOOPS
}  // namespace vn::avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")
namespace vn::avx512 {
#include VN_LOOPS
}  // namespace vn::avx512
#pragma GCC pop_options

#undef VN_LOOPS

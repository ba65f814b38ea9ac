// Arguments of a linear layer's epilogues, and the one that only stores: the classifier's products use it too.
#pragma once
#include "product.h"

namespace vn {

struct LinearOutput {
  void* y;
  void* pre;          // or null
  const float* bias;  // or null
  int64_t ld;         // of y and pre
};

struct LinearGradient {
  void* dx;
  const void* x_pre;
  int64_t ld;  // of dx and x_pre
};

// The function that stores finished blocks of a forward product, rounded to `dtype`.
using FinishFunction = decltype(Finish::call);
FinishFunction finish_linear(Level level, int32_t dtype, int32_t activation);

}  // namespace vn

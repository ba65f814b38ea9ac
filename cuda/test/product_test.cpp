// Ways of multiplying that the contract's small shapes do not reach: every layout and type on large and small tiles of
// the tensor cores and on the float32 kernels, with sizes at and beside the edges of tiles, against sums in double.
// Runs in the emulator, in a program with the kernels' sources (their insides are not exported).
#include "../product.cuh"

#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace vn;

namespace {

int failures = 0, products = 0;
unsigned state = 12345;

float random_value() {  // whole eighths in -2 .. 2: exact in every type
  state = state * 1664525 + 1013904223;
  return float(int(state >> 16 & 31) - 16) / 8;
}

// Lines of storage, with a gap after each that holds not-a-number.
struct Stored {
  std::vector<float> values;  // [lines, width]
  void* data;
  int64_t lines, width, ld;
  int32_t dtype;

  Stored(int64_t lines, int64_t width, int32_t dtype) : lines(lines), width(width), dtype(dtype) {
    ld = round_up(width + 1, 8);
    data = aligned_alloc(256, size_t(round_up(std::max<int64_t>(1, lines * ld * 4), 256)));
    memset(data, 0xff, size_t(lines * ld * 4));
    for (int64_t i = 0; i < lines * width; i++) {
      values.push_back(random_value());
      write(i / width * ld + i % width, values.back());
    }
  }
  Stored(const Stored&) = delete;
  ~Stored() { free(data); }

  void write(int64_t at, float x) {
    if (dtype == VN_BF16) static_cast<bf16*>(data)[at] = from_float<bf16>(x);
    else if (dtype == VN_F16) static_cast<f16*>(data)[at] = from_float<f16>(x);
    else static_cast<float*>(data)[at] = x;
  }
  float read(int64_t line, int64_t i) const {
    const int64_t at = line * ld + i;
    return dtype == VN_BF16 ? to_float(static_cast<bf16*>(data)[at])
           : dtype == VN_F16 ? to_float(static_cast<f16*>(data)[at]) : static_cast<float*>(data)[at];
  }
};

struct Case {
  int64_t m, n, k;
  int32_t dtype, out_dtype;
  bool a_by_columns, b_by_columns;
  int way;  // 0: small tiles, 1: large tiles, 2: float32 kernels
};

void check(vn_context* ctx, const Case& c) {
  const Stored a(c.a_by_columns ? c.k : c.m, c.a_by_columns ? c.m : c.k, c.dtype);
  const Stored b(c.b_by_columns ? c.n : c.k, c.b_by_columns ? c.k : c.n, c.dtype);
  const Stored out(c.m, c.n, c.out_dtype);
  std::vector<float> bias;
  for (int64_t j = 0; j < c.n; j++) bias.push_back(random_value());
  Product p{c.m, c.n, c.k, {a.data, a.ld, c.dtype, c.a_by_columns}, {b.data, b.ld, c.dtype, c.b_by_columns},
            {out.data, out.ld, c.out_dtype}};
  p.finish.accumulate = c.out_dtype == VN_F32;
  if (!p.finish.accumulate) p.finish.bias = bias.data();
  const int32_t status = c.way == 2 ? multiply_fma(ctx, p) : multiply_mma(ctx, p, c.way == 1 ? 0 : INT64_MAX);
  bool good = status == VN_OK && cudaStreamSynchronize(ctx->stream) == cudaSuccess && (c.way == 2 || can_mma(p));
  for (int64_t i = 0; i < c.m && good; i++) {
    for (int64_t j = 0; j < c.n && good; j++) {
      double sum = p.finish.accumulate ? out.values[size_t(i * c.n + j)] : bias[size_t(j)];
      for (int64_t l = 0; l < c.k; l++) {
        sum += double(a.values[size_t(c.a_by_columns ? l * c.m + i : i * c.k + l)]) *
               b.values[size_t(c.b_by_columns ? j * c.k + l : l * c.n + j)];
      }
      const float want = c.out_dtype == VN_BF16  ? to_float(from_float<bf16>(float(sum)))
                         : c.out_dtype == VN_F16 ? to_float(from_float<f16>(float(sum))) : float(sum);
      good = out.read(i, j) == want;  // sums of these are exact
    }
    for (int64_t j = c.n; j < out.ld && good; j++) good = out.read(i, j) != out.read(i, j);
  }
  products++;
  if (good) return;
  failures++;
  printf("FAILED: m %lld n %lld k %lld types %d,%d by columns %d %d way %d: %s\n", (long long) c.m, (long long) c.n,
         (long long) c.k, c.dtype, c.out_dtype, c.a_by_columns, c.b_by_columns, c.way, ctx->message);
}

}  // namespace

int main() {
  vn_context ctx;
  const int64_t sizes[][3] = {{128, 128, 96}, {129, 136, 40}, {64, 72, 33}, {200, 57, 0}, {1, 8, 64}, {1100, 8, 8}};
  for (const auto& [m, n, k] : sizes) {
    for (int layout = 0; layout < 3; layout++) {
      const bool a = layout == 2, b = layout == 0;
      for (const int32_t dtype : {VN_BF16, VN_F16}) {
        for (int way = 0; way < 2; way++) {
          check(&ctx, {m, n, k, dtype, VN_F32, a, b, way});
          check(&ctx, {m, n, k, dtype, dtype, a, b, way});
        }
      }
      check(&ctx, {m, n, k, VN_F32, VN_F32, a, b, 2});
    }
  }
  printf("%d of %d products failed\n", failures, products);
  return failures > 0;
}

// Matrix products: one description, several ways to compute it.
//
//   out [m, n] (+)= A [m, k] B [k, n], finished by what Finish says; sums are float32 in a fixed order.
//
// A layer's three products in these words, W [N, K] and x [rows, K] and dy [rows, N] as they lie in memory:
//   forward   y = x W^T     m = rows, n = N, k = K     A by rows,     B by columns
//   input     dx = dy W     m = rows, n = K, k = N     A by rows,     B by rows
//   weight    dW = dy^T x   m = N, n = K, k = rows     A by columns,  B by rows
// ("By columns" means that the transpose lies in memory row by row, so that columns are contiguous.)
//
// The first of these that can do it does it: `multiply_streamed` (a few rows, as in decoding), `multiply_cublaslt` (the
// library, where there is one), `multiply_mma` (tensor cores; pairs of bf16 or f16), `multiply_fma` (everything).
#pragma once
#include "context.cuh"

namespace vn {

struct Matrix {
  const void* data;
  int64_t ld;        // elements from one contiguous line to the next
  int32_t dtype;     // VN_F32, VN_BF16, VN_F16 or VN_I8
  bool by_columns;
  const float* scales = nullptr;  // of int8: one a contiguous line
};

// What becomes of a sum s at (i, j). Forward: pre = s + bias rounded to `dtype`, out = activation(pre). Backward (x_pre
// given): out = s * activation'(x_pre). `accumulate`: out += s, float32 only and without any of these.
struct Finish {
  void* out;
  int64_t ld;     // of out, pre and x_pre
  int32_t dtype;  // of out, pre and x_pre
  bool accumulate = false;
  const float* bias = nullptr;
  void* pre = nullptr;
  const void* x_pre = nullptr;
  int32_t activation = VN_NO_ACTIVATION;
};

struct Product {
  int64_t m, n, k;
  Matrix a, b;
  Finish finish;
  float* a_sums = nullptr;  // [m] (+)= row sums of A, which lies by columns: the bias gradient of a weight's product
};

// A weight [rows, cols]: its compute copy if there is one, else the master. `transposed`: B = W^T.
Matrix weight_matrix(const float* master, const void* copy, int64_t rows, int64_t cols, int32_t copy_dtype,
                     bool transposed);

// Workspace of products with a bias or a bias gradient of up to `width`.
struct ProductScratch {
  char* library;   // [library_bytes]: cuBLASLt's, 0 without it
  int64_t library_bytes;
  float* vector;   // [width]: the bias rounded to the output's dtype, or sums to be added
  ProductScratch(Scratch& scratch, int64_t width);
};

int32_t multiply(vn_context* ctx, const Product& product, const ProductScratch& scratch);

// The ways. can_*: the product's types, sizes and addresses allow it.
bool can_stream(const Product& product);
int32_t multiply_streamed(vn_context* ctx, const Product& product);
bool can_mma(const Product& product);
// Tiles of 128 x 128 where there are at least so many, else of 64 x 64: a large GPU wants two for each of its cores.
constexpr int64_t large_tiles_wanted = 264;
int32_t multiply_mma(vn_context* ctx, const Product& product, int64_t tiles_wanted = large_tiles_wanted);
int32_t multiply_fma(vn_context* ctx, const Product& product);
// `done` stays false where the library has no kernel for it.
bool can_cublaslt(vn_context* ctx, const Product& product);
int32_t multiply_cublaslt(vn_context* ctx, const Product& product, const ProductScratch& scratch, bool* done);
int64_t cublaslt_workspace_bytes();
void close_products(vn_products* products);

// Every line of 16-byte words starts at a multiple of 16 bytes.
inline bool has_aligned_lines(const void* data, int64_t ld, int64_t element_bytes) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && ld * element_bytes % 16 == 0;
}
inline bool has_aligned_lines(const Matrix& x) {
  return has_aligned_lines(x.data, x.ld, x.dtype == VN_I8 ? 1 : storage_bytes(x.dtype));
}

}  // namespace vn

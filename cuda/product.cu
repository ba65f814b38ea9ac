// Which way computes a product (product.cuh).
#include "product.cuh"

#include "compute_copy.cuh"

namespace vn {

Matrix weight_matrix(const float* master, const void* copy, int64_t rows, int64_t cols, int32_t copy_dtype,
                     bool transposed) {
  if (!copy) return {master, cols, VN_F32, transposed};
  const char* const bytes = static_cast<const char*>(copy);
  const auto* scales = reinterpret_cast<const float*>(bytes + copy_scales_offset(rows, cols));
  return {copy, cols, copy_dtype, transposed, copy_dtype == VN_I8 ? scales : nullptr};
}

// The library's part lies 256-byte aligned in an arena that is.
ProductScratch::ProductScratch(Scratch& scratch, int64_t width)
    : library(nullptr), library_bytes(cublaslt_workspace_bytes()), vector(nullptr) {
  if (library_bytes == 0) return;
  library = scratch.take<char>(library_bytes);
  vector = scratch.take<float>(width);
}

int32_t multiply(vn_context* ctx, const Product& p, const ProductScratch& scratch) {
  if (p.m == 0 || p.n == 0) return VN_OK;
  if (can_stream(p)) return multiply_streamed(ctx, p);
  if (scratch.library_bytes > 0 && can_cublaslt(ctx, p)) {
    bool done = false;
    VN_TRY(multiply_cublaslt(ctx, p, scratch, &done));
    if (done) return VN_OK;
  }
  VN_TRY(can_mma(p) ? multiply_mma(ctx, p) : multiply_fma(ctx, p));
  if (!p.a_sums) return VN_OK;
  return vn_reduce_rows(ctx, p.a_sums, p.a.data, p.k, p.m, p.finish.accumulate, p.a.dtype);
}

}  // namespace vn

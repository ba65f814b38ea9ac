// NVIDIA's cuBLASLt, opened while running: our own declarations of the part that is used, the same in versions 12 and
// 13 (test/cublaslt_check.cpp compares them with a real library). So nothing is needed to build, and nothing to start:
// without the library the built-in products take its place.
//
// The library thinks in matrices of contiguous columns: D [rows, cols] = alpha op(A) op(B) + beta C. What lies in
// memory as a row-major [r, c] is to it [c, r] without a copy; cublaslt_product.cu says what that makes of our
// products.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace vn::lt {

// Handles and descriptors are addresses; enumerations are int32.
using Handle = void*;
using Desc = void*;
using Layout = void*;
using Preference = void*;
using Status = int32_t;

constexpr Status success = 0;
constexpr int32_t r_32f = 0, r_16f = 2, r_16bf = 14;  // cudaDataType
constexpr int32_t compute_32f = 68;                   // float32 multiplication and sums: never TF32
constexpr int32_t op_n = 0, op_t = 1;

enum DescAttribute : int32_t {
  desc_compute = 0,       // int32
  desc_scale_type = 1,    // int32
  desc_pointer_mode = 2,  // int32
  desc_trans_a = 3,       // int32
  desc_trans_b = 4,       // int32
  desc_epilogue = 7,      // uint32
  desc_bias_pointer = 8,
  desc_aux_pointer = 11,
  desc_aux_ld = 12,          // int64, a multiple of 8
  desc_aux_data_type = 22,   // int32
  desc_bias_data_type = 26,  // int32; that of D
};
enum LayoutAttribute : int32_t { layout_type = 0, layout_order = 1, layout_rows = 2, layout_cols = 3, layout_ld = 4 };
enum PreferenceAttribute : int32_t {
  preference_workspace = 1,         // uint64
  preference_reduction_schemes = 3, // uint32, bits
  preference_alignment_a = 5,       // uint32; b, c, d follow
  preference_alignment_b = 6,
  preference_alignment_c = 7,
  preference_alignment_d = 8,
};
// Split reductions: in place with counters, in the compute type, in the output type. The second adds in a fixed order.
constexpr uint32_t reduction_in_place = 1, reduction_compute_type = 2, reduction_output_type = 4;

enum Epilogue : uint32_t {
  epilogue_default = 1,
  epilogue_bias = 4,              // a value for each row of D
  epilogue_gelu = 32,             // GELU by tanh
  epilogue_gelu_bias = 36,
  epilogue_gelu_aux = 160,        // aux: GELU's argument, stored in D's type
  epilogue_gelu_aux_bias = 164,
  epilogue_dgelu = 192,           // D = GELU'(aux) times the product
  epilogue_dgelu_bgrad = 208,
  epilogue_bgrad_a = 256,
  epilogue_bgrad_b = 512,         // the bias pointer receives a sum for each column of D: those of B along k
};

struct Algo {
  uint64_t data[8];
};
struct HeuristicResult {
  Algo algo;
  size_t workspace;
  Status state;
  float waves;
  int32_t reserved[4];
};
static_assert(sizeof(Algo) == 64 && sizeof(HeuristicResult) == 96);

// Every function that is used: name in the library without "cublasLt", result, arguments.
#define VN_LT_FUNCTIONS(F)                                                                                             \
  F(GetVersion, size_t, ())                                                                                            \
  F(Create, Status, (Handle*))                                                                                         \
  F(Destroy, Status, (Handle))                                                                                         \
  F(MatmulDescCreate, Status, (Desc*, int32_t compute, int32_t scale_type))                                            \
  F(MatmulDescDestroy, Status, (Desc))                                                                                 \
  F(MatmulDescSetAttribute, Status, (Desc, int32_t attribute, const void*, size_t bytes))                              \
  F(MatmulDescGetAttribute, Status, (Desc, int32_t attribute, void*, size_t bytes, size_t* written))                   \
  F(MatrixLayoutCreate, Status, (Layout*, int32_t type, uint64_t rows, uint64_t cols, int64_t ld))                     \
  F(MatrixLayoutDestroy, Status, (Layout))                                                                             \
  F(MatrixLayoutGetAttribute, Status, (Layout, int32_t attribute, void*, size_t bytes, size_t* written))               \
  F(MatmulPreferenceCreate, Status, (Preference*))                                                                     \
  F(MatmulPreferenceDestroy, Status, (Preference))                                                                     \
  F(MatmulPreferenceSetAttribute, Status, (Preference, int32_t attribute, const void*, size_t bytes))                  \
  F(MatmulPreferenceGetAttribute, Status, (Preference, int32_t attribute, void*, size_t bytes, size_t* written))       \
  F(MatmulAlgoGetHeuristic, Status, (Handle, Desc, Layout a, Layout b, Layout c, Layout d, Preference, int32_t wanted, \
                                     HeuristicResult*, int32_t* got))                                                  \
  F(MatmulAlgoCheck, Status, (Handle, Desc, Layout a, Layout b, Layout c, Layout d, const Algo*, HeuristicResult*))    \
  F(Matmul, Status, (Handle, Desc, const void* alpha, const void* a, Layout, const void* b, Layout, const void* beta,  \
                     const void* c, Layout, void* d, Layout, const Algo*, void* workspace, size_t workspace_bytes,     \
                     void* stream))

struct Library {
#define VN_LT_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
  VN_LT_FUNCTIONS(VN_LT_MEMBER)
#undef VN_LT_MEMBER

  std::string path;    // where it was found, or empty
  std::string misses;  // what was tried before, or "off"
  bool found() const { return !path.empty(); }
};

// Looked for once. VERNACULAR_CUBLASLT names a file, or is "off"; then the names that the system's loader knows; then
// the CUDA toolkit's folders; then pip's packages. The emulator takes a named file alone.
const Library& library();
// Opens the library of a file or, with nullptr, the first that is found.
Library open_library(const char* file);
// A sentence: the library, or what was tried and what helps.
std::string description(const Library& library);

}  // namespace vn::lt

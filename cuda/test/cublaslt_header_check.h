// Our declarations of cuBLASLt beside NVIDIA's header, where that is installed.
#pragma once
#include <cublasLt.h>

#include "../cublaslt.h"

namespace vn::lt {

static_assert(r_32f == CUDA_R_32F && r_16f == CUDA_R_16F && r_16bf == CUDA_R_16BF);
static_assert(compute_32f == CUBLAS_COMPUTE_32F && op_n == CUBLAS_OP_N && op_t == CUBLAS_OP_T);
static_assert(int(desc_compute) == CUBLASLT_MATMUL_DESC_COMPUTE_TYPE);
static_assert(int(desc_scale_type) == CUBLASLT_MATMUL_DESC_SCALE_TYPE);
static_assert(int(desc_pointer_mode) == CUBLASLT_MATMUL_DESC_POINTER_MODE);
static_assert(int(desc_trans_a) == CUBLASLT_MATMUL_DESC_TRANSA && int(desc_trans_b) == CUBLASLT_MATMUL_DESC_TRANSB);
static_assert(int(desc_epilogue) == CUBLASLT_MATMUL_DESC_EPILOGUE);
static_assert(int(desc_bias_pointer) == CUBLASLT_MATMUL_DESC_BIAS_POINTER);
static_assert(int(desc_aux_pointer) == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER);
static_assert(int(desc_aux_ld) == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD);
static_assert(int(desc_aux_data_type) == CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE);
static_assert(int(desc_bias_data_type) == CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE);
static_assert(int(layout_type) == CUBLASLT_MATRIX_LAYOUT_TYPE && int(layout_order) == CUBLASLT_MATRIX_LAYOUT_ORDER);
static_assert(int(layout_rows) == CUBLASLT_MATRIX_LAYOUT_ROWS && int(layout_cols) == CUBLASLT_MATRIX_LAYOUT_COLS);
static_assert(int(layout_ld) == CUBLASLT_MATRIX_LAYOUT_LD);
static_assert(int(preference_workspace) == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(int(preference_reduction_schemes) == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
static_assert(int(preference_alignment_a) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
static_assert(int(preference_alignment_b) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
static_assert(int(preference_alignment_c) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
static_assert(int(preference_alignment_d) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
static_assert(reduction_in_place == CUBLASLT_REDUCTION_SCHEME_INPLACE);
static_assert(reduction_compute_type == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
static_assert(reduction_output_type == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE);
static_assert(uint32_t(epilogue_default) == CUBLASLT_EPILOGUE_DEFAULT);
static_assert(uint32_t(epilogue_bias) == CUBLASLT_EPILOGUE_BIAS);
static_assert(uint32_t(epilogue_gelu) == CUBLASLT_EPILOGUE_GELU);
static_assert(uint32_t(epilogue_gelu_bias) == CUBLASLT_EPILOGUE_GELU_BIAS);
static_assert(uint32_t(epilogue_gelu_aux) == CUBLASLT_EPILOGUE_GELU_AUX);
static_assert(uint32_t(epilogue_gelu_aux_bias) == CUBLASLT_EPILOGUE_GELU_AUX_BIAS);
static_assert(uint32_t(epilogue_dgelu) == CUBLASLT_EPILOGUE_DGELU);
static_assert(uint32_t(epilogue_dgelu_bgrad) == CUBLASLT_EPILOGUE_DGELU_BGRAD);
static_assert(uint32_t(epilogue_bgrad_a) == CUBLASLT_EPILOGUE_BGRADA);
static_assert(uint32_t(epilogue_bgrad_b) == CUBLASLT_EPILOGUE_BGRADB);
static_assert(sizeof(Algo) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(HeuristicResult) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(HeuristicResult, workspace) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(HeuristicResult, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));

}  // namespace vn::lt

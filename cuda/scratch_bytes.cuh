// What each operation takes of the workspace at the largest sizes of a run; vn_scratch_bytes is their maximum. Each is
// defined beside its operation.
#pragma once
#include "call.h"

namespace vn {

int64_t embedding_scratch_bytes(const vn_sizes& sizes);
int64_t linear_scratch_bytes(const vn_sizes& sizes);
int64_t classifier_scratch_bytes(const vn_sizes& sizes);
int64_t bias_activation_scratch_bytes(const vn_sizes& sizes);
int64_t gradient_norm_scratch_bytes(const vn_sizes& sizes);
int64_t residual_layernorm_scratch_bytes(const vn_sizes& sizes);
int64_t attention_scratch_bytes(const vn_sizes& sizes);
int64_t decode_scratch_bytes(const vn_sizes& sizes);
int64_t sample_scratch_bytes(const vn_sizes& sizes);
int64_t glue_scratch_bytes(const vn_sizes& sizes);

constexpr int64_t (*all_scratch_bytes[])(const vn_sizes&) = {
    embedding_scratch_bytes,          linear_scratch_bytes,    classifier_scratch_bytes, bias_activation_scratch_bytes,
    gradient_norm_scratch_bytes,      attention_scratch_bytes, decode_scratch_bytes,     sample_scratch_bytes,
    residual_layernorm_scratch_bytes, glue_scratch_bytes,
};

}  // namespace vn

// The C ABI of every native backend (CPU, CUDA, emulated CUDA) of Vernacular: the kernels of a GPT's training step
// and of decoding, each the size of one launch. Java binds to this header and to nothing else.
//
// Rules that hold for every function
//   - It returns a vn_status; vn_last_error(ctx) then has one sentence with the operation, the argument and its value.
//     Arguments are checked before anything is touched. Nothing throws, aborts, prints or allocates.
//   - Addresses are device memory laid out by the caller's plan. A context belongs to one thread at a time; on CUDA
//     calls are asynchronous on its stream. There is no global state.
//   - Argument order: outputs, inputs, parameters, sizes, scalars. Sizes are int64_t. Arrays are row-major; a shape is
//     written [slowest, ..., fastest].
//   - `dtype` is the storage type of activations and of their gradients: VN_F32, VN_BF16 or VN_F16. Sums and statistics
//     are float32. `residual_dtype` is that of the residual stream.
//   - Parameters are float32 masters and their gradients are float32; `accumulate` 0 writes a gradient, 1 adds to it.
//     A `copy` is the backend's compute copy of a master (see "compute copies"); NULL means: read the master.
//   - Sums have a fixed order: results depend on neither thread count nor hand-out order.
//   - Dropout: element e of global sample s at `site` is kept when the Philox4x32-10 word (e mod 4) of
//     key = step.seed, counter = (s low, s high, site, e / 4) is >= probability * 2^32; kept values are scaled by
//     1 / (1 - probability). s = step.first_sample + row / T; e counts within the sample. probability 0 draws nothing.
//
// Letters: B sequences, T tokens in one, rows = B * T, C hidden size, H heads, D head size, V columns used of a
// vocabulary padded to Vp rows.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VN_ABI_VERSION 1

typedef struct vn_context vn_context;

typedef enum {
  VN_OK = 0,
  VN_INVALID_ARGUMENT = 1,  // the caller's mistake: a null pointer, a size, a type
  VN_UNSUPPORTED = 2,       // valid, but this backend or machine has no such kernel
  VN_WORKSPACE = 3,         // the bound workspace is too small; the message has the bytes wanted
  VN_DEVICE_FAULT = 4,      // found while running: an id out of range, a driver error
  VN_INTERNAL = 5
} vn_status;

typedef enum { VN_F32 = 0, VN_BF16 = 1, VN_F16 = 2, VN_I8 = 3, VN_F64 = 4, VN_I32 = 5 } vn_dtype;
typedef enum { VN_NO_ACTIVATION = 0, VN_GELU_TANH = 1, VN_GELU_ERF = 2 } vn_activation;
typedef enum { VN_LAYERNORM = 0, VN_LAYERNORM1P = 1 } vn_norm;  // 1p: the stored weight is the scale minus one

// What changes from step to step, in device memory, so that a captured graph never waits for the host.
typedef struct {
  // written by the host before a micro-batch or an optimizer step
  uint64_t seed;
  int64_t first_sample;  // global index of the micro-batch's first sample
  float learning_rate;
  float loss_scale;      // gradients are this many times too large until adamw_update; 1 except in fp16
  int64_t updates;       // optimizer updates done before this one (skipped ones not counted)
  int64_t reserved[4];
  // written by gradient_norm, read by adamw_update
  float gradient_norm;   // of the unscaled gradients, before clipping
  float gradient_scale;  // clip factor / loss_scale
  int32_t skip;          // 1: a gradient is not finite, adamw_update leaves everything as it is
  int32_t fault;         // 1: an id or label was out of range
  int64_t reserved_device[6];
} vn_step;

// A parameter tensor inside the flat buffers of masters, gradients and moments.
typedef struct {
  int64_t offset;       // first element
  int64_t rows, cols;
  void* copy;           // compute copy to refresh, or NULL
  float weight_decay;
  float learning_rate_scale;
  int32_t frozen;       // 1: neither updated nor counted in the norm
  int32_t copy_dtype;
} vn_segment;

// The largest sizes a context will see: what vn_scratch_bytes needs to know. 0 = not used.
typedef struct {
  int64_t rows, T, C, H, D, ffn, Vp;
  int32_t dtype, training;
} vn_sizes;

// ---- library and context -------------------------------------------------------------------------------------------

int32_t vn_abi_version(void);
const char* vn_describe(void);  // JSON: {"backend", "isa": chosen, "isas": [...], "threads": usable, "build"}

// ordinal, stream: of the device (0 and NULL on CPU). threads: 0 = all this process may use. isa: NULL = the best of
// this machine, else one of vn_describe's "isas". On failure *out is NULL and `message` (message_bytes) says why.
int32_t vn_context_open(vn_context** out, int32_t ordinal, void* stream, int32_t threads, const char* isa,
                        char* message, int64_t message_bytes);
int32_t vn_context_close(vn_context* ctx);
// The workspace (64-byte aligned) and the step block that later calls use; may be called again.
int32_t vn_context_bind(vn_context* ctx, void* workspace, int64_t workspace_bytes, vn_step* step);
const char* vn_last_error(vn_context* ctx);
// Bytes of workspace that no operation at these sizes exceeds.
int32_t vn_scratch_bytes(vn_context* ctx, int64_t* bytes, const vn_sizes* sizes);

// ---- compute copies: a matrix in the layout and type that the backend's products like ------------------------------

// 0 bytes: the backend reads the float32 master of such a matrix. dtype VN_I8: row scales follow the rows.
int32_t vn_compute_copy_bytes(vn_context* ctx, int64_t* bytes, int64_t rows, int64_t cols, int32_t dtype,
                              int32_t training);
int32_t vn_compute_copy_refresh(vn_context* ctx, void* copy, const float* master, int64_t rows, int64_t cols,
                                int32_t dtype);
// out [count, cols] float32 = rows first .. first + count - 1 of the copy.
int32_t vn_compute_copy_rows(vn_context* ctx, float* out, const void* copy, int64_t rows, int64_t cols, int64_t first,
                             int64_t count, int32_t dtype);

// ---- embedding -----------------------------------------------------------------------------------------------------

// out[r] = dropout(tokens[ids[r]] + position_table[positions[r]]).  out [rows, C] residual_dtype; ids, positions [rows]
// int32; tokens [Vp, C]; position_table [P, C] float32 or NULL (then positions may be NULL too).
int32_t vn_embedding_forward(vn_context* ctx, void* out, const int32_t* ids, const int32_t* positions,
                             const float* tokens, const void* tokens_copy, const float* position_table, int64_t rows,
                             int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                             int32_t copy_dtype, int32_t residual_dtype);
// dtokens [Vp, C], dposition_table [P, C] (or NULL). Rows are grouped by id: order [rows] lists rows sorted by id,
// ties in row order; group g is order[starts[g] .. starts[g+1]-1], starts [rows + 1] padded with `rows` after the last
// group. position_order, position_starts likewise by position.
int32_t vn_embedding_backward(vn_context* ctx, float* dtokens, float* dposition_table, const void* dout,
                              const int32_t* ids, const int32_t* order, const int32_t* starts,
                              const int32_t* positions, const int32_t* position_order, const int32_t* position_starts,
                              int64_t rows, int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                              int32_t accumulate_tokens, int32_t accumulate_positions, int32_t residual_dtype);

// ---- residual + LayerNorm (Ba et al. 2016) -------------------------------------------------------------------------

// sum = residual + dropout(x);  out = (sum - mean) * rstd * weight + bias.
// sum, residual [rows, C] residual_dtype; out, x [rows, C] dtype; mean, rstd [rows] float32; weight, bias [C].
// x NULL: normalises `residual` itself, sum must be NULL. out NULL: only the sum. bias NULL: none.
int32_t vn_residual_layernorm_forward(vn_context* ctx, void* sum, void* out, float* mean, float* rstd,
                                      const void* residual, const void* x, const float* weight, const float* bias,
                                      int64_t rows, int64_t T, int64_t C, float eps, int32_t norm, int32_t site,
                                      float dropout, int32_t dtype, int32_t residual_dtype);
// dresidual = LN'(dout) (add_residual 0) or += LN'(dout) (1);  dx = dropout'(dresidual), NULL when forward had no x.
// dresidual [rows, C] residual_dtype; dx, dout [rows, C] dtype; dweight, dbias [C].
int32_t vn_residual_layernorm_backward(vn_context* ctx, void* dresidual, void* dx, float* dweight, float* dbias,
                                       const void* dout, const void* sum, const float* mean, const float* rstd,
                                       const float* weight, int64_t rows, int64_t T, int64_t C, int32_t norm,
                                       int32_t site, float dropout, int32_t add_residual, int32_t accumulate,
                                       int32_t dtype, int32_t residual_dtype);

// ---- linear --------------------------------------------------------------------------------------------------------

// pre = x weight^T + bias (rounded to dtype);  y = activation(pre).
// y, pre [rows, N], x [rows, K] dtype; weight [N, K]; bias [N] or NULL. pre NULL: not stored. Without an activation
// pre must be NULL.
int32_t vn_linear_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* weight, const void* copy,
                          const float* bias, int64_t rows, int64_t N, int64_t K, int32_t activation, int32_t dtype,
                          int32_t copy_dtype);
// dx = (dy weight) * activation'(x_pre);  dweight (+)= dy^T x;  dbias (+)= column sums of dy.
// x_pre [rows, K]: the pre-activation of x where x = activation(x_pre), else NULL with VN_NO_ACTIVATION.
// dx NULL, dweight NULL, dbias NULL: that output is not wanted.
int32_t vn_linear_backward(vn_context* ctx, void* dx, float* dweight, float* dbias, const void* dy, const void* x,
                           const void* x_pre, const float* weight, const void* copy, int64_t rows, int64_t N,
                           int64_t K, int32_t activation, int32_t accumulate, int32_t dtype, int32_t copy_dtype);

// pre = x + bias;  y = activation(pre).  The unfused form, and recomputation of y (bias NULL, pre NULL).
int32_t vn_bias_activation_forward(vn_context* ctx, void* y, void* pre, const void* x, const float* bias, int64_t rows,
                                   int64_t N, int32_t activation, int32_t dtype);
// dx = dy * activation'(pre);  dbias (+)= column sums of dx (NULL: not wanted). dx may be dy.
int32_t vn_bias_activation_backward(vn_context* ctx, void* dx, float* dbias, const void* dy, const void* pre,
                                    int64_t rows, int64_t N, int32_t activation, int32_t accumulate, int32_t dtype);

// ---- attention -----------------------------------------------------------------------------------------------------

// Causal: out[b,t,h] = sum_s dropout(softmax_s(scale q[b,t,h] . k[b,s,h])) v[b,s,h] over first_key <= s <= t.
// out [B, T, H, D] dtype; lse [B, H, T] float32; qkv [B, T, H + 2 kv_heads, D] dtype: all queries, then keys, values.
// rope: cosines then sines [2, P, rope_dims / 2] float32, or NULL: the first rope_dims of q and k are rotated by
// halves (token t uses positions[b, t], or t when positions is NULL). document_starts [B, T] int32: first_key, or NULL.
// Dropout element of (h, t, s) in its sample: (h * T + t) * T + s. D from 1 to 256.
int32_t vn_attention_forward(vn_context* ctx, void* out, float* lse, const void* qkv, const float* rope,
                             const int32_t* positions, const int32_t* document_starts, int64_t B, int64_t T, int64_t H,
                             int64_t kv_heads, int64_t D, int64_t rope_dims, int64_t P, float scale, int32_t site,
                             float dropout, int32_t dtype);
int32_t vn_attention_backward(vn_context* ctx, void* dqkv, const void* dout, const void* out, const float* lse,
                              const void* qkv, const float* rope, const int32_t* positions,
                              const int32_t* document_starts, int64_t B, int64_t T, int64_t H, int64_t kv_heads,
                              int64_t D, int64_t rope_dims, int64_t P, float scale, int32_t site, float dropout,
                              int32_t dtype);

// Decoding. keys, values [B, kv_heads, capacity, D] dtype; sequence b holds lengths[b] tokens and gets T new ones
// (rotated at positions lengths[b] .. lengths[b] + T - 1); the caller advances lengths afterwards.
int32_t vn_kv_append(vn_context* ctx, void* keys, void* values, const void* qkv, const int32_t* lengths,
                     const float* rope, int64_t B, int64_t T, int64_t H, int64_t kv_heads, int64_t D,
                     int64_t capacity, int64_t rope_dims, int64_t P, int32_t dtype);
// out [B, T, H, D]: the T new queries of each sequence (after vn_kv_append) against its lengths[b] + T keys, causal.
int32_t vn_decode_attention(vn_context* ctx, void* out, const void* qkv, const void* keys, const void* values,
                            const int32_t* lengths, const float* rope, int64_t B, int64_t T, int64_t H,
                            int64_t kv_heads, int64_t D, int64_t capacity, int64_t rope_dims, int64_t P, float scale,
                            int32_t dtype);

// ---- classifier ----------------------------------------------------------------------------------------------------

// losses[r] = -log softmax(hidden[r] head^T)[labels[r]] over columns 0 .. V-1; label -1: loss 0, no gradient.
// With g[r] = row_scale[r] * step.loss_scale: dhidden = g * d loss / d hidden, dhead (+)= its gradient; columns >= V get
// none. Logits exist for a chunk of rows at a time. hidden, dhidden [rows, C] dtype; head, dhead [Vp, C]; losses,
// row_scale [rows] float32; labels [rows] int32. dhidden NULL: forward only (dhead NULL, row_scale NULL).
int32_t vn_classifier_forward_backward(vn_context* ctx, float* losses, void* dhidden, float* dhead, const void* hidden,
                                       const int32_t* labels, const float* row_scale, const float* head,
                                       const void* copy, int64_t rows, int64_t C, int64_t V, int64_t Vp,
                                       int32_t accumulate, int32_t dtype, int32_t copy_dtype);
// logits [rows, Vp] float32 = hidden head^T.
int32_t vn_classifier_logits(vn_context* ctx, float* logits, const void* hidden, const float* head, const void* copy,
                             int64_t rows, int64_t C, int64_t Vp, int32_t dtype, int32_t copy_dtype);

// ---- optimizer -----------------------------------------------------------------------------------------------------

// step.gradient_norm = ||gradients / loss_scale||_2 over segments that are not frozen (sum of squares in fixed order);
// step.gradient_scale = min(1, clip / (norm + 1e-6)) / loss_scale (clip 0: no clipping); step.skip = not finite.
int32_t vn_gradient_norm(vn_context* ctx, const float* gradients, const vn_segment* segments, int64_t count,
                         float clip);
// AdamW (Loshchilov & Hutter 2019): with g = gradient * step.gradient_scale, t = step.updates + 1, lr of the segment,
//   m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr (m / (1-b1^t) / (sqrt(v / (1-b2^t)) + eps) + decay p).
// Refreshes the segments' copies. Does nothing when step.skip is set.
int32_t vn_adamw_update(vn_context* ctx, float* masters, float* m, float* v, const float* gradients,
                        const vn_segment* segments, int64_t count, float beta1, float beta2, float eps);

// ---- sampling ------------------------------------------------------------------------------------------------------

// ids[r] from logits [rows, Vp] (overwritten), columns 0 .. V-1 only. temperature 0: the lowest index of the maximum.
// Else logits / temperature, the top_k largest (0: all; ties with the k-th stay), then the smallest set, by falling
// probability, whose mass exceeds top_p (0 or 1: all), then one Philox draw: key = seed, counter = (draw, row, 0, 0).
// logprobs [rows] (or NULL): log softmax of the given logits, all V columns, at the chosen id.
int32_t vn_sample(vn_context* ctx, int32_t* ids, float* logprobs, float* logits, int64_t rows, int64_t V, int64_t Vp,
                  float temperature, int64_t top_k, float top_p, uint64_t seed, int64_t draw);
// logits of every id in previous[r, 0 .. lengths[r]-1] (once each): positive ones / penalty, negative ones * penalty.
int32_t vn_penalize_repetition(vn_context* ctx, float* logits, const int32_t* previous, const int32_t* lengths,
                               int64_t rows, int64_t capacity, int64_t Vp, float penalty);

// ---- glue ----------------------------------------------------------------------------------------------------------

int32_t vn_cast(vn_context* ctx, void* out, const void* x, int64_t n, int32_t out_dtype, int32_t x_dtype);
int32_t vn_axpy(vn_context* ctx, float* y, const float* x, int64_t n, float a);                   // y += a x
int32_t vn_scale(vn_context* ctx, float* y, int64_t n, float a);                                  // y *= a
int32_t vn_reduce_rows(vn_context* ctx, float* out, const void* x, int64_t rows, int64_t C, int32_t accumulate,
                       int32_t dtype);                                                            // out (+)= sum_r x[r]

#ifdef __cplusplus
}
#endif

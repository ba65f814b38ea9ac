// Messages, what every operation requires of its context, and the parts of the ABI that are the same in every library.
#include "call.h"

#include <cstdio>

namespace vn {

int32_t fail(Call* ctx, vn_status status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ctx->message, sizeof ctx->message, format, arguments);
  va_end(arguments);
  return status;
}

int32_t bind(Call* ctx, void* workspace, int64_t workspace_bytes, vn_step* step) {
  VN_REQUIRE(ctx, workspace_bytes >= 0, "context_bind: workspace_bytes is %lld", (long long) workspace_bytes);
  VN_REQUIRE(ctx, workspace || workspace_bytes == 0, "context_bind: workspace is null, workspace_bytes is %lld",
             (long long) workspace_bytes);
  VN_REQUIRE(ctx, reinterpret_cast<uintptr_t>(workspace) % 64 == 0,
             "context_bind: workspace %p is not aligned to 64 bytes", workspace);
  ctx->workspace = static_cast<char*>(workspace);
  ctx->workspace_bytes = workspace_bytes;
  ctx->step = step;
  return VN_OK;
}

int32_t require_sizes(Call* ctx, const int64_t* bytes, const vn_sizes* sizes) {
  VN_REQUIRE(ctx, bytes && sizes, "scratch_bytes: %s is null", bytes ? "sizes" : "bytes");
  const int64_t values[] = {sizes->rows, sizes->T, sizes->C, sizes->H, sizes->D, sizes->ffn, sizes->Vp};
  const char* names[] = {"rows", "T", "C", "H", "D", "ffn", "Vp"};
  for (int i = 0; i < 7; i++) {
    VN_REQUIRE(ctx, values[i] >= 0 && values[i] <= int64_t(1) << 40, "scratch_bytes: %s is %lld", names[i],
               (long long) values[i]);
  }
  return VN_OK;
}

int32_t require_workspace(Call* ctx, const char* operation, int64_t bytes) {
  if (bytes <= (ctx->workspace ? ctx->workspace_bytes : 0)) return VN_OK;
  return fail(ctx, VN_WORKSPACE,
              "%s: needs a workspace of %lld bytes, %lld are bound (vn_scratch_bytes, vn_context_bind)", operation,
              (long long) bytes, (long long) ctx->workspace_bytes);
}

int32_t require_step(Call* ctx, const char* operation) {
  VN_REQUIRE(ctx, ctx->step, "%s: no step block is bound (vn_context_bind)", operation);
  return VN_OK;
}

int32_t require_dropout(Call* ctx, const char* operation, float probability, int64_t T) {
  VN_REQUIRE(ctx, probability >= 0 && probability < 1, "%s: dropout is %g, not in [0, 1)", operation,
             double(probability));
  if (probability == 0) return VN_OK;
  VN_REQUIRE(ctx, T > 0, "%s: T is %lld", operation, (long long) T);
  return require_step(ctx, operation);
}

int32_t refuse_dtype(Call* ctx, const char* operation, const char* argument, int32_t dtype, const char* backend) {
  return fail(ctx, dtype >= VN_F32 && dtype <= VN_I32 ? VN_UNSUPPORTED : VN_INVALID_ARGUMENT,
              "%s: %s is %d; the %s backend takes 0 (f32), 1 (bf16) or 2 (f16)", operation, argument, dtype, backend);
}

}  // namespace vn

// Opening, binding and describing a context.
#include "context.cuh"

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>

#include "cublaslt.h"
#include "product.cuh"
#include "scratch_bytes.cuh"

namespace vn {

int32_t launched(vn_context* ctx, const char* kernel, cudaError_t error) {
  if (error == cudaSuccess) return VN_OK;
  return fail(ctx, VN_DEVICE_FAULT, "%s: %s", kernel, cudaGetErrorString(error));
}

}  // namespace vn

using namespace vn;

int32_t vn_abi_version(void) { return VN_ABI_VERSION; }

// "products": what multiplies matrices; in a sentence, for people.
const char* vn_describe(void) {
#ifdef VN_EMULATED
  constexpr const char* names = "\"backend\": \"cuda-emulated\", \"isa\": \"emulated\", \"isas\": [\"emulated\"]";
#else
  constexpr const char* names = "\"backend\": \"cuda\", \"isa\": \"cuda\", \"isas\": [\"cuda\"]";
#endif
  static const std::string json = [] {
    std::string text;
    for (const char c : lt::description(lt::library())) {
      if (c == '"' || c == '\\') text += '\\';
      text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return std::string("{") + names + ", \"threads\": 1, \"products\": \"" + text + "\"}";
  }();
  return json.c_str();
}

int32_t vn_context_open(vn_context** out, int32_t ordinal, void* stream, int32_t, const char*, char* message,
                        int64_t message_bytes) {
  const auto refuse = [&](vn_status status, const char* why, const char* more) {
    if (message && message_bytes > 0) snprintf(message, size_t(message_bytes), "context_open: %s%s", why, more);
    return status;
  };
  if (!out) return refuse(VN_INVALID_ARGUMENT, "out is null", "");
  *out = nullptr;
  if (const cudaError_t error = cudaSetDevice(ordinal)) {
    return refuse(VN_UNSUPPORTED, "the device cannot be used: ", cudaGetErrorString(error));
  }
  *out = new (std::nothrow) vn_context;
  if (!*out) return refuse(VN_INTERNAL, "out of memory", "");
  (*out)->ordinal = ordinal;
  (*out)->stream = static_cast<cudaStream_t>(stream);
  return VN_OK;
}

int32_t vn_context_close(vn_context* ctx) {
  if (ctx) close_products(ctx->products);
  delete ctx;
  return VN_OK;
}

int32_t vn_context_bind(vn_context* ctx, void* workspace, int64_t workspace_bytes, vn_step* step) {
  return bind(ctx, workspace, workspace_bytes, step);
}

const char* vn_last_error(vn_context* ctx) { return ctx ? ctx->message : "the context is null"; }

int32_t vn_scratch_bytes(vn_context* ctx, int64_t* bytes, const vn_sizes* sizes) {
  VN_TRY(require_sizes(ctx, bytes, sizes));
  *bytes = 0;
  for (auto operation : all_scratch_bytes) *bytes = std::max(*bytes, operation(*sizes));
  return VN_OK;
}

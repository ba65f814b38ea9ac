// Products by cuBLASLt. A row-major out [m, n] = A [m, k] B [k, n] is asked for as the transposed equation in the
// library's matrices of contiguous columns, D [n, m] = op(its A) op(its B):
//
//   its A   our B.   By columns ([n, k] in memory, [k, n] to the library): op T.   By rows ([n, k] to it): op N.
//   its B   our A.   By rows ([m, k] in memory, [k, m] to the library): op N.      By columns ([m, k] to it): op T.
//   D       out, ld as it is. A bias has a value for each row of D, our column. BGRADB sums its B along k for each
//           column of D, our row: for dW = dy^T x that gives the column sums of dy.
//
// Epilogues. The library's bias has D's type: in bf16 or f16 it is rounded first. That loses less than adding a float32
// bias to a product that was rounded, which is outside the contract's bounds; where the library has no kernel with a
// bias, the built-in product takes its place. GELU's derivative and bias gradients are tried fused and as kernels of
// our own. GELU itself is fused only if VERNACULAR_DETERMINISTIC is 0: it would be that of the sum before it is
// rounded, so that y computed again from the stored `pre` would have other bits.
//
// The first call with a shape asks for candidates, times them on that call's own memory, and remembers the fastest,
// also in a file for this library version and GPU: the choice decides in which order sums are added, and a resumed run
// must choose the same. Nothing is timed while a graph is captured, or on a gradient that is added to; `accumulate`
// changes no descriptor, so both share their choice.
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cublaslt.h"
#include "cublaslt_choices.h"
#include "product.cuh"

namespace vn {
namespace {

constexpr int candidates_wanted = 8, timings = 3, calls_a_timing = 4;

// One way: an epilogue and an algorithm.
struct Way {
  uint32_t epilogue;
  lt::Algo algo;
};

struct Plan {
  lt::Desc desc = nullptr;
  lt::Layout a = nullptr, b = nullptr, d = nullptr;
  std::vector<Way> ways;  // the chosen one first; none: the library has no kernel
  bool settled = false;   // timed, or read from the file
};

bool is_deterministic() {
  static const char* const value = getenv("VERNACULAR_DETERMINISTIC");
  return !value || std::string(value) != "0";
}

int32_t library_type(int32_t dtype) {
  return dtype == VN_BF16 ? lt::r_16bf : dtype == VN_F16 ? lt::r_16f : lt::r_32f;
}

// Addresses are all multiples of 256 bytes, or at least of 16.
uint32_t alignment_of(const Product& p) {
  uintptr_t bits = 0;
  for (const void* q : {p.a.data, p.b.data, static_cast<const void*>(p.finish.out),
                        static_cast<const void*>(p.finish.pre), p.finish.x_pre}) {
    bits |= reinterpret_cast<uintptr_t>(q);
  }
  return bits % 256 == 0 ? 256 : 16;
}

// Everything that descriptors and candidates depend on.
std::string key_of(const Product& p, int64_t workspace_bytes) {
  const Finish& f = p.finish;
  char key[256];
  snprintf(key, sizeof key,
           "m%lld n%lld k%lld %c%c types%d,%d ld%lld,%lld,%lld bias%d pre%d x_pre%d act%d sums%d align%u ws%lld det%d",
           (long long) p.m, (long long) p.n, (long long) p.k, p.a.by_columns ? 'T' : 'N', p.b.by_columns ? 'T' : 'N',
           p.a.dtype, f.dtype, (long long) p.a.ld, (long long) p.b.ld, (long long) f.ld, f.bias != nullptr,
           f.pre != nullptr, f.x_pre != nullptr, f.activation, p.a_sums != nullptr, alignment_of(p),
           (long long) workspace_bytes, is_deterministic());
  return key;
}

// Epilogues that can serve this product, the most fused first; finish_after does what one leaves undone.
std::vector<uint32_t> epilogues_for(const Product& p) {
  const Finish& f = p.finish;
  std::vector<uint32_t> all;
  if (f.x_pre && f.activation == VN_GELU_TANH) all.push_back(lt::epilogue_dgelu);
  if (p.a_sums) all.push_back(lt::epilogue_bgrad_b);
  if (!f.x_pre && f.activation == VN_GELU_TANH && !is_deterministic()) {
    const uint32_t gelu = f.pre ? lt::epilogue_gelu_aux : lt::epilogue_gelu;
    all.push_back(f.bias ? gelu | lt::epilogue_bias : gelu);
  }
  all.push_back(f.bias ? lt::epilogue_bias : lt::epilogue_default);
  return all;
}

bool adds_bias(uint32_t epilogue) { return epilogue & lt::epilogue_bias; }
bool applies_gelu(uint32_t epilogue) { return epilogue & lt::epilogue_gelu; }
bool applies_slope(uint32_t epilogue) { return (epilogue & lt::epilogue_dgelu) == lt::epilogue_dgelu; }
bool sums_columns(uint32_t epilogue) { return epilogue & lt::epilogue_bgrad_b; }

template <class T>
__global__ void __launch_bounds__(256) round_vector(T* out, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = from_float<T>(x[i]);
}
__global__ void __launch_bounds__(256) add_vector(float* y, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) y[i] += x[i];
}

}  // namespace
}  // namespace vn

struct vn_products {
  const vn::lt::Library& lt = vn::lt::library();
  vn::lt::Handle handle = nullptr;
  vn::lt::Choices choices;
  std::map<std::string, vn::Plan> plans;
};

namespace vn {
namespace {

vn_products* products_of(vn_context* ctx) {
  if (ctx->products) return ctx->products;
  ctx->products = new vn_products;
  vn_products& all = *ctx->products;
  if (!all.lt.found() || all.lt.Create(&all.handle) != lt::success) {
    all.handle = nullptr;
    return ctx->products;
  }
  cudaDeviceProp device{};
  cudaGetDeviceProperties(&device, ctx->ordinal);
  all.choices = lt::Choices(all.lt.GetVersion(), device.name);
  return ctx->products;
}

template <class T>
bool set(const vn_products& all, const Plan& plan, int32_t attribute, const T& value) {
  return all.lt.MatmulDescSetAttribute(plan.desc, attribute, &value, sizeof value) == lt::success;
}

// The epilogue and its addresses: those of this call.
bool describe_epilogue(const vn_products& all, const Plan& plan, const Product& p, const ProductScratch& scratch,
                       uint32_t epilogue) {
  const Finish& f = p.finish;
  bool good = set(all, plan, lt::desc_epilogue, epilogue);
  const int32_t type = library_type(f.dtype);
  if (adds_bias(epilogue)) {
    const void* bias = f.dtype == VN_F32 ? f.bias : scratch.vector;
    good = good && set(all, plan, lt::desc_bias_pointer, bias) && set(all, plan, lt::desc_bias_data_type, type);
  }
  if (sums_columns(epilogue)) {
    const void* sums = f.accumulate ? scratch.vector : p.a_sums;
    good = good && set(all, plan, lt::desc_bias_pointer, sums) && set(all, plan, lt::desc_bias_data_type, lt::r_32f);
  }
  if (applies_slope(epilogue) || (applies_gelu(epilogue) && f.pre)) {
    const void* aux = f.x_pre ? f.x_pre : f.pre;
    good = good && set(all, plan, lt::desc_aux_pointer, aux) && set(all, plan, lt::desc_aux_ld, f.ld) &&
           set(all, plan, lt::desc_aux_data_type, type);
  }
  return good;
}

// Descriptor and layouts; false where the library refuses.
bool describe(const vn_products& all, Plan& plan, const Product& p) {
  const int32_t type = library_type(p.a.dtype);
  const int64_t a_rows = p.b.by_columns ? p.k : p.n, b_rows = p.a.by_columns ? p.m : p.k;
  return all.lt.MatmulDescCreate(&plan.desc, lt::compute_32f, lt::r_32f) == lt::success &&
         set(all, plan, lt::desc_trans_a, p.b.by_columns ? lt::op_t : lt::op_n) &&
         set(all, plan, lt::desc_trans_b, p.a.by_columns ? lt::op_t : lt::op_n) &&
         all.lt.MatrixLayoutCreate(&plan.a, type, uint64_t(a_rows), uint64_t(p.n + p.k - a_rows), p.b.ld) ==
             lt::success &&
         all.lt.MatrixLayoutCreate(&plan.b, type, uint64_t(b_rows), uint64_t(p.m + p.k - b_rows), p.a.ld) ==
             lt::success &&
         all.lt.MatrixLayoutCreate(&plan.d, library_type(p.finish.dtype), uint64_t(p.n), uint64_t(p.m), p.finish.ld) ==
             lt::success;
}

void find_ways(const vn_products& all, Plan& plan, const Product& p, const ProductScratch& scratch) {
  lt::Preference preference = nullptr;
  if (all.lt.MatmulPreferenceCreate(&preference) != lt::success) return;
  const auto prefer = [&](int32_t attribute, auto value) {
    return all.lt.MatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value) == lt::success;
  };
  bool good = prefer(lt::preference_workspace, uint64_t(scratch.library_bytes)) &&
              prefer(lt::preference_reduction_schemes,
                     is_deterministic() ? lt::reduction_compute_type
                                        : lt::reduction_in_place | lt::reduction_compute_type |
                                              lt::reduction_output_type);
  for (int32_t i = 0; i < 4; i++) good = good && prefer(lt::preference_alignment_a + i, alignment_of(p));
  for (uint32_t epilogue : epilogues_for(p)) {
    lt::HeuristicResult results[candidates_wanted];
    int32_t count = 0;
    if (!good || !describe_epilogue(all, plan, p, scratch, epilogue) ||
        all.lt.MatmulAlgoGetHeuristic(all.handle, plan.desc, plan.a, plan.b, plan.d, plan.d, preference,
                                      candidates_wanted, results, &count) != lt::success) {
      continue;
    }
    for (int32_t i = 0; i < count; i++) {
      if (results[i].state == lt::success && int64_t(results[i].workspace) <= scratch.library_bytes) {
        plan.ways.push_back({epilogue, results[i].algo});
      }
    }
  }
  all.lt.MatmulPreferenceDestroy(preference);
}

// Where the product goes: `pre`, if our kernel reads that to write y.
void* target(const Product& p, uint32_t epilogue) {
  const Finish& f = p.finish;
  return f.pre && !applies_gelu(epilogue) ? f.pre : f.out;
}

// What the epilogue did not do.
int32_t finish_after(vn_context* ctx, const Product& p, const ProductScratch& scratch, uint32_t epilogue) {
  const Finish& f = p.finish;
  if (f.x_pre && !applies_slope(epilogue)) {
    return vn_bias_activation_backward(ctx, f.out, nullptr, f.out, f.x_pre, p.m, p.n, f.activation, 0, f.dtype);
  }
  if (!f.x_pre && f.activation != VN_NO_ACTIVATION && !applies_gelu(epilogue)) {
    VN_TRY(vn_bias_activation_forward(ctx, f.out, nullptr, target(p, epilogue), nullptr, p.m, p.n, f.activation,
                                      f.dtype));
  }
  if (p.a_sums && !sums_columns(epilogue)) {
    return vn_reduce_rows(ctx, p.a_sums, p.a.data, p.k, p.m, f.accumulate, p.a.dtype);
  }
  if (p.a_sums && f.accumulate) {
    VN_LAUNCH(ctx, add_vector, dim3(unsigned(ceil_div(p.m, 256))), 256, 0, p.a_sums, scratch.vector, p.m);
  }
  return VN_OK;
}

int32_t round_bias(vn_context* ctx, const Product& p, const ProductScratch& scratch) {
  const dim3 grid(unsigned(ceil_div(p.n, 256)));
  if (p.finish.dtype == VN_BF16) {
    VN_LAUNCH(ctx, round_vector<bf16>, grid, 256, 0, reinterpret_cast<bf16*>(scratch.vector), p.finish.bias, p.n);
  } else if (p.finish.dtype == VN_F16) {
    VN_LAUNCH(ctx, round_vector<f16>, grid, 256, 0, reinterpret_cast<f16*>(scratch.vector), p.finish.bias, p.n);
  }
  return VN_OK;
}

int32_t run(vn_context* ctx, const Plan& plan, const Product& p, const ProductScratch& scratch, const Way& way) {
  const vn_products& all = *ctx->products;
  if (!describe_epilogue(all, plan, p, scratch, way.epilogue)) {
    return fail(ctx, VN_INTERNAL, "cuBLASLt refuses the description of a product");
  }
  if (adds_bias(way.epilogue)) VN_TRY(round_bias(ctx, p, scratch));
  const float alpha = 1, beta = p.finish.accumulate ? 1 : 0;
  void* const d = target(p, way.epilogue);
  const lt::Status status =
      all.lt.Matmul(all.handle, plan.desc, &alpha, p.b.data, plan.a, p.a.data, plan.b, &beta, d, plan.d, d, plan.d,
                    &way.algo, scratch.library, size_t(scratch.library_bytes), ctx->stream);
  if (status != lt::success) {
    return fail(ctx, VN_DEVICE_FAULT, "cuBLASLt's product of m %lld, n %lld, k %lld failed with status %d",
                (long long) p.m, (long long) p.n, (long long) p.k, status);
  }
  return finish_after(ctx, p, scratch, way.epilogue);
}

bool can_time(const vn_context* ctx, const Product& p) {
  cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
  const bool idle = cudaStreamIsCapturing(ctx->stream, &capturing) == cudaSuccess;
  return idle && capturing == cudaStreamCaptureStatusNone && !p.finish.accumulate;
}

// Seconds of a call, or a negative number where it fails.
double time_of(vn_context* ctx, const Plan& plan, const Product& p, const ProductScratch& scratch, const Way& way) {
  using clock = std::chrono::steady_clock;
  double best = -1;
  for (int i = 0; i <= timings; i++) {  // the first one warms up
    const auto start = clock::now();
    for (int call = 0; call < (i ? calls_a_timing : 1); call++) {
      if (run(ctx, plan, p, scratch, way) != VN_OK) return -1;
    }
    if (cudaStreamSynchronize(ctx->stream) != cudaSuccess) return -1;
    const double seconds = std::chrono::duration<double>(clock::now() - start).count();
    if (i > 0 && (best < 0 || seconds < best)) best = seconds;
  }
  return best;
}

void time_ways(vn_context* ctx, Plan& plan, const Product& p, const ProductScratch& scratch) {
  double best = -1;
  std::vector<Way> works;
  for (const Way& way : plan.ways) {
    const double seconds = time_of(ctx, plan, p, scratch, way);
    if (seconds < 0 || (best >= 0 && seconds >= best)) continue;
    best = seconds;
    works.assign(1, way);
  }
  plan.ways = works;
}

// The file's choice, if this library still takes it.
bool recall(const vn_products& all, Plan& plan, const Product& p, const ProductScratch& scratch,
            const std::string& key) {
  Way way{};
  lt::HeuristicResult result{};
  if (!all.choices.find(key, &way.epilogue, &way.algo) || !describe_epilogue(all, plan, p, scratch, way.epilogue) ||
      all.lt.MatmulAlgoCheck(all.handle, plan.desc, plan.a, plan.b, plan.d, plan.d, &way.algo, &result) !=
          lt::success || int64_t(result.workspace) > scratch.library_bytes) {
    return false;
  }
  plan.ways.assign(1, way);
  return true;
}

Plan& plan_for(vn_context* ctx, const Product& p, const ProductScratch& scratch) {
  vn_products& all = *ctx->products;
  const std::string key = key_of(p, scratch.library_bytes);
  const auto [entry, is_new] = all.plans.try_emplace(key);
  Plan& plan = entry->second;
  if (plan.settled) return plan;
  if (is_new) {
    plan.settled = !describe(all, plan, p) || recall(all, plan, p, scratch, key);
    if (plan.settled) return plan;
    find_ways(all, plan, p, scratch);
  }
  if (plan.ways.empty()) {
    plan.settled = true;
  } else if (can_time(ctx, p)) {
    time_ways(ctx, plan, p, scratch);
    plan.settled = true;
    if (!plan.ways.empty() && !all.choices.save(key, plan.ways[0].epilogue, plan.ways[0].algo)) {
      recall(all, plan, p, scratch, key);  // another process chose first: both sum in one order
    }
  }
  return plan;
}

}  // namespace

int64_t cublaslt_workspace_bytes() {
  static const int64_t bytes = [] {
    cudaDeviceProp device{};
    int ordinal = 0;
    if (!lt::library().found() || cudaGetDevice(&ordinal) || cudaGetDeviceProperties(&device, ordinal)) return 0;
    return device.major >= 9 ? 32 << 20 : 4 << 20;  // NVIDIA's advice
  }();
  return bytes;
}

bool can_cublaslt(vn_context* ctx, const Product& p) {
  const Finish& f = p.finish;
  const auto aligned = [&](const void* q) { return has_aligned_lines(q, f.ld, storage_bytes(f.dtype)); };
  const bool types = p.a.dtype == p.b.dtype && is_storage(p.a.dtype) && (f.dtype == VN_F32 || f.dtype == p.a.dtype);
  const bool sizes = p.m > 0 && p.n > 0 && p.k > 0 && p.m <= INT32_MAX && p.n <= INT32_MAX && p.k <= INT32_MAX;
  const bool whole_rows = f.ld == p.n || (!f.bias && !f.x_pre && f.activation == VN_NO_ACTIVATION);
  return types && sizes && whole_rows && has_aligned_lines(p.a) && has_aligned_lines(p.b) && aligned(f.out) &&
         aligned(f.pre) && aligned(f.x_pre) && products_of(ctx)->handle;
}

int32_t multiply_cublaslt(vn_context* ctx, const Product& p, const ProductScratch& scratch, bool* done) {
  const Plan& plan = plan_for(ctx, p, scratch);
  *done = !plan.ways.empty();
  return *done ? run(ctx, plan, p, scratch, plan.ways[0]) : VN_OK;
}

void close_products(vn_products* products) {
  if (!products) return;
  for (auto& [key, plan] : products->plans) {
    if (plan.desc) products->lt.MatmulDescDestroy(plan.desc);
    for (lt::Layout layout : {plan.a, plan.b, plan.d}) {
      if (layout) products->lt.MatrixLayoutDestroy(layout);
    }
  }
  if (products->handle) products->lt.Destroy(products->handle);
  delete products;
}

}  // namespace vn

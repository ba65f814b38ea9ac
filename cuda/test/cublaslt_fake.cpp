// A libcublasLt.so on host memory, for the emulator: the functions of ../cublaslt.h with the meaning that NVIDIA
// documents, in the library's own terms (columns are contiguous). It knows nothing of how the kernels use it, so what
// they get right here they have described right: VERNACULAR_CUBLASLT=FILE runs the contract on it. What the real
// library refuses, it refuses: unknown attributes and sizes, leading dimensions that are too small, a bias of another
// type than D, an aux without or with an odd leading dimension, addresses less aligned than was promised. It overwrites
// the workspace. An epilogue that CUBLASLT_FAKE_LACKS names (192,512) has no kernel, so that the way around it is
// tested.
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <vector>

#include "../cublaslt.h"
#include "../emulator/device.h"

using namespace vn::lt;

namespace {

constexpr Status not_initialized = 1, invalid_value = 7, not_supported = 15;

struct Attributes {
  std::map<int32_t, std::vector<char>> values;
  const std::map<int32_t, size_t>& sizes;

  Status set(int32_t attribute, const void* value, size_t bytes) {
    const auto size = sizes.find(attribute);
    if (size == sizes.end() || size->second != bytes) return invalid_value;
    values[attribute].assign(static_cast<const char*>(value), static_cast<const char*>(value) + bytes);
    return success;
  }
  Status get(int32_t attribute, void* value, size_t bytes, size_t* written) const {
    const auto size = sizes.find(attribute);
    if (size == sizes.end() || size->second != bytes) return invalid_value;
    const auto found = values.find(attribute);
    if (found != values.end()) memcpy(value, found->second.data(), bytes);
    else memset(value, 0, bytes);
    *written = bytes;
    return success;
  }
  template <class T>
  T of(int32_t attribute, T otherwise) const {
    const auto found = values.find(attribute);
    if (found != values.end()) memcpy(&otherwise, found->second.data(), sizeof(T));
    return otherwise;
  }
};

const std::map<int32_t, size_t> desc_sizes = {{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 4}, {7, 4}, {8, 8}, {11, 8},
                                              {12, 8}, {22, 4}, {26, 4}};
const std::map<int32_t, size_t> layout_sizes = {{0, 4}, {1, 4}, {2, 8}, {3, 8}, {4, 8}};
const std::map<int32_t, size_t> preference_sizes = {{1, 8}, {3, 4}, {5, 4}, {6, 4}, {7, 4}, {8, 4}};

struct Shape {
  int32_t type;
  int64_t rows, cols, ld;
  explicit Shape(Layout layout) {
    const auto& a = *static_cast<const Attributes*>(layout);
    type = a.of<int32_t>(layout_type, -1);
    rows = a.of<int64_t>(layout_rows, 0);
    cols = a.of<int64_t>(layout_cols, 0);
    ld = a.of<int64_t>(layout_ld, 0);
  }
  bool operator==(const Shape& other) const {
    return type == other.type && rows == other.rows && cols == other.cols && ld == other.ld;
  }
};

float read(const void* data, int32_t type, int64_t i) {
  switch (type) {
    case r_16f: return __half2float(static_cast<const __half*>(data)[i]);
    case r_16bf: return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]);
    default: return static_cast<const float*>(data)[i];
  }
}
void write(void* data, int32_t type, int64_t i, float x) {
  switch (type) {
    case r_16f: static_cast<__half*>(data)[i] = __float2half_rn(x); break;
    case r_16bf: static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(x); break;
    default: static_cast<float*>(data)[i] = x;
  }
}

constexpr float root = 0.7978845608028654f, cubic = 0.044715f;
float gelu(float x) { return 0.5f * x * (1 + std::tanh(root * (x + cubic * x * x * x))); }
float gelu_slope(float x) {
  const float t = std::tanh(root * (x + cubic * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * root * (1 + 3 * cubic * x * x);
}

struct Job {
  bool transpose_a, transpose_b;
  uint32_t epilogue;
  void* bias;
  void* aux;
  int64_t aux_ld;
  Shape a, b, c, d;
  int64_t m, n, k;

  Job(Desc desc, Layout a, Layout b, Layout c, Layout d) : a(a), b(b), c(c), d(d) {
    const auto& at = *static_cast<const Attributes*>(desc);
    transpose_a = at.of<int32_t>(desc_trans_a, 0);
    transpose_b = at.of<int32_t>(desc_trans_b, 0);
    epilogue = at.of<uint32_t>(desc_epilogue, epilogue_default);
    bias = at.of<void*>(desc_bias_pointer, nullptr);
    aux = at.of<void*>(desc_aux_pointer, nullptr);
    aux_ld = at.of<int64_t>(desc_aux_ld, 0);
    m = this->d.rows;
    n = this->d.cols;
    k = transpose_a ? this->a.rows : this->a.cols;
  }

  // What the library says about it.
  Status check(Desc desc) const {
    const auto& at = *static_cast<const Attributes*>(desc);
    if (at.of<int32_t>(desc_compute, -1) != compute_32f || at.of<int32_t>(desc_scale_type, -1) != r_32f) {
      return not_supported;
    }
    const bool fits = (transpose_a ? a.cols : a.rows) == m && (transpose_b ? b.cols : b.rows) == k &&
                      (transpose_b ? b.rows : b.cols) == n && c == d;
    for (const Shape& s : {a, b, c, d}) {
      if (s.ld < s.rows || s.rows <= 0 || s.cols <= 0) return invalid_value;
    }
    if (!fits || a.type != b.type || (d.type != a.type && d.type != r_32f)) return invalid_value;
    const bool uses_aux = epilogue & 128;
    if (uses_aux && (!aux || aux_ld < m || aux_ld % 8 != 0 || at.of<int32_t>(desc_aux_data_type, d.type) != d.type ||
                     reinterpret_cast<uintptr_t>(aux) % 16 != 0)) {
      return invalid_value;
    }
    const bool uses_bias = epilogue & (epilogue_bias | 16 | epilogue_bgrad_a | epilogue_bgrad_b);
    if (uses_bias && (!bias || at.of<int32_t>(desc_bias_data_type, d.type) != d.type)) return invalid_value;
    if (const char* lacks = getenv("CUBLASLT_FAKE_LACKS")) {
      for (std::stringstream list(lacks); list;) {
        uint32_t one = 0;
        list >> one;
        list.get();
        if (one == epilogue) return not_supported;
      }
    }
    switch (epilogue) {
      case epilogue_default: case epilogue_bias: case epilogue_gelu: case epilogue_gelu_bias: case epilogue_gelu_aux:
      case epilogue_gelu_aux_bias: case epilogue_dgelu: case epilogue_bgrad_b: return success;
      default: return not_supported;
    }
  }

  void run(const void* pa, const void* pb, const void* pc, void* pd, float alpha, float beta) const {
    for (int64_t j = 0; j < n; j++) {
      if (epilogue == epilogue_bgrad_b) {
        float sum = 0;
        for (int64_t l = 0; l < k; l++) sum += read(pb, b.type, transpose_b ? l * b.ld + j : j * b.ld + l);
        write(bias, d.type, j, sum);
      }
      for (int64_t i = 0; i < m; i++) {
        float sum = 0;
        for (int64_t l = 0; l < k; l++) {
          sum += read(pa, a.type, transpose_a ? i * a.ld + l : l * a.ld + i) *
                 read(pb, b.type, transpose_b ? l * b.ld + j : j * b.ld + l);
        }
        float v = alpha * sum + (beta != 0 ? beta * read(pc, c.type, j * c.ld + i) : 0);
        if (epilogue & epilogue_bias) v += read(bias, d.type, i);
        if (epilogue == epilogue_dgelu) {
          v *= gelu_slope(read(aux, d.type, j * aux_ld + i));
        } else if (epilogue & epilogue_gelu) {
          if (epilogue & 128) write(aux, d.type, j * aux_ld + i, v);
          v = gelu(v);
        }
        write(pd, d.type, j * d.ld + i, v);
      }
    }
  }
};

Status refuse(Status status, const char* what) {
  fprintf(stderr, "cublaslt_fake: %s gives %d\n", what, status);
  return status;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return 0; }
Status cublasLtCreate(Handle* handle) {
  *handle = new int;
  return success;
}
Status cublasLtDestroy(Handle handle) {
  delete static_cast<int*>(handle);
  return success;
}

Status cublasLtMatmulDescCreate(Desc* desc, int32_t compute, int32_t scale) {
  auto* made = new Attributes{{}, desc_sizes};
  made->set(desc_compute, &compute, 4);
  made->set(desc_scale_type, &scale, 4);
  *desc = made;
  return success;
}
Status cublasLtMatrixLayoutCreate(Layout* layout, int32_t type, uint64_t rows, uint64_t cols, int64_t ld) {
  auto* made = new Attributes{{}, layout_sizes};
  made->set(layout_type, &type, 4);
  made->set(layout_rows, &rows, 8);
  made->set(layout_cols, &cols, 8);
  made->set(layout_ld, &ld, 8);
  *layout = made;
  return success;
}
Status cublasLtMatmulPreferenceCreate(Preference* preference) {
  *preference = new Attributes{{}, preference_sizes};
  return success;
}
#define VN_FAKE_ATTRIBUTES(name)                                                                   \
  Status cublasLt##name##Destroy(void* x) {                                                        \
    delete static_cast<Attributes*>(x);                                                            \
    return success;                                                                                \
  }                                                                                                \
  Status cublasLt##name##SetAttribute(void* x, int32_t attribute, const void* v, size_t bytes) {   \
    return static_cast<Attributes*>(x)->set(attribute, v, bytes);                                  \
  }                                                                                                \
  Status cublasLt##name##GetAttribute(void* x, int32_t attribute, void* v, size_t bytes, size_t* written) { \
    return static_cast<Attributes*>(x)->get(attribute, v, bytes, written);                         \
  }
VN_FAKE_ATTRIBUTES(MatmulDesc)
VN_FAKE_ATTRIBUTES(MatrixLayout)
VN_FAKE_ATTRIBUTES(MatmulPreference)

// Two algorithms, the second with a workspace: data[0] is a mark, data[1] what was asked for, data[2] the workspace,
// data[3] the alignment promised.
constexpr uint64_t mark = 0x766e66616b65;
Status cublasLtMatmulAlgoCheck(Handle handle, Desc desc, Layout a, Layout b, Layout c, Layout d, const Algo* algo,
                               HeuristicResult* result) {
  if (!handle) return not_initialized;
  const Job job(desc, a, b, c, d);
  if (algo->data[0] != mark || algo->data[1] != job.epilogue) return not_supported;
  *result = {*algo, size_t(algo->data[2]), success, 1, {}};
  return job.check(desc);
}
Status cublasLtMatmulAlgoGetHeuristic(Handle handle, Desc desc, Layout a, Layout b, Layout c, Layout d,
                                      Preference preference, int32_t wanted, HeuristicResult* results, int32_t* got) {
  if (!handle) return not_initialized;
  *got = 0;
  const Job job(desc, a, b, c, d);
  if (const Status status = job.check(desc)) return status == not_supported ? status : refuse(status, "the heuristic");
  const auto& p = *static_cast<const Attributes*>(preference);
  const uint64_t workspace = p.of<uint64_t>(preference_workspace, 0);
  uint64_t alignment = 256;
  for (int32_t i = 0; i < 4; i++) {
    const uint64_t promised = p.of<uint32_t>(preference_alignment_a + i, 256);
    alignment = promised < alignment ? promised : alignment;
  }
  for (const uint64_t needs : {uint64_t(0), workspace}) {
    if (*got < wanted) results[(*got)++] = {{{mark, job.epilogue, needs, alignment}}, size_t(needs), success, 1, {}};
  }
  return success;
}

Status cublasLtMatmul(Handle handle, Desc desc, const void* alpha, const void* a, Layout layout_a, const void* b,
                      Layout layout_b, const void* beta, const void* c, Layout layout_c, void* d, Layout layout_d,
                      const Algo* algo, void* workspace, size_t workspace_bytes, void* stream) {
  if (!handle) return not_initialized;
  const Job job(desc, layout_a, layout_b, layout_c, layout_d);
  if (const Status status = job.check(desc)) return refuse(status, "the product");
  if (algo->data[0] != mark || algo->data[1] != job.epilogue || algo->data[2] > workspace_bytes) {
    return refuse(not_supported, "the algorithm");
  }
  for (const void* p : {a, b, c, static_cast<const void*>(d)}) {
    if (reinterpret_cast<uintptr_t>(p) % algo->data[3] != 0) return refuse(invalid_value, "an address");
  }
  const float x = *static_cast<const float*>(alpha), y = *static_cast<const float*>(beta);
  const size_t used = algo->data[2];
  vn_emu::enqueue(static_cast<cudaStream_t>(stream), [=] {
    if (used > 0) memset(workspace, 0xff, used);
    job.run(a, b, c, d, x, y);
  });
  return success;
}

}  // extern "C"

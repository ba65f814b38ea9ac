// Compares our declarations of cuBLASLt with a real library: descriptors, layouts and preferences work without a GPU,
// and refuse an attribute that they do not know or that has another size. Exit 0: all is as declared; 77: no library
// here.
//   cublaslt_check [libcublasLt.so.13]
#include "../cublaslt.h"

#include <cstdio>
#if __has_include(<cublasLt.h>)
#include "cublaslt_header_check.h"
#endif

using namespace vn::lt;

namespace {

int failures = 0;

void require(bool condition, const char* what, int32_t attribute) {
  if (condition) return;
  printf("FAILED: %s %d\n", what, attribute);
  failures++;
}

// Sets an attribute, reads it back, and expects a wrong size to be refused.
template <class T, class Set, class Get>
void round_trip(const char* what, void* object, int32_t attribute, T value, Set set, Get get) {
  require(set(object, attribute, &value, sizeof value) == success, what, attribute);
  T back{};
  size_t written = 0;
  require(get(object, attribute, &back, sizeof back, &written) == success && written == sizeof back, what, attribute);
  require(back == value, what, attribute);
  require(set(object, attribute, &value, sizeof value - 1) != success, "a wrong size is refused by", attribute);
}

}  // namespace

int main(int count, char** arguments) {
  const Library lt = open_library(count > 1 ? arguments[1] : nullptr);
  if (!lt.found()) {
    printf("cuBLASLt was not found, nothing is checked: %s\n", lt.misses.c_str());
    return 77;
  }
  printf("%s, version %zu\n", lt.path.c_str(), lt.GetVersion());

  Desc desc = nullptr;
  require(lt.MatmulDescCreate(&desc, compute_32f, r_32f) == success, "MatmulDescCreate", 0);
  const auto describe = [&](int32_t attribute, auto value) {
    round_trip("descriptor attribute", desc, attribute, value, lt.MatmulDescSetAttribute, lt.MatmulDescGetAttribute);
  };
  describe(desc_compute, compute_32f);
  describe(desc_scale_type, r_32f);
  describe(desc_pointer_mode, int32_t(0));
  describe(desc_trans_a, op_t);
  describe(desc_trans_b, op_t);
  for (uint32_t epilogue : {epilogue_default, epilogue_bias, epilogue_gelu, epilogue_gelu_bias, epilogue_gelu_aux,
                            epilogue_gelu_aux_bias, epilogue_dgelu, epilogue_dgelu_bgrad, epilogue_bgrad_a,
                            epilogue_bgrad_b}) {
    describe(desc_epilogue, epilogue);
  }
  describe(desc_bias_pointer, reinterpret_cast<const void*>(uintptr_t(4096)));
  describe(desc_aux_pointer, reinterpret_cast<const void*>(uintptr_t(8192)));
  describe(desc_aux_ld, int64_t(4096));
  for (int32_t type : {r_32f, r_16f, r_16bf}) {
    describe(desc_aux_data_type, type);
    describe(desc_bias_data_type, type);
  }
  const int32_t nothing = 0;
  require(lt.MatmulDescSetAttribute(desc, 9999, &nothing, 4) != success, "an unknown attribute is refused", 9999);
  require(lt.MatmulDescDestroy(desc) == success, "MatmulDescDestroy", 0);

  Layout layout = nullptr;
  require(lt.MatrixLayoutCreate(&layout, r_16bf, 48, 32, 64) == success, "MatrixLayoutCreate", 0);
  const auto lies = [&](int32_t attribute, auto want) {
    decltype(want) value{};
    size_t written = 0;
    require(lt.MatrixLayoutGetAttribute(layout, attribute, &value, sizeof value, &written) == success &&
                value == want, "layout attribute", attribute);
  };
  lies(layout_type, uint32_t(r_16bf));
  lies(layout_order, int32_t(0));  // columns are contiguous
  lies(layout_rows, uint64_t(48));
  lies(layout_cols, uint64_t(32));
  lies(layout_ld, int64_t(64));
  require(lt.MatrixLayoutDestroy(layout) == success, "MatrixLayoutDestroy", 0);

  Preference preference = nullptr;
  require(lt.MatmulPreferenceCreate(&preference) == success, "MatmulPreferenceCreate", 0);
  const auto prefer = [&](int32_t attribute, auto value) {
    round_trip("preference attribute", preference, attribute, value, lt.MatmulPreferenceSetAttribute,
               lt.MatmulPreferenceGetAttribute);
  };
  prefer(preference_workspace, uint64_t(32 << 20));
  prefer(preference_reduction_schemes, reduction_compute_type);
  for (int32_t i = 0; i < 4; i++) prefer(preference_alignment_a + i, uint32_t(16));
  require(lt.MatmulPreferenceDestroy(preference) == success, "MatmulPreferenceDestroy", 0);

  printf(failures ? "%d failures\n" : "every attribute is as declared\n", failures);
  return failures ? 1 : 0;
}

#include "vernacular.h"

extern "C" __attribute__((visibility("default"))) int32_t vn_abi_version(void) { return VN_ABI_VERSION; }

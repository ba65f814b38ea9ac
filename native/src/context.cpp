// Opening, binding and describing a context. The only place of this library that allocates.
#include "context.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include "scratch_bytes.h"

namespace vn {
namespace {

// Two numbers of a cgroup: quota and period in microseconds; false without a limit ("max" or -1).
bool cgroup_quota(double* quota, double* period) {
  if (FILE* file = fopen("/sys/fs/cgroup/cpu.max", "r")) {
    const bool found = fscanf(file, "%lf %lf", quota, period) == 2;
    fclose(file);
    return found;
  }
  double* values[] = {quota, period};
  const char* paths[] = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
  for (int i = 0; i < 2; i++) {
    FILE* file = fopen(paths[i], "r");
    if (!file) return false;
    const bool found = fscanf(file, "%lf", values[i]) == 1;
    fclose(file);
    if (!found) return false;
  }
  return true;
}

// "scalar", "avx2", ... up to the best this machine has, as in JSON.
const char* isa_list() {
  static const struct List {
    char text[128] = "";
    List() {
      for (int i = 0; i <= int(best_isa()); i++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s\"%s\"", i ? ", " : "", isa_name(Isa(i)));
      }
    }
  } list;
  return list.text;
}

// The instruction set by argument, else by the environment, else the best. False: `message` says why.
bool choose_isa(const char* argument, Isa* isa, char* message, int64_t bytes) {
  const char* environment = getenv("VERNACULAR_ISA");
  const bool from_environment = !argument && environment && *environment;
  const char* name = from_environment ? environment : argument;
  if (!name) {
    *isa = best_isa();
    return true;
  }
  const char* where = from_environment ? "VERNACULAR_ISA" : "isa";
  if (!find_isa(name, isa) || int(*isa) > int(best_isa())) {
    if (message && bytes > 0) {
      snprintf(message, size_t(bytes), "context_open: %s is \"%s\"; this machine has %s", where, name, isa_list());
    }
    return false;
  }
  return true;
}

}  // namespace

int usable_threads() {
  cpu_set_t set;
  const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  int threads = known ? CPU_COUNT(&set) : int(std::thread::hardware_concurrency());
  double quota = 0, period = 0;
  if (cgroup_quota(&quota, &period) && quota > 0 && period > 0) {
    threads = int(std::min<double>(threads, quota / period + 0.999));
  }
  return std::max(threads, 1);
}

}  // namespace vn

using namespace vn;

int32_t vn_abi_version(void) { return VN_ABI_VERSION; }

const char* vn_describe(void) {
  static const struct Text {
    char text[512];
    Text() {
      char ignored[1];
      Isa isa = best_isa();
      choose_isa(nullptr, &isa, ignored, 0);
      snprintf(text, sizeof text,
               "{\"backend\": \"cpu\", \"isa\": \"%s\", \"isas\": [%s], \"threads\": %d, \"build\": \"g++ %s\"}",
               isa_name(std::min(isa, best_isa())), isa_list(), usable_threads(), __VERSION__);
    }
  } description;
  return description.text;
}

int32_t vn_context_open(vn_context** out, int32_t ordinal, void* stream, int32_t threads, const char* isa_argument,
                        char* message, int64_t message_bytes) {
  const auto refuse = [&](vn_status status, const char* format, int32_t value) {
    if (message && message_bytes > 0) snprintf(message, size_t(message_bytes), format, value);
    return status;
  };
  if (!out) return refuse(VN_INVALID_ARGUMENT, "context_open: out is null", 0);
  *out = nullptr;
  if (ordinal != 0) {
    return refuse(VN_INVALID_ARGUMENT, "context_open: ordinal is %d; the CPU backend has device 0", ordinal);
  }
  if (stream) return refuse(VN_INVALID_ARGUMENT, "context_open: stream is not null; the CPU backend has no streams", 0);
  if (threads < 0 || threads > 4096) {
    return refuse(VN_INVALID_ARGUMENT, "context_open: threads is %d, not 0 .. 4096", threads);
  }
  Isa isa;
  if (!choose_isa(isa_argument, &isa, message, message_bytes)) return VN_UNSUPPORTED;
  try {
    *out = new vn_context(isa, threads ? threads : usable_threads());
  } catch (const std::bad_alloc&) {
    return refuse(VN_INTERNAL, "context_open: out of memory for a context of %d threads", threads);
  } catch (const std::system_error&) {
    return refuse(VN_INTERNAL, "context_open: the system starts no %d threads", threads ? threads : usable_threads());
  }
  return VN_OK;
}

int32_t vn_context_close(vn_context* ctx) {
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
  for (auto operation : all_scratch_bytes) *bytes = std::max(*bytes, operation(*sizes, ctx->pool.threads()));
  return VN_OK;
}

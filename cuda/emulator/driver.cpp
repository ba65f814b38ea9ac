// The driver API, libcuda.so.1, as far as JCuda's calls go, on top of the emulator: streams, events, graphs and memory made
// here are those of the emulated kernels. It checks what a GPU's driver checks: that it was initialised, that a context is
// current on the calling thread, that memory is its own and that there is enough.
//
// The environment makes it another machine; it is read at every call.
//   VN_EMU_DRIVER_VERSION=12040        VN_EMU_COMPUTE_CAPABILITY=7.5      VN_EMU_DEVICES=0
//   VN_EMU_MEMORY=bytes of a device    VN_EMU_LOSE_AFTER=n: after n graph launches every call fails, as on a lost device
#include <cstdio>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "internal.h"

namespace {

enum Result {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  ECC_UNCORRECTABLE = 214,
  STREAM_CAPTURE_UNSUPPORTED = 900,
};

std::mutex mutex;
std::map<std::string, long> calls;           // by function
std::map<uintptr_t, size_t> blocks, pinned;  // live memory: address, bytes
std::map<void*, std::chrono::steady_clock::time_point> recorded;  // events
long launches = 0;
bool is_initialized = false;
int retained = 0;
thread_local void* current = nullptr;
thread_local cudaStream_t capturing = nullptr;
char primary_context;

long setting(const char* name, long otherwise) {
  const char* value = getenv(name);
  return value && *value ? atol(value) : otherwise;
}

long capability() {  // 8.0 as 80
  const char* value = getenv("VN_EMU_COMPUTE_CAPABILITY");
  int major = 8, minor = 0;
  if (value) sscanf(value, "%d.%d", &major, &minor);
  return major * 10 + minor;
}

size_t live(const std::map<uintptr_t, size_t>& memory) {
  size_t bytes = 0;
  for (const auto& block : memory) bytes += block.second;
  return bytes;
}

size_t total_memory() { return size_t(setting("VN_EMU_MEMORY", 16L << 30)); }

bool is_lost() {
  const long after = setting("VN_EMU_LOSE_AFTER", -1);
  return after >= 0 && launches >= after;
}

// Whether [p, p + n) lies in one live block.
bool holds(const std::map<uintptr_t, size_t>& memory, const void* p, size_t n) {
  auto block = memory.upper_bound(uintptr_t(p));
  if (block == memory.begin()) return false;
  --block;
  return uintptr_t(p) + n <= block->first + block->second;
}

Result count(const char* function) {
  calls[function]++;
  calls[""]++;
  return is_lost() ? ECC_UNCORRECTABLE : SUCCESS;
}

// A call that needs no more than cuInit; one that needs a current context.
#define GLOBAL_CALL                                           \
  std::lock_guard lock(mutex);                                \
  if (const Result lost = count(__func__)) return lost;       \
  if (!is_initialized) return NOT_INITIALIZED
#define CONTEXT_CALL \
  GLOBAL_CALL;       \
  if (!current) return INVALID_CONTEXT

Result allocate(void** p, size_t n, std::map<uintptr_t, size_t>& memory) {
  if (n == 0) return INVALID_VALUE;
  if (&memory == &blocks && live(blocks) + n > total_memory()) return OUT_OF_MEMORY;
  if (cudaMalloc(p, n)) return OUT_OF_MEMORY;  // filled with NaN, as what a GPU hands out may be
  memory[uintptr_t(*p)] = n;
  return SUCCESS;
}

Result release(void* p, std::map<uintptr_t, size_t>& memory) {
  if (capturing) return STREAM_CAPTURE_UNSUPPORTED;
  if (!memory.erase(uintptr_t(p))) return INVALID_VALUE;
  cudaFree(p);
  return SUCCESS;
}

}  // namespace

extern "C" {

// For tests: how often a function of the driver was called, all of them with ""; bytes of live memory.
long vn_emulator_driver_calls(const char* function) {
  std::lock_guard lock(mutex);
  const auto found = calls.find(function);
  return found == calls.end() ? 0 : found->second;
}
long vn_emulator_live_bytes() {
  std::lock_guard lock(mutex);
  return long(live(blocks) + live(pinned));
}
// Counts launches from zero again, which finds a lost device; so do the counts of vn_emulator_report (report.cpp).
long vn_emulator_reset() {
  vn_emu::reset_report();
  std::lock_guard lock(mutex);
  launches = 0;
  return 0;
}

// ---- the driver and its devices

int cuInit(unsigned) {
  std::lock_guard lock(mutex);
  count(__func__);
  if (setting("VN_EMU_DEVICES", 1) == 0) return NO_DEVICE;
  is_initialized = true;
  return SUCCESS;
}
int cuDriverGetVersion(int* version) {
  std::lock_guard lock(mutex);
  count(__func__);
  *version = int(setting("VN_EMU_DRIVER_VERSION", 13000));
  return SUCCESS;
}
int cuDeviceGetCount(int* n) {
  GLOBAL_CALL;
  *n = int(setting("VN_EMU_DEVICES", 1));
  return SUCCESS;
}
int cuDeviceGet(int* device, int ordinal) {
  GLOBAL_CALL;
  *device = ordinal;
  return ordinal < 0 || ordinal >= setting("VN_EMU_DEVICES", 1) ? INVALID_DEVICE : SUCCESS;
}
int cuDeviceGetName(char* name, int n, int) {
  GLOBAL_CALL;
  snprintf(name, size_t(n), "Emulated GPU");
  return SUCCESS;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  GLOBAL_CALL;
  *bytes = total_memory();
  return SUCCESS;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  GLOBAL_CALL;
  switch (attribute) {
    case 16: *value = 4; break;                        // multiprocessors
    case 75: *value = int(capability() / 10); break;   // compute capability, major
    case 76: *value = int(capability() % 10); break;   // and minor
    case 83: case 89: *value = 1; break;               // managed memory, also while kernels run
    default: *value = 0;
  }
  return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  GLOBAL_CALL;
  retained++;
  *context = &primary_context;
  return SUCCESS;
}
int cuDevicePrimaryCtxRelease_v2(int) {
  GLOBAL_CALL;
  if (retained == 0) return INVALID_CONTEXT;
  retained--;
  return SUCCESS;
}
int cuCtxSetCurrent(void* context) {
  GLOBAL_CALL;
  if (context && (context != &primary_context || retained == 0)) return INVALID_CONTEXT;
  current = context;
  return SUCCESS;
}
int cuCtxSynchronize() {
  CONTEXT_CALL;
  return capturing ? STREAM_CAPTURE_UNSUPPORTED : cudaDeviceSynchronize();
}

// ---- memory

int cuMemGetInfo_v2(size_t* free, size_t* total) {
  CONTEXT_CALL;
  *total = total_memory();
  *free = *total - std::min(*total, live(blocks));
  return SUCCESS;
}
int cuMemAlloc_v2(void** p, size_t n) {
  CONTEXT_CALL;
  return allocate(p, n, blocks);
}
int cuMemAllocManaged(void** p, size_t n, unsigned) {
  CONTEXT_CALL;
  return allocate(p, n, blocks);
}
int cuMemFree_v2(void* p) {
  CONTEXT_CALL;
  return release(p, blocks);
}
int cuMemHostAlloc(void** p, size_t n, unsigned) {
  CONTEXT_CALL;
  return allocate(p, n, pinned);
}
int cuMemFreeHost(void* p) {
  CONTEXT_CALL;
  return release(p, pinned);
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t n, cudaStream_t stream) {
  CONTEXT_CALL;
  if (!holds(blocks, to, n)) return INVALID_VALUE;
  return cudaMemcpyAsync(to, from, n, cudaMemcpyHostToDevice, stream);
}
int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t n, cudaStream_t stream) {
  CONTEXT_CALL;
  if (!holds(blocks, from, n)) return INVALID_VALUE;
  return cudaMemcpyAsync(to, from, n, cudaMemcpyDeviceToHost, stream);
}
int cuMemsetD8Async(void* to, unsigned char value, size_t n, cudaStream_t stream) {
  CONTEXT_CALL;
  if (!holds(blocks, to, n)) return INVALID_VALUE;
  return cudaMemsetAsync(to, value, n, stream);
}

// ---- streams and events

int cuStreamCreate(cudaStream_t* stream, unsigned flags) {
  CONTEXT_CALL;
  return cudaStreamCreateWithFlags(stream, flags);
}
int cuStreamDestroy_v2(cudaStream_t stream) {
  CONTEXT_CALL;
  return cudaStreamDestroy(stream);
}
int cuStreamSynchronize(cudaStream_t stream) {
  CONTEXT_CALL;
  return capturing ? STREAM_CAPTURE_UNSUPPORTED : cudaStreamSynchronize(stream);
}
int cuStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  CONTEXT_CALL;
  return cudaStreamWaitEvent(stream, event, flags);
}
int cuEventCreate(cudaEvent_t* event, unsigned flags) {
  CONTEXT_CALL;
  return cudaEventCreateWithFlags(event, flags);
}
int cuEventDestroy_v2(cudaEvent_t event) {
  CONTEXT_CALL;
  recorded.erase(event);
  return cudaEventDestroy(event);
}
int cuEventRecord(cudaEvent_t event, cudaStream_t stream) {
  CONTEXT_CALL;
  vn_emu::enqueue(stream, [event] { recorded[event] = std::chrono::steady_clock::now(); });
  return cudaEventRecord(event, stream);
}
int cuEventSynchronize(cudaEvent_t event) {
  CONTEXT_CALL;
  return capturing ? STREAM_CAPTURE_UNSUPPORTED : cudaEventSynchronize(event);
}
int cuEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  CONTEXT_CALL;
  if (!recorded.count(from) || !recorded.count(to)) return INVALID_VALUE;
  *milliseconds = std::chrono::duration<float, std::milli>(recorded[to] - recorded[from]).count();
  return SUCCESS;
}

// ---- graphs

int cuStreamBeginCapture_v2(cudaStream_t stream, int mode) {
  CONTEXT_CALL;
  if (capturing) return STREAM_CAPTURE_UNSUPPORTED;
  capturing = stream;
  return cudaStreamBeginCapture(stream, mode);
}
int cuStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  CONTEXT_CALL;
  if (capturing != stream) return INVALID_VALUE;
  capturing = nullptr;
  return cudaStreamEndCapture(stream, graph);
}
int cuGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) {
  CONTEXT_CALL;
  return cudaGraphInstantiate(executable, graph, flags);
}
int cuGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  CONTEXT_CALL;
  launches++;
  return cudaGraphLaunch(executable, stream);
}
// The emulator's executable is the graph itself and is kept.
int cuGraphExecDestroy(cudaGraphExec_t) {
  CONTEXT_CALL;
  return SUCCESS;
}
int cuGraphDestroy(cudaGraph_t) {
  CONTEXT_CALL;
  return SUCCESS;
}

}  // extern "C"

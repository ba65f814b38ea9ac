// vn_emu_race.cpp - data-race detector. Compile only the kernels with -fsanitize=thread and link this file
// INSTEAD of the TSan runtime: the compiler reports every load and store, and we know CUDA's ordering rules:
//   two accesses by different threads of a block race unless a __syncthreads lies between them, or, inside
//   one warp, a __syncwarp; two accesses to device memory by different blocks of a launch always race.
#include "device.h"
#include <cstdio>
#include <map>
#include <vector>
namespace vn_emu {
extern void (*race_region)(const void*, size_t, int);
extern void (*race_launch)();
extern void (*race_write)(const void*, size_t, const void*);
namespace {
struct Access { unsigned thread = ~0u, epoch = 0, warp_epoch = 0; unsigned long block = ~0ul; const void* pc = nullptr; };
struct Cell { uint64_t launch = 0; Access write, read[2]; };
struct Region { size_t n; int kind; std::vector<Cell> cells; };       // one cell per two bytes
std::map<uintptr_t, Region> regions;
std::map<uintptr_t, Cell> statics;                                    // static __shared__ variables
uint64_t launch_no = 1; unsigned reports = 0;

Region* find(uintptr_t a, uintptr_t& base) {
    auto it = regions.upper_bound(a);
    if (it == regions.begin()) return nullptr;
    --it; base = it->first;
    return a < base + it->second.n ? &it->second : nullptr;
}
bool races(const Access& a, const Access& b, bool device) {
    if (a.thread == ~0u) return false;
    if (a.block != b.block) return device;
    return a.thread != b.thread && a.epoch == b.epoch && (a.thread / 32 != b.thread / 32 || a.warp_epoch == b.warp_epoch);
}
void report(const char* what, uintptr_t addr, const Access& a, const Access& b, int kind) {
    if (reports++ > 8) return;
    fprintf(stderr, "vn_emu race: %s in %s, %s memory %p: block %lu thread %u (pc %p) and block %lu thread %u (pc %p)\n", what, cur->block->kernel,
            kind == 1 ? "device" : "shared", (void*)addr, a.block, a.thread, a.pc, b.block, b.thread, b.pc);
}
void touch(const void* p, size_t n, bool write, const void* pc) {
    if (!cur) return;
    uintptr_t a = (uintptr_t)p, base = 0;
    Region* r = find(a, base);
    if (r && r->kind == 0) return;                                    // a fiber stack: private
    const Block& k = *cur->block;
    Access now{cur->linear, k.epoch, cur->warp_epoch, k.bid.x + (unsigned long)k.gdim.x * (k.bid.y + (unsigned long)k.gdim.y * k.bid.z), pc};
    int kind = r ? r->kind : 2;
    for (size_t i = 0; i < n; i += 2) {
        Cell& c = r ? r->cells[(a + i - base) / 2] : statics[(a + i) & ~uintptr_t(1)];
        if (c.launch != launch_no) { c = Cell(); c.launch = launch_no; }
        const bool device = kind == 1;
        if (races(c.write, now, device)) return report(write ? "write after write" : "read after write", a + i, c.write, now, kind);
        if (write) {
            for (auto& q : c.read) if (races(q, now, device)) return report("write after read", a + i, q, now, kind);
            c.write = now; c.read[0] = c.read[1] = Access();
        } else if (!races(c.read[0], now, device)) c.read[0] = now;   // keep two concurrent readers
        else c.read[1] = now;
    }
}
const int init = [] {
    race_region = [](const void* p, size_t n, int kind) {
        uintptr_t a = (uintptr_t)p;
        for (auto it = regions.lower_bound(a); it != regions.end() && it->first < a + n;) it = regions.erase(it);
        regions[a] = {n, kind, std::vector<Cell>(kind ? (n + 1) / 2 : 0)};
    };
    race_launch = [] { ++launch_no; };
    race_write = [](const void* p, size_t n, const void* pc) { touch(p, n, true, pc); };
    return 0;
}();
}  // namespace
}  // namespace vn_emu
extern "C" unsigned vn_emu_race_reports() { return vn_emu::reports; }
#define HOOK(n)                                                                                                            \
    void __tsan_read##n(void* p) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }                              \
    void __tsan_write##n(void* p) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }                              \
    void __tsan_unaligned_read##n(void* p) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }                    \
    void __tsan_unaligned_write##n(void* p) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }
extern "C" {
HOOK(1) HOOK(2) HOOK(4) HOOK(8) HOOK(16)
void __tsan_read_range(void* p, size_t n) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }
void __tsan_write_range(void* p, size_t n) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
}

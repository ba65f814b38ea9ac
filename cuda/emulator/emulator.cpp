// vn_emu.cpp - fibers, barriers, warp exchange and the tiny host runtime behind device.h.
// Environment: VN_EMU_ORDER=forward|reverse|shuffle  order in which warps and lanes are resumed
//              VN_EMU_LAZY=1     stream work runs only when something waits for it
#include "device.h"
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <numeric>
#include <sys/mman.h>
#include <mutex>
#include <vector>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define SWITCH_TO(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define SWITCHED(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define SWITCH_TO(save, bottom, size) (void)0
#define SWITCHED(save, bottom, size) (void)0
#endif

// ---------------------------------------------------------------- context switch
#if defined(__x86_64__)
extern "C" void vn_emu_switch(void** save, void* load);
asm(R"(
.text
.globl vn_emu_switch
.type vn_emu_switch,@function
vn_emu_switch:
    endbr64
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size vn_emu_switch,.-vn_emu_switch
)");
struct Context { void* sp; };
static void make_context(Context& c, char* stack, size_t n, void (*entry)()) {
    auto top = reinterpret_cast<void**>((reinterpret_cast<uintptr_t>(stack) + n - 64) & ~uintptr_t(15));
    *top = reinterpret_cast<void*>(entry);            // "return address"; six saved registers below it
    std::fill(top - 6, top, nullptr);
    c.sp = top - 6;
}
static void switch_context(Context& from, Context& to) { vn_emu_switch(&from.sp, to.sp); }
#else                                                   // portable, one system call per switch
#include <ucontext.h>
struct Context { ucontext_t u; };
static void make_context(Context& c, char* stack, size_t n, void (*entry)()) {
    getcontext(&c.u); c.u.uc_stack.ss_sp = stack; c.u.uc_stack.ss_size = n; c.u.uc_link = nullptr;
    makecontext(&c.u, entry, 0);
}
static void switch_context(Context& from, Context& to) { swapcontext(&from.u, &to.u); }
#endif

namespace vn_emu {
Thread* cur = nullptr;
void (*race_region)(const void*, size_t, int) = nullptr;   // set by vn_emu_race.cpp: stacks=0, device=1, dyn=2
void (*race_launch)() = nullptr;
void (*race_write)(const void*, size_t, const void*) = nullptr;   // stores made on a thread's behalf

void fail(const char* fmt, ...) {
    fprintf(stderr, "vn_emu: ");
    if (cur) fprintf(stderr, "%s block (%u,%u,%u) thread (%u,%u,%u): ", cur->block->kernel, cur->block->bid.x,
                     cur->block->bid.y, cur->block->bid.z, cur->tid.x, cur->tid.y, cur->tid.z);
    va_list ap; va_start(ap, fmt); vfprintf(stderr, fmt, ap); va_end(ap);
    fputc('\n', stderr);
    abort();
}

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t STACK = 256 << 10;
#else
constexpr size_t STACK = 64 << 10;
#endif
struct Fiber { Context ctx; char* stack; void* fake = nullptr; struct Lane* lane = nullptr; };
struct Copy { void* dst; const void* src; int bytes, copied; };
enum State { FRESH, READY, AT_BLOCK, AT_WARP, DONE };
struct Lane {
    Thread t; State st; Fiber* fiber; Kind kind; unsigned mask; int pred;
    std::vector<std::vector<Copy>> groups; std::vector<Copy> open;
};
struct alignas(64) Warp { char in[32 * SLOT], out[32 * SLOT]; unsigned arrived, alive, busy; };

// Runs one block at a time.
struct Engine {
    Context home; void* home_fake = nullptr; const void* home_bottom = nullptr; size_t home_size = 0;
    char* arena = nullptr; std::vector<std::unique_ptr<Fiber>> all; std::vector<Fiber*> free_;
    std::vector<Lane> lanes; std::vector<Warp> warps; std::vector<char> dyn;
    Block block; const std::function<void()>* body; unsigned alive, waiting; int count, result; Fiber* running;

    static void entry();
    Fiber* take() {
        if (free_.empty()) {
            if (!arena) {
                arena = static_cast<char*>(mmap(nullptr, STACK * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
                if (race_region) race_region(arena, STACK * 1024, 0);
            }
            all.push_back(std::make_unique<Fiber>());
            Fiber* f = all.back().get(); f->stack = arena + STACK * (all.size() - 1);
            mprotect(f->stack, 4096, PROT_NONE);                      // guard page
            make_context(f->ctx, f->stack, STACK, entry);
            return f;
        }
        Fiber* f = free_.back(); free_.pop_back(); return f;
    }
    void resume(Lane& l) {
        if (l.st == FRESH) { l.fiber = take(); l.fiber->lane = &l; }
        l.st = READY; running = l.fiber; cur = &l.t;
        SWITCH_TO(&home_fake, running->stack, STACK);
        switch_context(home, running->ctx);
        SWITCHED(home_fake, nullptr, nullptr);
        cur = nullptr;
        if (l.st == DONE) { free_.push_back(l.fiber); retire(l); }
    }
    void pause() {                                                    // fiber -> scheduler
        Fiber* f = running;
        SWITCH_TO(&f->fake, home_bottom, home_size);
        switch_context(f->ctx, home);
        SWITCHED(f->fake, &home_bottom, &home_size);
    }
    void retire(Lane& l) {
        if (!l.open.empty() || !l.groups.empty()) { cur = &l.t; fail("thread ends with cp.async copies it never waited for"); }
        Warp& w = warps[l.t.warp]; w.alive &= ~(1u << l.t.lane);
        --alive; if (waiting && waiting == alive) release_block();
        for (auto& o : lanes) if (o.t.warp == l.t.warp && o.st == AT_WARP && (o.mask >> l.t.lane & 1)) { cur = &o.t; fail("warp mask %08x names lane %u, which has exited", o.mask, l.t.lane); }
    }
    void release_block() {
        for (auto& l : lanes) if (l.st == AT_BLOCK) { l.st = READY; ++l.t.warp_epoch; }
        result = count; count = 0; waiting = 0; ++block.epoch;
    }
    void run(dim3 bid) {
        block.bid = {bid.x, bid.y, bid.z}; block.epoch = 0;
        unsigned n = block.bdim.x * block.bdim.y * block.bdim.z;
        lanes.resize(n); warps.assign((n + 31) / 32, {}); alive = n; waiting = 0; count = 0;
        if (block.dyn_bytes) memset(block.dyn, 0xff, block.dyn_bytes);  // NaN in every float type
        for (unsigned i = 0; i < n; ++i) {
            lanes[i].t = {{i % block.bdim.x, i / block.bdim.x % block.bdim.y, i / (block.bdim.x * block.bdim.y)}, i, i % 32, i / 32, 0, &block};
            lanes[i].st = FRESH; lanes[i].groups.clear(); lanes[i].open.clear();
            warps[i / 32].alive |= 1u << i % 32;
        }
        std::vector<unsigned> order(n); std::iota(order.begin(), order.end(), 0u);
        const char* o = getenv("VN_EMU_ORDER");
        if (o && *o == 'r') std::reverse(order.begin(), order.end());
        if (o && *o == 's') for (unsigned i = n, s = 2463534242u + bid.x; i > 1; --i) { s ^= s << 13; s ^= s >> 17; s ^= s << 5; std::swap(order[i - 1], order[s % i]); }
        while (alive) {
            bool moved = false;
            for (unsigned b = 0; b < n; b += 32)                        // exhaust one group of lanes before the next
                for (bool again = true; again;) {
                    again = false;
                    for (unsigned i = b; i < std::min(b + 32, n); ++i)
                        if (lanes[order[i]].st <= READY) { resume(lanes[order[i]]); again = moved = true; }
                }
            if (!moved) stuck();
        }
    }
    void stuck() {
        for (auto& l : lanes) if (l.st == AT_BLOCK || l.st == AT_WARP)
            fprintf(stderr, "  thread %u waits at %s (mask %08x)\n", l.t.linear, l.st == AT_BLOCK ? "__syncthreads" : "a warp operation", l.mask);
        fail("deadlock in %s, block (%u,%u,%u)", block.kernel, block.bid.x, block.bid.y, block.bid.z);
    }
};
static std::unique_ptr<Engine> engine;
static Lane& lane() { return *engine->running->lane; }

void Engine::entry() {
    SWITCHED(nullptr, &engine->home_bottom, &engine->home_size);
    for (;;) { (*engine->body)(); engine->running->lane->st = DONE; engine->pause(); }
}

int block_barrier(int predicate) {
    Engine& e = *engine; Lane& l = lane();
    l.st = AT_BLOCK; l.mask = ~0u; e.count += predicate;
    if (++e.waiting == e.alive) e.release_block(); else e.pause();
    l.st = READY;
    return e.result;
}

const char* warp_exchange(unsigned mask, const void* v, size_t n, Kind k) {
    Engine& e = *engine; Lane& l = lane(); Warp& w = e.warps[l.t.warp];
    unsigned bit = 1u << l.t.lane;
    if (!(mask & bit)) fail("warp mask %08x does not name the calling lane", mask);
    if (mask & ~w.alive) fail("warp mask %08x names exited lanes %08x", mask, mask & ~w.alive);
    memcpy(w.in + l.t.lane * SLOT, v, n);
    l.mask = mask; l.kind = k; w.arrived |= bit;
    if ((w.arrived & mask) == mask) {
        unsigned first = l.t.linear - l.t.lane;
        for (unsigned i = 0; i < 32; ++i) if (mask >> i & 1) {
            Lane& o = e.lanes[first + i];
            if (o.mask != mask || o.kind != k) fail("lanes meet in different warp operations (lane %u: mask %08x)", i, o.mask);
            memcpy(w.out + i * SLOT, w.in + i * SLOT, SLOT);
            o.st = READY;
            if (k == SYNCWARP || k == MMA || k == LDMATRIX) ++o.t.warp_epoch;   // a shuffle orders no memory
        }
        w.arrived &= ~mask;
    } else { l.st = AT_WARP; e.pause(); }
    return w.out;
}

// An asynchronous copy lands when it is waited for, never earlier; until then the target is NaN.
void cp_async(void* d, const void* s, int n, int copied) {
    if ((uintptr_t(d) | uintptr_t(s)) & (n - 1)) fail("cp.async address is not aligned to %d bytes", n);
    if (race_write) race_write(d, n, __builtin_return_address(0));    // it may land at any time from here on
    memset(d, 0xff, n); lane().open.push_back({d, s, n, copied});
}
void cp_commit() { Lane& l = lane(); l.groups.push_back(std::move(l.open)); l.open.clear(); }
void cp_wait(int pending) {
    auto& g = lane().groups;
    while (int(g.size()) > pending) {
        for (auto& c : g.front()) {
            if (race_write) race_write(c.dst, c.bytes, __builtin_return_address(0));
            memcpy(c.dst, c.src, c.copied); memset(static_cast<char*>(c.dst) + c.copied, 0, c.bytes - c.copied);
        }
        g.erase(g.begin());
    }
}
float atomic_add(float* p, float v) {
    auto u = reinterpret_cast<unsigned*>(p); unsigned o = __atomic_load_n(u, __ATOMIC_RELAXED), w; float f;
    do { memcpy(&f, &o, 4); float s = f + v; memcpy(&w, &s, 4); } while (!__atomic_compare_exchange_n(u, &o, w, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return f;
}
unsigned atomic_add(unsigned* p, unsigned v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
unsigned long long atomic_add(unsigned long long* p, unsigned long long v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
unsigned atomic_cas(unsigned* p, unsigned e, unsigned v) { __atomic_compare_exchange_n(p, &e, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); return e; }

static void run_grid(dim3 g, dim3 b, size_t dyn, const char* name, const std::function<void()>& body) {
    if (race_launch) race_launch();
    static std::mutex one_kernel_at_a_time; std::lock_guard lock(one_kernel_at_a_time);
    unsigned long total = (unsigned long)g.x * g.y * g.z, next = 0;
    auto work = [&] {
        if (!engine) engine = std::make_unique<Engine>();
        Engine& e = *engine; e.body = &body;
        void* buf = dyn ? aligned_alloc(128, (dyn + 127) & ~size_t(127)) : nullptr;   // heap: ASan sees its end
        e.block.bdim = b; e.block.gdim = g; e.block.dyn = static_cast<char*>(buf); e.block.dyn_bytes = dyn; e.block.kernel = name;
        if (race_region && dyn) race_region(buf, dyn, 2);
        for (unsigned long i; (i = next++) < total;) e.run(dim3(i % g.x, i / g.x % g.y, i / ((unsigned long)g.x * g.y)));
        free(buf);
    };
    work();
}

int launch(dim3 g, dim3 b, size_t dyn, vn_emu_stream* s, const char* name, std::function<void()> body) {
    if (!(b.x && b.y && b.z && g.x && g.y && g.z) || b.x * b.y * b.z > 1024 || b.z > 64 || g.y > 65535 || g.z > 65535 || dyn > 227 * 1024)
        return cudaErrorInvalidValue;
    enqueue(s, [=, body = std::move(body)] { run_grid(g, b, dyn, name, body); });
    return cudaSuccess;
}
}  // namespace vn_emu

// ---------------------------------------------------------------- streams, events, graphs, memory
using Fn = std::function<void()>;
struct vn_emu_graph { std::vector<Fn> nodes; };
struct vn_emu_stream {
    std::vector<Fn> todo; size_t done = 0; vn_emu_graph* capture = nullptr;
    void drain(size_t to) { while (done < to) { Fn f = std::move(todo[done++]); f(); } if (done == todo.size()) base += done, done = 0, todo.clear(); }
    size_t base = 0;
    void reach(size_t absolute) { if (absolute > base) drain(std::min(absolute - base, todo.size())); }
};
struct vn_emu_event { vn_emu_stream* s = nullptr; size_t at = 0; };
static vn_emu_stream null_stream; static std::vector<vn_emu_stream*> streams{&null_stream};
static vn_emu_stream* of(cudaStream_t s) { return s ? s : &null_stream; }
void vn_emu::enqueue(vn_emu_stream* s, Fn f) {
    static const bool lazy = getenv("VN_EMU_LAZY") != nullptr;
    s = of(s);
    if (s->capture) { s->capture->nodes.push_back(std::move(f)); return; }
    s->todo.push_back(std::move(f)); if (!lazy) s->drain(s->todo.size());
}
cudaError_t cudaMalloc(void** p, size_t n) {
    *p = aligned_alloc(256, (std::max<size_t>(n, 1) + 255) & ~size_t(255));
    if (!*p) return cudaErrorMemoryAllocation;
    memset(*p, 0xff, n); if (vn_emu::race_region) vn_emu::race_region(*p, n, 1); return cudaSuccess;
}
cudaError_t cudaFree(void* p) { cudaDeviceSynchronize(); free(p); return cudaSuccess; }
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, cudaMemcpyKind, cudaStream_t st) { vn_emu::enqueue(st, [=] { memcpy(d, s, n); }); return cudaSuccess; }
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, cudaMemcpyKind) { null_stream.drain(null_stream.todo.size()); memcpy(d, s, n); return cudaSuccess; }
cudaError_t cudaMemsetAsync(void* d, int v, size_t n, cudaStream_t st) { vn_emu::enqueue(st, [=] { memset(d, v, n); }); return cudaSuccess; }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { streams.push_back(*s = new vn_emu_stream); return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { of(s)->drain(of(s)->todo.size()); return cudaSuccess; }
cudaError_t cudaStreamDestroy(cudaStream_t s) { cudaStreamSynchronize(s); std::erase(streams, s); delete s; return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() { for (auto s : streams) s->drain(s->todo.size()); return cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { *e = new vn_emu_event; return cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { delete e; return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) { *e = {of(s), of(s)->base + of(s)->todo.size()}; return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t e) { if (e->s) e->s->reach(e->at); return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) { vn_emu_event c = *e; vn_emu::enqueue(s, [c] { if (c.s) c.s->reach(c.at); }); return cudaSuccess; }
cudaError_t cudaStreamBeginCapture(cudaStream_t s, int) { s->capture = new vn_emu_graph; return cudaSuccess; }
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) { *g = s->capture; s->capture = nullptr; return cudaSuccess; }
cudaError_t cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus* status) { *status = of(s)->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone; return cudaSuccess; }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* x, cudaGraph_t g, unsigned long long) { *x = g; return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s) { for (auto& f : x->nodes) vn_emu::enqueue(s, f); return cudaSuccess; }
cudaError_t cudaGetLastError() { return cudaSuccess; }

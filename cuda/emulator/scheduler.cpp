// Runs the blocks of a kernel one after another, each CUDA thread as a fiber. A thread runs until it waits or ends; then
// the next one that can run goes on, straight from fiber to fiber. Threads that never wait share one fiber, so that an
// element-wise kernel costs little more than a loop.
#include "scheduler.h"

#include <cstdio>
#include <map>
#include <numeric>
#include <set>

namespace vn_emu {

Thread* cur = nullptr;

namespace {

enum class Order { forward, reverse, shuffle };
Order the_order() {
  static const Order order = [] {
    switch (*setting("VN_EMU_ORDER")) {
      case 'r': return Order::reverse;
      case 's': return Order::shuffle;
      default: return Order::forward;
    }
  }();
  return order;
}

// Dynamic shared memory of a launch, at the end of a heap block of its own: AddressSanitizer sees where it ends.
struct SharedMemory {
  explicit SharedMemory(size_t n) {
    if (n > 0 && posix_memalign(&memory, 128, n)) fail({}, "no memory");
    if (n > 0 && races) races->add(memory, n, Memory::shared);
  }
  ~SharedMemory() {
    if (memory && races) races->remove(memory);
    free(memory);
  }
  void* memory = nullptr;
};

std::map<const void*, size_t>& shared_limits() {
  static std::map<const void*, size_t> limits;
  return limits;
}

// Sites that VN_EMU_SITES asks for, written when the process ends.
struct Sites {
  const std::string path = setting("VN_EMU_SITES");
  std::set<std::string> reached;
  ~Sites() {
    FILE* file = path.empty() ? nullptr : fopen(path.c_str(), "w");
    if (!file) return;
    for (const std::string& site : reached) fprintf(file, "%s\n", site.c_str());
    fclose(file);
  }
};

}  // namespace

Scheduler scheduler;
const bool may_skip = *setting("VN_EMU_SKIP") || *setting("VN_EMU_SITES");

bool is_skipped(Site site) {
  static const std::string skipped = setting("VN_EMU_SKIP");
  static Sites sites;
  if (!sites.path.empty()) sites.reached.insert(text_of(site));
  return text_of(site) == skipped;
}

// ---- fibers

Fiber* Scheduler::take_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(Fiber{new_fiber(int(fibers_.size()), fiber_main)}));
    return fibers_.back().get();
  }
  Fiber* fiber = idle_.back();
  idle_.pop_back();
  return fiber;
}

void Scheduler::fiber_main() {
  fiber_started();
  Scheduler& s = scheduler;
  for (;;) {
    (*s.body_)();
    Fiber* fiber = s.current_->fiber;
    s.end(*s.current_);
    Lane* next = s.next();
    if (next && !next->fiber) {
      next->fiber = fiber;
      s.current_ = next;
      cur = &next->thread;
      continue;
    }
    if (!next && s.alive_ > 0) s.deadlock();
    s.idle_.push_back(fiber);
    if (next) {
      s.enter(fiber->context, *next);
    } else {
      cur = nullptr;
      switch_context(fiber->context, s.home_);
    }
  }
}

void Scheduler::end(Lane& lane) {
  if (!lane.copies.empty()) fail(lane.copies.front().site, "the thread ends with a cp.async that it never waited for");
  clear_runnable(lane);
  lane.fiber = nullptr;
  Warp& warp = warps_[lane.thread.warp];
  warp.alive &= ~(1u << lane.thread.lane);
  alive_--;
  if (warp.arrived) {
    for (unsigned i = 0; i < 32; i++) {
      Lane& other = lanes_[lane.thread.warp * 32 + i];
      if (warp.arrived >> i & 1 && other.mask >> lane.thread.lane & 1) {
        cur = &other.thread;
        fail(other.site, "mask %08x names lane %u, which has ended", other.mask, lane.thread.lane);
      }
    }
  }
  if (waiting_ > 0 && waiting_ == alive_) release_barrier();
}

void Scheduler::deadlock() {
  unsigned shown = 0;
  for (const Lane& lane : lanes_) {
    if (lane.waits == Waits::nowhere || shown++ >= 8) continue;
    fprintf(stderr, "  thread %u waits at %s of %s (mask %08x)\n", lane.thread.linear,
            lane.waits == Waits::at_barrier ? "the barrier" : "the warp operation", text_of(lane.site).c_str(), lane.mask);
  }
  for (Lane& lane : lanes_) {
    if (lane.waits == Waits::nowhere) continue;
    cur = &lane.thread;
    fail(lane.site, "deadlock: every thread waits");
  }
  fail({}, "deadlock");
}

// ---- the barrier of a block

int Scheduler::barrier(int predicate, Site site) {
  Lane& lane = running();
  if (waiting_ == 0) {
    barrier_site_ = site;
  } else if (!is_same(barrier_site_, site)) {
    fail(site, "other threads of the block wait at another barrier, %s", text_of(barrier_site_).c_str());
  }
  count_ += predicate;
  if (++waiting_ == alive_) {
    release_barrier();
  } else {
    lane.site = site;
    lane.mask = whole_warp;
    wait(lane, Waits::at_barrier);
  }
  return result_;
}

void Scheduler::release_barrier() {
  if (waiting_ > 1) {
    for (Lane& lane : lanes_) {
      if (lane.waits == Waits::at_barrier) release(lane);
    }
  }
  result_ = count_;
  count_ = 0;
  waiting_ = 0;
  block_.barriers++;
}

// ---- grids

void Scheduler::shuffle() {
  unsigned state = 2463534242u + block_.index.x + 7919 * block_.index.y;
  for (unsigned i = unsigned(order_.size()); i > 1; i--) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    std::swap(order_[i - 1], order_[state % i]);
  }
  for (unsigned i = 0; i < order_.size(); i++) lanes_[order_[i]].position = i;
}

// What is the same in every block of a launch.
void Scheduler::lay_out(unsigned threads) {
  const dim3 size = block_.size;
  lanes_.resize(threads);
  warps_.resize((threads + 31) / 32);
  runnable_.resize((threads + 31) / 32);
  order_.resize(threads);
  std::iota(order_.begin(), order_.end(), 0u);
  if (the_order() == Order::reverse) std::reverse(order_.begin(), order_.end());
  for (unsigned i = 0; i < threads; i++) {
    Lane& lane = lanes_[i];
    lane.thread = {{i % size.x, i / size.x % size.y, i / (size.x * size.y)}, i, i % 32, i / 32, &block_};
    lane.fiber = nullptr;
    lane.waits = Waits::nowhere;
    lanes_[order_[i]].position = i;
  }
}

void Scheduler::run_block(unsigned x, unsigned y, unsigned z) {
  block_.index = {x, y, z};
  block_.barriers = 0;
  block_.serial++;
  if (block_.shared_bytes) memset(block_.shared, 0xff, block_.shared_bytes);  // NaN in every float type
  if (races) races->block(block_);
  const unsigned threads = unsigned(lanes_.size());
  for (unsigned w = 0; w < warps_.size(); w++) {
    runnable_[w] = threads - w * 32 >= 32 ? ~0u : (1u << (threads - w * 32)) - 1;
    warps_[w].alive = runnable_[w];
    warps_[w].arrived = warps_[w].turn = 0;
  }
  if (the_order() == Order::shuffle) shuffle();
  alive_ = threads;
  waiting_ = 0;
  count_ = 0;
  group_ = cursor_ = 0;
  enter(home_, *next());
}

void Scheduler::run_grid(dim3 grid, dim3 block, size_t shared_bytes, const char* name,
                         const std::function<void()>& body) {
  if (cur) fail({}, "a kernel launches %s", name);
  SharedMemory shared(shared_bytes);
  block_.size = block;
  block_.grid = grid;
  block_.shared = static_cast<char*>(shared.memory);
  block_.shared_bytes = shared_bytes;
  home_ = {};  // this host thread's stack
  body_ = &body;
  auto& [kernel, counts] = counts_of(name);
  block_.kernel = kernel.c_str();
  counts_ = &counts;
  counts_->launches++;
  if (races) races->launch();
  lay_out(block.x * block.y * block.z);
  for (unsigned z = 0; z < grid.z; z++) {
    for (unsigned y = 0; y < grid.y; y++) {
      for (unsigned x = 0; x < grid.x; x++) run_block(x, y, z);
    }
  }
}

// ---- what kernels and hosts call

void allow_shared(const void* kernel, size_t bytes) {
  std::lock_guard lock(the_lock);
  shared_limits()[kernel] = bytes;
}

int launch(dim3 grid, dim3 block, size_t shared_bytes, vn_emu_stream* stream, const char* name, const void* kernel,
           std::function<void()> body) {
  std::lock_guard lock(the_lock);
  const auto limit = shared_limits().find(kernel);
  const bool fits = shared_bytes <= (limit == shared_limits().end() ? 48 << 10 : std::max<size_t>(limit->second, 48 << 10));
  const bool has_threads = block.x > 0 && block.y > 0 && block.z > 0 && block.z <= 64 && block.x <= 1024 &&
                           block.y <= 1024 && block.x * block.y * block.z <= 1024;
  const bool has_blocks = grid.x > 0 && grid.x <= 0x7fffffff && grid.y > 0 && grid.y <= 65535 && grid.z > 0 &&
                          grid.z <= 65535;
  if (!fits || !has_threads || !has_blocks) return cudaErrorInvalidValue;
  enqueue(stream, [=, body = std::move(body)] { scheduler.run_grid(grid, block, shared_bytes, name, body); });
  return cudaSuccess;
}

int block_barrier(int predicate, Site site) {
  if (may_skip && is_skipped(site)) return predicate;
  return scheduler.barrier(predicate, site);
}

}  // namespace vn_emu

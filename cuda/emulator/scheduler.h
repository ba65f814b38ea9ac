// The state of the running kernel: its threads as lanes of warps, and who may run next.
#pragma once
#include <memory>
#include <vector>

#include "fiber.h"
#include "internal.h"

namespace vn_emu {

struct Fiber {
  Context context;
};

// A cp.async under way.
struct Copy {
  void* to;
  const void* from;
  int bytes, copied;
  unsigned group;
  Site site;
};

struct alignas(64) Slots {
  char bytes[32 * SLOT];
};

enum class Waits { nowhere, at_barrier, at_warp };

struct Lane {
  Thread thread;
  Fiber* fiber;       // null: it has not begun, or it has ended
  unsigned position;  // in the order of running
  Waits waits;
  Kind kind;  // of the exchange it waits in
  unsigned mask;
  Site site;
  std::vector<Copy> copies;
  unsigned committed;               // groups of copies
  std::unique_ptr<Slots> received;  // what an exchange of part of the warp brought
};

struct Warp {
  // Whole warps exchange in turn through two sets of slots: who is late reads one while others fill the next.
  Slots whole[2], part;
  unsigned turn, arrived, alive;
};

class __attribute__((visibility("hidden"))) Scheduler {
 public:
  void run_grid(dim3 grid, dim3 block, size_t shared_bytes, const char* name, const std::function<void()>& body);

  int barrier(int predicate, Site site);
  const char* exchange(unsigned mask, const void* value, size_t n, Kind kind, Site site, Combine combine);
  Lane& running() { return *current_; }

 private:
  static void fiber_main();
  void run_block(unsigned x, unsigned y, unsigned z);
  void lay_out(unsigned threads);
  void shuffle();
  Fiber* take_fiber();
  Lane* next();
  void enter(Context& from, Lane& lane);
  void wait(Lane& lane, Waits where);
  void release(Lane& lane);
  void release_barrier();
  void end(Lane& lane);
  void meet(Lane& last, Warp& warp, Slots& slots);
  [[noreturn]] void deadlock();
  void clear_runnable(const Lane& lane) { runnable_[lane.position / 32] &= ~(1u << lane.position % 32); }

  Context home_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;

  Block block_ = {};
  const std::function<void()>* body_ = nullptr;
  Counts* counts_ = nullptr;
  std::vector<Lane> lanes_;
  std::vector<Warp> warps_;
  std::vector<unsigned> order_;     // lanes by position; positions are dealt with in groups of 32
  std::vector<unsigned> runnable_;  // a bit per position
  unsigned group_ = 0, cursor_ = 0;
  Lane* current_ = nullptr;
  unsigned alive_ = 0;
  unsigned waiting_ = 0;  // at the barrier
  int count_ = 0, result_ = 0;
  Site barrier_site_;
};

extern Scheduler scheduler __attribute__((visibility("hidden")));

// ---- what happens at every wait, inline

// A group of lanes runs until all of them wait, then the next group.
inline Lane* Scheduler::next() {
  for (size_t tried = 0; tried <= runnable_.size(); tried++) {
    if (const unsigned ready = runnable_[group_]) {
      const unsigned later = ready & ~0u << cursor_;
      cursor_ = unsigned(__builtin_ctz(later ? later : ready));
      return &lanes_[order_[group_ * 32 + cursor_]];
    }
    group_ = group_ + 1 == runnable_.size() ? 0 : group_ + 1;
    cursor_ = 0;
  }
  return nullptr;
}

inline void Scheduler::enter(Context& from, Lane& lane) {
  if (!lane.fiber) lane.fiber = take_fiber();
  current_ = &lane;
  cur = &lane.thread;
  switch_context(from, lane.fiber->context);
}

inline void Scheduler::wait(Lane& lane, Waits where) {
  lane.waits = where;
  clear_runnable(lane);
  Lane* other = next();
  if (!other) deadlock();
  enter(lane.fiber->context, *other);
}

inline void Scheduler::release(Lane& lane) {
  lane.waits = Waits::nowhere;
  runnable_[lane.position / 32] |= 1u << lane.position % 32;
}

inline bool is_same(Site a, Site b) {
  return a.line() == b.line() && (a.file_name() == b.file_name() || strcmp(a.file_name(), b.file_name()) == 0);
}

// Whether VN_EMU_SKIP names the barrier at this place; notes the place where VN_EMU_SITES asks for it.
extern const bool may_skip __attribute__((visibility("hidden")));
bool is_skipped(Site site);

}  // namespace vn_emu

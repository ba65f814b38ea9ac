// Fibers: stacks to switch between, without the kernel of the operating system where that is possible.
#pragma once
#include <cstddef>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace vn_emu {

// A stack at rest, or the thread's own.
struct Context {
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t state;
#endif
  // What AddressSanitizer has to be told of a switch.
  const void* bottom = nullptr;
  size_t bytes = 0;
  void* fake_stack = nullptr;
};

constexpr int most_fibers = 1024;

// Makes a context that starts `entry` when it is switched to, on stack `number` of most_fibers.
Context new_fiber(int number, void (*entry)());
// From `from`, which runs, to `to`; returns when something switches back to `from`.
void switch_context(Context& from, Context& to);
// The first thing that `entry` calls.
void fiber_started();

// All stacks: [stacks, stacks + stacks_bytes).
extern char* stacks;
extern const size_t stacks_bytes;

}  // namespace vn_emu

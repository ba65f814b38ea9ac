// Switching between stacks: the registers that a call preserves are pushed, the stack pointer is exchanged, and they are
// popped again. The sanitizers are told which stack is running.
#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
extern "C" void vn_emu_switch(void** save, void* load);
asm(R"(
.text
.globl vn_emu_switch
.hidden vn_emu_switch
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
#endif

namespace vn_emu {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t stack_bytes = 256 << 10;
#else
constexpr size_t stack_bytes = 128 << 10;
#endif
constexpr size_t page = 4096;
Context* left = nullptr;  // the context that was switched away from last

}  // namespace

char* stacks = nullptr;
const size_t stacks_bytes = stack_bytes * most_fibers;

Context new_fiber(int number, void (*entry)()) {
  if (!stacks) {
    void* memory = mmap(nullptr, stacks_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      perror("vn_emu: no memory for the stacks of CUDA threads");
      abort();
    }
    stacks = static_cast<char*>(memory);
  }
  char* stack = stacks + stack_bytes * size_t(number);
  mprotect(stack, page, PROT_NONE);  // running out of stack is a fault, not a neighbour's data
  Context context;
  context.bottom = stack;
  context.bytes = stack_bytes;
  // Stacks begin at different places of a page, or the same lines of all of them would share one set of the cache.
  const size_t colour = size_t(number) * 832 % (4 * page) / 64 * 64;
#if defined(__x86_64__)
  void** top = reinterpret_cast<void**>(stack + stack_bytes - 64 - colour);
  *top = reinterpret_cast<void*>(entry);  // the return address; six saved registers below it
  for (int i = 1; i <= 6; i++) top[-i] = nullptr;
  context.stack_pointer = top - 6;
#else
  getcontext(&context.state);
  context.state.uc_stack.ss_sp = stack;
  context.state.uc_stack.ss_size = stack_bytes - colour;
  context.state.uc_link = nullptr;
  makecontext(&context.state, entry, 0);
#endif
  return context;
}

void fiber_started() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &left->bottom, &left->bytes);
#endif
}

void switch_context(Context& from, Context& to) {
  left = &from;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.bytes);
#endif
#if defined(__x86_64__)
  vn_emu_switch(&from.stack_pointer, to.stack_pointer);
#else
  swapcontext(&from.state, &to.state);
#endif
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom;
  size_t bytes;
  __sanitizer_finish_switch_fiber(from.fake_stack, &bottom, &bytes);
  if (left->bytes == 0) {  // the thread's own stack: known only now
    left->bottom = bottom;
    left->bytes = bytes;
  }
#endif
}

}  // namespace vn_emu

// What the parts of the emulator share and kernels do not see.
#pragma once
#include <mutex>
#include <string>

#include "runtime.h"

namespace vn_emu {

// Streams, memory and kernels: one call at a time, whichever host thread makes it. Work of a stream may start more.
extern std::recursive_mutex the_lock;

// A setting from the environment, or "".
const char* setting(const char* name);
// "adamw.cu:88" of a place in the source.
std::string text_of(Site site);
// The same of an address in the program, from its debug information, or "library+offset".
std::string text_of(const void* pc);

// Counts of one kernel, by its name in the launch without parentheses and template arguments; see report.cpp.
struct Counts {
  int64_t launches = 0, tensor_core_instructions = 0;
};
std::pair<const std::string, Counts>& counts_of(const char* launched);
void reset_report();

// The race detector, where it is linked in (race.cpp).
enum class Memory { device, shared };
struct RaceDetector {
  void (*add)(const void* p, size_t n, Memory kind);
  void (*remove)(const void* p);
  void (*launch)();                                     // a kernel starts
  void (*block)(const Block& block);                    // a block starts
  void (*warp_sync)(const Thread& any, unsigned mask);  // the lanes of mask have met in a __syncwarp
  void (*read)(const void* p, size_t n, const void* pc);   // accesses made for the running thread
  void (*write)(const void* p, size_t n, const void* pc);
  unsigned (*reports)();
};
extern const RaceDetector* races;  // null: there is none

}  // namespace vn_emu

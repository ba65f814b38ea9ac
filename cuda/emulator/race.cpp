// The data race detector. The kernels are compiled with -fsanitize=thread, but this file takes the place of its runtime:
// the compiler reports every load and store, and here are CUDA's rules. Two accesses, one of them a store, race
//   - in one block unless a __syncthreads lies between them, or, in one warp, a __syncwarp (a vector clock per lane);
//   - in different blocks of one launch always, in device memory.
// Atomics are left out. So is the host, but for one thing: host code of a .cu file must not touch device memory.
#include <link.h>

#include <cstdio>
#include <map>
#include <memory>
#include <vector>

#include "fiber.h"
#include "internal.h"

namespace vn_emu {
namespace {

struct Access {
  unsigned block = 0;  // serial number; 0: none
  unsigned thread = 0, barriers = 0;
  unsigned clock = 0;  // of the lane
  unsigned place = 0;  // pc, from the library's first byte
  unsigned bytes = 0;  // bit i: byte i of the cell
};
struct Cell {  // of two bytes; of stores of single bytes it keeps the last
  Access write, read[2];
};
constexpr size_t page_cells = 512;
struct Page {
  Cell cells[page_cells];
};

struct Region {
  size_t bytes;
  Memory kind;
  std::vector<std::unique_ptr<Page>> pages;  // made when touched
};

struct LaneClock {
  unsigned of[32];  // what this lane knows of each lane of its warp
};

std::map<uintptr_t, Region> regions;
const std::pair<const uintptr_t, Region>* last_region = nullptr;
unsigned first_block = 0;  // of the running launch
unsigned found = 0;
std::vector<LaneClock> clocks;  // of the threads of the running block
uintptr_t library = 0;          // where the kernels' library begins

// The writable data of the library that `pc` lies in, which holds its __shared__ variables.
void add_library(const void* pc) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        const uintptr_t pc = uintptr_t(data), base = info->dlpi_addr;
        bool is_here = false;
        for (int i = 0; i < info->dlpi_phnum; i++) {
          const auto& part = info->dlpi_phdr[i];
          is_here |= part.p_type == PT_LOAD && pc >= base + part.p_vaddr && pc < base + part.p_vaddr + part.p_memsz;
        }
        if (!is_here) return 0;
        library = base ? base : 1;
        for (int i = 0; i < info->dlpi_phnum; i++) {
          const auto& part = info->dlpi_phdr[i];
          if (part.p_type == PT_LOAD && part.p_flags & PF_W) {
            races->add(reinterpret_cast<void*>(base + part.p_vaddr), part.p_memsz, Memory::shared);
          }
        }
        return 1;
      },
      const_cast<void*>(pc));
}

const std::pair<const uintptr_t, Region>* region_of(uintptr_t address) {
  if (last_region && address - last_region->first < last_region->second.bytes) return last_region;
  auto at = regions.upper_bound(address);
  if (at == regions.begin()) return nullptr;
  --at;
  return address - at->first < at->second.bytes ? last_region = &*at : nullptr;
}

Cell& cell(const Region& region, size_t offset) {
  const size_t index = offset / 2;
  auto& page = const_cast<Region&>(region).pages[index / page_cells];
  if (!page) page = std::make_unique<Page>();
  return page->cells[index % page_cells];
}

bool is_race(const Access& before, const Access& now, Memory kind) {
  if (before.block < first_block || before.block == 0) return false;  // of an earlier launch
  if (!(before.bytes & now.bytes)) return false;
  if (before.block != now.block) return kind == Memory::device;
  if (before.thread == now.thread || before.barriers != now.barriers) return false;
  if (before.thread / 32 != now.thread / 32) return true;
  return clocks[now.thread].of[before.thread % 32] <= before.clock;
}

std::string text_of(const Access& access) {
  return "block " + std::to_string(access.block - first_block) + " thread " + std::to_string(access.thread) + " at " +
         vn_emu::text_of(reinterpret_cast<const void*>(library + access.place));
}

void report(const char* what, const void* address, Memory kind, const Access& before, const Access& now) {
  static const bool is_fatal = *setting("VN_EMU_STOP");
  if (found++ < 4) {
    fprintf(stderr, "vn_emu: race in %s: %s in %s memory at %p: %s, then %s\n", cur->block->kernel, what,
            kind == Memory::device ? "device" : "shared", address, text_of(before).c_str(), text_of(now).c_str());
  }
  if (is_fatal) fail({}, "a data race");
}

void touch(const void* p, size_t n, bool is_write, const void* pc) {
  const uintptr_t address = uintptr_t(p);
  if (address - uintptr_t(stacks) < stacks_bytes && stacks) return;  // a thread's own
  if (!cur) {
    const auto* at = region_of(address);
    if (at && at->second.kind == Memory::device) {
      fprintf(stderr, "vn_emu: host code at %s touches device memory %p\n", vn_emu::text_of(pc).c_str(), p);
      abort();
    }
    return;
  }
  if (!library) add_library(pc);
  const auto* at = region_of(address);
  if (!at) return;
  const auto& [base, region] = *at;
  Access now{cur->block->serial, cur->linear, cur->block->barriers, clocks[cur->linear].of[cur->lane],
             unsigned(uintptr_t(pc) - library), 3};
  if (n == 1) now.bytes = 1 << (address - base) % 2;
  const size_t end = std::min(address - base + n, region.bytes);
  for (size_t offset = (address - base) / 2 * 2; offset < end; offset += 2) {
    Cell& c = cell(region, offset);
    if (is_race(c.write, now, region.kind)) {
      return report(is_write ? "write after write" : "read after write", p, region.kind, c.write, now);
    }
    if (is_write) {
      for (const Access& read : c.read) {
        if (is_race(read, now, region.kind)) return report("write after read", p, region.kind, read, now);
      }
      c.write = now;
      c.read[0] = c.read[1] = Access();
    } else if (!is_race(c.read[0], now, region.kind)) {
      c.read[0] = now;  // two readers that know nothing of each other are kept
    } else {
      c.read[1] = now;
    }
  }
}

// ---- what the emulator tells

const RaceDetector detector = {
    .add =
        [](const void* p, size_t n, Memory kind) {
          races->remove(p);
          Region region{n, kind, {}};
          region.pages.resize((n / 2 + page_cells) / page_cells + 1);
          regions.emplace(uintptr_t(p), std::move(region));
        },
    .remove =
        [](const void* p) {
          last_region = nullptr;
          regions.erase(uintptr_t(p));
        },
    .launch = [] { first_block = 0; },
    .block =
        [](const Block& block) {
          if (first_block == 0) first_block = block.serial;
          clocks.assign(block.size.x * block.size.y * block.size.z, LaneClock{});
          for (size_t i = 0; i < clocks.size(); i++) clocks[i].of[i % 32] = 1;
        },
    .warp_sync =
        [](const Thread& any, unsigned mask) {
          LaneClock joined = {};
          LaneClock* warp = &clocks[any.warp * 32];
          for (unsigned lane = 0; lane < 32; lane++) {
            if (!(mask >> lane & 1)) continue;
            for (unsigned i = 0; i < 32; i++) joined.of[i] = std::max(joined.of[i], warp[lane].of[i] + (i == lane));
          }
          for (unsigned lane = 0; lane < 32; lane++) {
            if (mask >> lane & 1) warp[lane] = joined;
          }
        },
    .read = [](const void* p, size_t n, const void* pc) { touch(p, n, false, pc); },
    .write = [](const void* p, size_t n, const void* pc) { touch(p, n, true, pc); },
    .reports = [] { return found; },
};

const bool is_linked = [] {
  races = &detector;
  return true;
}();

}  // namespace
}  // namespace vn_emu

// ---- what the compiler calls

#define VN_HOOKS(n)                                                                                      \
  void __tsan_read##n(void* p) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }              \
  void __tsan_write##n(void* p) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }              \
  void __tsan_unaligned_read##n(void* p) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }    \
  void __tsan_unaligned_write##n(void* p) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }
extern "C" {
VN_HOOKS(1)
VN_HOOKS(2)
VN_HOOKS(4)
VN_HOOKS(8)
VN_HOOKS(16)
void __tsan_read_range(void* p, size_t n) { vn_emu::touch(p, n, false, __builtin_return_address(0)); }
void __tsan_write_range(void* p, size_t n) { vn_emu::touch(p, n, true, __builtin_return_address(0)); }
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
}

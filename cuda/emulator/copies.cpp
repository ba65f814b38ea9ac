// cp.async. A copy lands when it is waited for, never earlier, and until then its target is NaN: the latest that hardware
// may be, and what a kernel that forgets to wait would see.
#include "scheduler.h"

namespace vn_emu {

void cp_async(void* to, const void* from, int bytes, int copied, Site site) {
  if ((uintptr_t(to) | uintptr_t(from)) & unsigned(bytes - 1)) fail(site, "cp.async: an address is no multiple of %d", bytes);
  if (races) {
    races->write(to, size_t(bytes), __builtin_return_address(0));  // from here on it may land at any time
    races->read(from, size_t(copied), __builtin_return_address(0));
  }
  memset(to, 0xff, size_t(bytes));
  Lane& lane = scheduler.running();
  if (lane.copies.empty()) lane.committed = 0;
  lane.copies.push_back({to, from, bytes, copied, lane.committed, site});
}

void cp_commit() { scheduler.running().committed++; }

void cp_wait(int pending, Site) {
  Lane& lane = scheduler.running();
  size_t landed = 0;
  while (landed < lane.copies.size() && lane.copies[landed].group + unsigned(pending) < lane.committed) {
    const Copy& copy = lane.copies[landed++];
    if (races) races->write(copy.to, size_t(copy.bytes), __builtin_return_address(0));
    memcpy(copy.to, copy.from, size_t(copy.copied));
    memset(static_cast<char*>(copy.to) + copy.copied, 0, size_t(copy.bytes - copy.copied));
  }
  lane.copies.erase(lane.copies.begin(), lane.copies.begin() + ptrdiff_t(landed));
}

}  // namespace vn_emu

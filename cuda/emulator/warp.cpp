// Operations of a warp: each lane brings a value and waits; the last to come lets all go on with the values of all.
#include "scheduler.h"

namespace vn_emu {

const char* Scheduler::exchange(unsigned mask, const void* value, size_t n, Kind kind, Site site, Combine combine) {
  Lane& lane = running();
  Warp& warp = warps_[lane.thread.warp];
  const unsigned bit = 1u << lane.thread.lane;
  if (!(mask & bit)) fail(site, "mask %08x does not name the calling lane", mask);
  if (mask & ~warp.alive) fail(site, "mask %08x names lanes %08x, which have ended", mask, mask & ~warp.alive);
  const bool is_whole = mask == whole_warp;
  Slots& slots = is_whole ? warp.whole[warp.turn] : warp.part;
  char* slot = slots.bytes + lane.thread.lane * SLOT;
  n == 4 ? memcpy(slot, value, 4) : memcpy(slot, value, n);
  lane.mask = mask;
  lane.kind = kind;
  lane.site = site;
  warp.arrived |= bit;
  if ((warp.arrived & mask) != mask) {
    wait(lane, Waits::at_warp);
  } else {
    if (combine) combine(slots.bytes);
    meet(lane, warp, slots);
  }
  return is_whole ? slots.bytes : lane.received->bytes;
}

// All lanes of the last one's mask are here.
void Scheduler::meet(Lane& last, Warp& warp, Slots& slots) {
  const unsigned mask = last.mask;
  Lane* first = &lanes_[last.thread.warp * 32];
  for (unsigned i = 0; i < 32; i++) {
    if (!(mask >> i & 1)) continue;
    Lane& lane = first[i];
    if (lane.mask != mask || lane.kind != last.kind || (last.kind != SYNCWARP && !is_same(lane.site, last.site))) {
      fail(last.site, "lane %u is in another warp operation, with mask %08x at %s", i, lane.mask,
           text_of(lane.site).c_str());
    }
    if (mask != whole_warp) {
      if (!lane.received) lane.received = std::make_unique<Slots>();
      memcpy(&lane.received->bytes, slots.bytes, sizeof slots.bytes);
    }
    if (&lane != &last) release(lane);
  }
  warp.arrived &= ~mask;
  if (mask == whole_warp) warp.turn ^= 1;
  if (last.kind == MMA || last.kind == LDMATRIX) counts_->tensor_core_instructions++;
  // A shuffle orders no memory.
  if (last.kind == SYNCWARP && races) races->warp_sync(last.thread, mask);
}

const char* warp_exchange(unsigned mask, const void* value, size_t n, Kind kind, Site site, Combine combine) {
  if (kind == SYNCWARP && may_skip && is_skipped(site)) return nullptr;
  return scheduler.exchange(mask, value, n, kind, site, combine);
}

}  // namespace vn_emu

// What ran: launches and tensor core instructions (mma, ldmatrix; one of a whole warp counts once) of every kernel, and
// what the race detector reported. For tests, which find these functions in libcuda.so.1.
#include <map>

#include "internal.h"

namespace vn_emu {
namespace {

std::map<std::string, Counts>& all_counts() {
  static std::map<std::string, Counts> counts;
  return counts;
}

}  // namespace

const RaceDetector* races = nullptr;

std::pair<const std::string, Counts>& counts_of(const char* launched) {
  std::string name = launched + (*launched == '(');
  return *all_counts().try_emplace(name.substr(0, name.find_first_of("<)"))).first;
}

void reset_report() {
  std::lock_guard lock(the_lock);
  for (auto& [kernel, counts] : all_counts()) counts = {};
}

}  // namespace vn_emu

// {"gemm": {"launches": 2, "tensor_core_instructions": 512}, ...}; the text is valid until the next call.
extern "C" const char* vn_emulator_report(void) {
  std::lock_guard lock(vn_emu::the_lock);
  static std::string text;
  text = "{";
  for (const auto& [kernel, counts] : vn_emu::all_counts()) {
    if (counts.launches == 0) continue;
    text += (text.size() > 1 ? ", \"" : "\"") + kernel + "\": {\"launches\": " + std::to_string(counts.launches) +
            ", \"tensor_core_instructions\": " + std::to_string(counts.tensor_core_instructions) + "}";
  }
  text += "}";
  return text.c_str();
}

// How many data races were found; 0 where the detector is not built in.
extern "C" unsigned vn_emulator_race_reports(void) { return vn_emu::races ? vn_emu::races->reports() : 0; }

// How the emulator says what it found: one sentence on stderr and the end of the process.
#include <dlfcn.h>

#include <cstdarg>
#include <cstdio>

#include "internal.h"

namespace vn_emu {
namespace {

std::string last_part(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

}  // namespace

const char* setting(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

std::string text_of(Site site) { return last_part(site.file_name()) + ":" + std::to_string(site.line()); }

std::string text_of(const void* pc) {
  Dl_info info;
  if (!dladdr(pc, &info) || !info.dli_fname) return "an unknown place";
  char offset[32], line[512] = "";
  // Of a call we know where it returns to: the instruction before is the one that counts.
  snprintf(offset, sizeof offset, "0x%zx", size_t(uintptr_t(pc) - uintptr_t(info.dli_fbase) - 1));
  const std::string command = std::string("addr2line -i -e '") + info.dli_fname + "' " + offset + " 2>/dev/null";
  std::string found;
  if (FILE* pipe = popen(command.c_str(), "r")) {
    while (fgets(line, sizeof line, pipe)) {  // from the innermost inlined function outwards
      line[strcspn(line, " \n")] = 0;
      if (strchr(line, '?') || strstr(line, "/emulator/") || strstr(line, "/c++/")) continue;
      found = last_part(line);
      break;
    }
    pclose(pipe);
  }
  return found.empty() ? last_part(info.dli_fname) + "+" + offset : found;
}

void fail(Site site, const char* format, ...) {
  fflush(stdout);
  fprintf(stderr, "vn_emu: ");
  if (cur) {
    const Block& b = *cur->block;
    fprintf(stderr, "%s, block (%u,%u,%u), thread (%u,%u,%u), %s: ", b.kernel, b.index.x, b.index.y, b.index.z,
            cur->index.x, cur->index.y, cur->index.z, text_of(site).c_str());
  }
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  abort();
}

}  // namespace vn_emu

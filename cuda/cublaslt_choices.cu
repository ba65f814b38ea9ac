// The file of chosen algorithms (cublaslt_choices.h).
#include "cublaslt_choices.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace vn::lt {
namespace {

std::string cache_folder() {
  const char* cache = getenv("XDG_CACHE_HOME");
  if (cache && *cache) return std::string(cache) + "/vernacular";
  const char* home = getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/vernacular" : "";
}

}  // namespace

Choices::Choices(size_t version, const char* gpu) : folder_(cache_folder()) {
  if (folder_.empty()) return;
  std::string name = gpu;
  for (char& c : name) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '-';
  }
  file_ = folder_ + "/cublaslt-" + std::to_string(version) + "-" + name + ".txt";
  read();
}

void Choices::read() {
  FILE* const in = fopen(file_.c_str(), "r");
  if (!in) return;
  char* line = nullptr;
  size_t room = 0;
  for (ssize_t n; (n = getline(&line, &room, in)) > 0;) {
    std::string text(line, size_t(n - (line[n - 1] == '\n')));
    const size_t tab = text.find('\t');
    if (tab != std::string::npos) lines_[text.substr(0, tab)] = text.substr(tab + 1);
  }
  free(line);
  fclose(in);
}

bool Choices::find(const std::string& key, uint32_t* epilogue, Algo* algo) const {
  const auto found = lines_.find(key);
  if (found == lines_.end()) return false;
  const char* text = found->second.c_str();
  int read = 0;
  if (sscanf(text, "%u\t%n", epilogue, &read) != 1 || read == 0) return false;
  text += read;
  for (uint64_t& word : algo->data) {
    unsigned long long value;
    if (sscanf(text, "%16llx%n", &value, &read) != 1 || read != 16) return false;
    word = value;
    text += read;
  }
  return *text == 0;
}

bool Choices::save(const std::string& key, uint32_t epilogue, const Algo& algo) {
  std::string choice = std::to_string(epilogue) + "\t";
  for (uint64_t word : algo.data) {
    char hex[17];
    snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(word));
    choice += hex;
  }
  read();
  if (const auto [line, is_new] = lines_.emplace(key, choice); !is_new) return line->second == choice;
  if (file_.empty()) return true;
  for (size_t slash = folder_.find('/', 1); slash != std::string::npos; slash = folder_.find('/', slash + 1)) {
    mkdir(folder_.substr(0, slash).c_str(), 0755);
  }
  mkdir(folder_.c_str(), 0755);
  const std::string temporary = file_ + "." + std::to_string(getpid());
  FILE* const out = fopen(temporary.c_str(), "w");
  if (!out) return true;
  bool written = true;
  for (const auto& [name, value] : lines_) {
    written = fprintf(out, "%s\t%s\n", name.c_str(), value.c_str()) > 0 && written;
  }
  written = fclose(out) == 0 && written;
  if (!written || rename(temporary.c_str(), file_.c_str()) != 0) unlink(temporary.c_str());
  return true;
}

}  // namespace vn::lt

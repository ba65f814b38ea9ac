// The search for cuBLASLt (cublaslt.h).
#include "cublaslt.h"

#include <dlfcn.h>
#include <glob.h>

#include <cstdlib>
#include <cstring>
#include <vector>

namespace vn::lt {
namespace {

constexpr const char* names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

// Whether all functions are there.
bool open_file(Library& library, const std::string& file) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto miss = [&](const std::string& why) {
    library.misses += (library.misses.empty() ? "" : "; ") + why;
    return false;
  };
  if (!handle) {
    const char* error = dlerror();
    return miss(error ? error : file);
  }
  bool complete = true;
#define VN_LT_FIND(name, result, arguments)                                                       \
  library.name = reinterpret_cast<result(*) arguments>(dlsym(handle, "cublasLt" #name));          \
  complete = complete && library.name;
  VN_LT_FUNCTIONS(VN_LT_FIND)
#undef VN_LT_FIND
  if (!complete) {
    dlclose(handle);
    return miss(file + " lacks functions");
  }
  library.path = file;
  return true;
}

// Folders in which a toolkit or a Python package puts the library, as patterns.
std::vector<std::string> folders() {
  std::vector<std::string> patterns;
  const std::string home = variable("CUDA_HOME");
  if (!home.empty()) {
    patterns.push_back(home + "/lib64");
    patterns.push_back(home + "/targets/*/lib");
  }
  patterns.push_back("/usr/local/cuda/lib64");
  patterns.push_back("/usr/local/cuda-*/lib64");

  std::vector<std::string> prefixes;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    if (const std::string prefix = variable(name); !prefix.empty()) prefixes.push_back(prefix);
  }
  if (const std::string user = variable("HOME"); !user.empty()) prefixes.push_back(user + "/.local");
  const std::string path = variable("PATH") + ":";  // of python3: PREFIX/bin
  for (size_t from = 0, to; (to = path.find(':', from)) != std::string::npos; from = to + 1) {
    const std::string folder = path.substr(from, to - from);
    if (folder.size() > 4 && folder.ends_with("/bin")) prefixes.push_back(folder.substr(0, folder.size() - 4));
  }
  for (const std::string& prefix : prefixes) {
    for (const char* packages : {"site-packages", "dist-packages"}) {
      for (const char* package : {"cu13", "cublas"}) {
        patterns.push_back(prefix + "/lib/python3*/" + packages + "/nvidia/" + package + "/lib");
      }
    }
  }
  return patterns;
}

bool search_folders(Library& library) {
  for (const char* name : names) {
    for (const std::string& pattern : folders()) {
      glob_t found{};
      bool opened = false;
      if (glob((pattern + "/" + name).c_str(), 0, nullptr, &found) == 0) {
        for (size_t i = found.gl_pathc; i-- > 0 && !opened;) opened = open_file(library, found.gl_pathv[i]);
      }
      globfree(&found);
      if (opened) return true;
    }
  }
  library.misses += "; no such file in the CUDA toolkit's or Python's folders";
  return false;
}

}  // namespace

Library open_library(const char* file) {
  Library library;
  const std::string named = file ? file : variable("VERNACULAR_CUBLASLT");
  if (named == "off") {
    library.misses = "VERNACULAR_CUBLASLT is off";
    return library;
  }
  if (!named.empty() && open_file(library, named)) return library;
  if (file) return library;
#ifndef VN_EMULATED
  for (const char* name : names) {
    if (open_file(library, name)) return library;
  }
  search_folders(library);
#else
  (void) search_folders;
#endif
  return library;
}

std::string description(const Library& library) {
  if (library.found()) {
    const size_t version = library.GetVersion();  // 130101 is 13.1.1
    return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100) + " (" + library.path + ")";
  }
#ifdef VN_EMULATED
  if (library.misses.empty()) return "built-in";
#endif
  return "built-in, which is slower, as cuBLASLt was not found (" + library.misses +
         "): install the CUDA toolkit, or the Python package nvidia-cublas, or name the file in VERNACULAR_CUBLASLT";
}

const Library& library() {
  static const Library opened = open_library(nullptr);
  return opened;
}

}  // namespace vn::lt

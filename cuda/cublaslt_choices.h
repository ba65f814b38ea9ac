// Chosen algorithms of cuBLASLt, kept in a file for each library version and GPU in the user's cache folder: a line is
// a product's key, a tab, the epilogue, a tab and the algorithm's 64 bytes in hexadecimal.
#pragma once
#include <map>
#include <string>

#include "cublaslt.h"

namespace vn::lt {

class Choices {
 public:
  Choices() = default;
  // Reads the file, if it is there.
  Choices(size_t version, const char* gpu);

  bool find(const std::string& key, uint32_t* epilogue, Algo* algo) const;
  // Adds a choice to what is in the file by now, which is replaced in one move; false if the file has another, which
  // stays. Where nothing can be written, the choice is made again in the next run.
  bool save(const std::string& key, uint32_t epilogue, const Algo& algo);

 private:
  void read();

  std::string folder_, file_;
  std::map<std::string, std::string> lines_;
};

}  // namespace vn::lt

#!/bin/sh
# Builds and runs the C++ tests of the native libraries, CUDA in the emulator, in build folder $1.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd); build=$1
gen=; command -v ninja >/dev/null 2>&1 && gen="-G Ninja"
targets="vernacular_native_test vernacular_cuda_products_test vernacular_cuda_emulated_test cublaslt_check"
cmake -S "$here" -B "$build" $gen -DCMAKE_BUILD_TYPE=Release >"$build.log" 2>&1 && cmake --build "$build" --parallel --target $targets >>"$build.log" 2>&1 ||
  { tail -n 30 "$build.log" >&2; exit 1; }
ctest --test-dir "$build" --output-on-failure

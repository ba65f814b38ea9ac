#!/bin/sh
# Tests of the CUDA kernels in the emulator that `vernacular test` has not run: every order of threads, streams as late as
# CUDA allows, the race detector, ASan and UBSan, planted faults, left-out barriers. $1 is native/test.sh's build folder; the
# builds with a detector go below it.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd); out=$1
mkdir -p "$out"
gen=; command -v ninja >/dev/null 2>&1 && gen="-G Ninja"

built() { # folder, what the emulator watches for, targets
  folder=$1; watch=$2; shift 2
  { cmake -S "$here" -B "$folder" $gen -DCMAKE_BUILD_TYPE=Release -DVN_EMULATOR_CHECK="$watch" &&
    cmake --build "$folder" --parallel --target "$@"; } >"$folder.log" 2>&1 || { tail -n 30 "$folder.log" >&2; exit 1; }
}

passes() { # what it is, command
  what=$1; shift
  if "$@" >"$out/last.log" 2>&1; then echo "ok      $what"; else tail -n 20 "$out/last.log"; echo "FAILED  $what"; exit 1; fi
}

every_test() { # build folder, environment: its tests, as many at once as there are cores
  build=$1; shift
  "$build/vernacular_cuda_emulated_test" --list |
    xargs -P "${JOBS:-$(nproc)}" -I{} env "$@" "$build/vernacular_cuda_emulated_test" {} &&
    env "$@" "$build/vernacular_cuda_products_test"
}

finds() { # fault, words, build folder, environment
  if env "${4:-VN_EMU_STOP=1}" "$out/$3/cuda_faults" "$1" >"$out/last.log" 2>&1; then
    echo "FAILED  a planted fault was not found: $1"; exit 1
  fi
  grep -q "$2" "$out/last.log" || { cat "$out/last.log"; echo "FAILED  the fault $1 was not called $2"; exit 1; }
  echo "ok      found: $1"
}

tests="vernacular_cuda_emulated_test vernacular_cuda_products_test cuda_faults"
built "$out" "" $tests
for order in reverse shuffle; do passes "threads in $order order" every_test "$out" VN_EMU_ORDER=$order; done
passes "streams as late as they may be" every_test "$out" VN_EMU_LAZY=1
built "$out/race" race $tests
passes "no data races" every_test "$out/race" VN_EMU_STOP=1
built "$out/asan" asan $tests
passes "no access out of bounds, nothing undefined" every_test "$out/asan" ASAN_OPTIONS=detect_leaks=0

passes "a kernel without a fault" "$out/cuda_faults" none
finds race "vn_emu: race in reverse" race
finds device_race "vn_emu: race in reverse" race
finds bounds "AddressSanitizer: heap-buffer-overflow" asan ASAN_OPTIONS=detect_leaks=0
finds wait "wrong: element" . VN_EMU_LAZY=1
finds deadlock "deadlock: every thread waits" .
finds barriers "wait at another barrier" .
finds unread "a cp.async that it never waited for" .
finds early "wrong: element 0 is -*nan" .
finds mask "does not name the calling lane" .
finds exited "which have ended" .
finds unnamed "a shuffle reads lane 20" .
finds shared "a launch was refused" .
"$here/cuda/test/mutations" "$out/race"

if grep -q 'NVCC:FILEPATH=/' "$out/CMakeCache.txt"; then
  built "$out" "" cuda_conversions
  passes "half and bfloat16 as NVIDIA's" "$out/cuda_conversions"
else
  echo "skipped half and bfloat16 as NVIDIA's: no nvcc"
fi
if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then
  built "$out" "" vernacular_cuda_test
  passes "every operation on the GPU" "$out/vernacular_cuda_test"
fi

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

finds() { # fault, words, build folder, environment
  if env ${4:-VN_EMU_STOP=1} "$out/$3/cuda_faults" "$1" >"$out/last.log" 2>&1; then
    echo "FAILED  a planted fault was not found: $1"; exit 1
  fi
  grep -q "$2" "$out/last.log" || { cat "$out/last.log"; echo "FAILED  the fault $1 was not called $2"; exit 1; }
  echo "ok      found: $1"
}

test=vernacular_cuda_emulated_test
products=vernacular_cuda_products_test
built "$out" "" $test cuda_faults
for order in reverse shuffle; do passes "threads in $order order" env VN_EMU_ORDER=$order "$out/$test"; done
passes "streams as late as they may be" env VN_EMU_LAZY=1 "$out/$test"
built "$out/race" race $test $products cuda_faults
passes "no data races" env VN_EMU_STOP=1 "$out/race/$test"
passes "no data races in products" env VN_EMU_STOP=1 "$out/race/$products"
built "$out/asan" asan $test $products cuda_faults
export ASAN_OPTIONS=detect_leaks=0
passes "no access out of bounds, nothing undefined" "$out/asan/$test"
passes "none in products" "$out/asan/$products"

passes "a kernel without a fault" "$out/cuda_faults" none
finds race "vn_emu: race in reverse" race
finds device_race "vn_emu: race in reverse" race
finds bounds "AddressSanitizer: heap-buffer-overflow" asan
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

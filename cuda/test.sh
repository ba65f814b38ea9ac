#!/bin/sh
# Tests of the CUDA kernels in the emulator that `vernacular test` has not run: every order of threads, streams as late as
# CUDA allows, the race detector, ASan and UBSan, planted faults, left-out barriers. Build folders go below $1.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd); out=$1
mkdir -p "$out"
gen=; command -v ninja >/dev/null 2>&1 && gen="-G Ninja"

built() { # folder, what the emulator watches for, targets
  folder=$out/$1; watch=$2; shift 2
  { cmake -S "$here" -B "$folder" $gen -DCMAKE_BUILD_TYPE=Release -DVN_EMULATOR_CHECK="$watch" &&
    cmake --build "$folder" --parallel --target "$@"; } >"$folder.log" 2>&1 || { tail -n 30 "$folder.log" >&2; exit 1; }
}

passes() { # what it is, command
  what=$1; shift
  if "$@" >"$out/last.log" 2>&1; then echo "ok      $what"; else tail -n 20 "$out/last.log"; echo "FAILED  $what"; exit 1; fi
}

finds() { # fault, words, folder, environment
  if env ${4:-VN_EMU_STOP=1} "$out/$3/cuda_faults" "$1" >"$out/last.log" 2>&1; then
    echo "FAILED  a planted fault was not found: $1"; exit 1
  fi
  grep -q "$2" "$out/last.log" || { cat "$out/last.log"; echo "FAILED  the fault $1 was not called $2"; exit 1; }
  echo "ok      found: $1"
}

test=vernacular_cuda_emulated_test
products=vernacular_cuda_products_test
built plain "" $test $products cuda_faults cublaslt_check
for order in reverse shuffle; do passes "threads in $order order" env VN_EMU_ORDER=$order "$out/plain/$test"; done
passes "streams as late as they may be" env VN_EMU_LAZY=1 "$out/plain/$test"
passes "products at the edges of tiles" "$out/plain/$products"
built race race $test $products cuda_faults
passes "no data races" env VN_EMU_STOP=1 "$out/race/$test"
passes "no data races in products" env VN_EMU_STOP=1 "$out/race/$products"
built asan asan $test $products cuda_faults
export ASAN_OPTIONS=detect_leaks=0
passes "no access out of bounds, nothing undefined" "$out/asan/$test"
passes "none in products" "$out/asan/$products"

passes "a kernel without a fault" "$out/plain/cuda_faults" none
finds race "vn_emu: race in reverse" race
finds device_race "vn_emu: race in reverse" race
finds bounds "AddressSanitizer: heap-buffer-overflow" asan
finds wait "wrong: element" plain VN_EMU_LAZY=1
finds deadlock "deadlock: every thread waits" plain
finds barriers "wait at another barrier" plain
finds unread "a cp.async that it never waited for" plain
finds early "wrong: element 0 is -*nan" plain
finds mask "does not name the calling lane" plain
finds exited "which have ended" plain
finds unnamed "a shuffle reads lane 20" plain
finds shared "a launch was refused" plain
"$here/cuda/test/mutations" "$out/race"

if grep -q 'NVCC:FILEPATH=/' "$out/plain/CMakeCache.txt"; then
  built plain "" cuda_conversions
  passes "half and bfloat16 as NVIDIA's" "$out/plain/cuda_conversions"
else
  echo "skipped half and bfloat16 as NVIDIA's: no nvcc"
fi
status=0
"$out/plain/cublaslt_check" >"$out/last.log" 2>&1 || status=$?
case $status in
  0) echo "ok      cuBLASLt is as declared" ;;
  77) echo "skipped cuBLASLt's declarations: no such library here" ;;
  *) tail -n 20 "$out/last.log"; echo "FAILED  cuBLASLt is not as declared"; exit 1 ;;
esac
if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then
  built plain "" vernacular_cuda_test
  passes "every operation on the GPU" "$out/plain/vernacular_cuda_test"
fi

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
built plain "" $test cuda_faults
for order in reverse shuffle; do passes "threads in $order order" env VN_EMU_ORDER=$order "$out/plain/$test"; done
passes "streams as late as they may be" env VN_EMU_LAZY=1 "$out/plain/$test"
built race race $test cuda_faults
passes "no data races" env VN_EMU_STOP=1 "$out/race/$test"
built asan asan $test cuda_faults
export ASAN_OPTIONS=detect_leaks=0
passes "no access out of bounds, nothing undefined" "$out/asan/$test"

passes "a kernel without a fault" "$out/plain/cuda_faults" none
finds race "race" race
finds device_race "race" race
finds bounds "AddressSanitizer" asan
finds wait "wrong" plain VN_EMU_LAZY=1
for fault in deadlock barriers unread early mask exited unnamed shared; do finds $fault "vn_emu\|wrong\|refused" plain; done
"$here/cuda/test/mutations" "$out/race"

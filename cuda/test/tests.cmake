# Tests of the CUDA library, not in the default build (cuda/test.sh builds and runs them). The tests of native/test that
# know only the C ABI run on the emulated library and, where CUDA's compiler is, on the real one: vernacular_cuda_test
# needs a GPU.
set(ABI_TESTS ${CPU_TESTS})
list(FILTER ABI_TESTS EXCLUDE REGEX "/(gemm|pool|random)_test.cpp|/target_cpu.cpp")
function(add_abi_test NAME TARGET_SOURCE LIBRARY)
  add_executable(${NAME} EXCLUDE_FROM_ALL ${ABI_TESTS} cuda/test/${TARGET_SOURCE})
  target_include_directories(${NAME} PRIVATE native/include native/common native/src native/test)
  target_link_libraries(${NAME} PRIVATE ${LIBRARY})
endfunction()

add_abi_test(vernacular_cuda_emulated_test target_emulated.cpp vernacular_cuda_emulated)
target_compile_options(vernacular_cuda_emulated_test PRIVATE ${EMULATOR_OPTIONS})
target_link_options(vernacular_cuda_emulated_test PRIVATE ${SANITIZERS})
target_link_libraries(vernacular_cuda_emulated_test PRIVATE cuda_emulator)
add_test(NAME cuda_emulated COMMAND vernacular_cuda_emulated_test)

add_executable(cuda_faults EXCLUDE_FROM_ALL cuda/test/faults.cu)
set_source_files_properties(cuda/test/faults.cu PROPERTIES LANGUAGE CXX)
target_compile_options(cuda_faults PRIVATE ${EMULATOR_OPTIONS} ${WATCHED_OPTIONS} "SHELL:-x c++")
target_include_directories(cuda_faults PRIVATE cuda)
target_link_options(cuda_faults PRIVATE ${SANITIZERS})
target_link_libraries(cuda_faults PRIVATE cuda_emulator)

if(NVCC)
  add_abi_test(vernacular_cuda_test target_cuda.cpp vernacular_cuda)
  target_include_directories(vernacular_cuda_test SYSTEM PRIVATE ${CUDA_LIBRARIES}/../include)
  target_link_libraries(vernacular_cuda_test PRIVATE ${CUDA_LIBRARIES}/libcudart_static.a Threads::Threads dl rt)
  set_target_properties(vernacular_cuda_test PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH $ORIGIN)

  # Our 16-bit conversions against those of CUDA's headers.
  add_executable(cuda_conversions EXCLUDE_FROM_ALL cuda/test/conversions.cpp cuda/test/conversions_nvidia.cpp)
  set_source_files_properties(cuda/test/conversions_nvidia.cpp PROPERTIES
    COMPILE_OPTIONS "-w;-isystem;${CUDA_LIBRARIES}/../include")
  target_compile_options(cuda_conversions PRIVATE ${EMULATOR_OPTIONS})
  target_link_options(cuda_conversions PRIVATE ${SANITIZERS})
endif()

# The kernels' insides in the emulator; a cuBLASLt on host memory, through which the contract
# tests how products are described (VERNACULAR_CUBLASLT=libcublasLt_fake.so); our declarations of the real one.
add_executable(vernacular_cuda_products_test EXCLUDE_FROM_ALL cuda/test/product_test.cpp $<TARGET_OBJECTS:cuda_emulated_objects>)
target_compile_options(vernacular_cuda_products_test PRIVATE ${EMULATOR_OPTIONS} ${WATCHED_OPTIONS} -fvisibility=hidden)
target_include_directories(vernacular_cuda_products_test PRIVATE native/include native/common cuda)
target_link_options(vernacular_cuda_products_test PRIVATE ${SANITIZERS})
target_link_libraries(vernacular_cuda_products_test PRIVATE cuda_emulator ${CMAKE_DL_LIBS})
add_library(cublasLt_fake SHARED EXCLUDE_FROM_ALL cuda/test/cublaslt_fake.cpp)
target_compile_options(cublasLt_fake PRIVATE ${EMULATOR_OPTIONS})
target_link_libraries(cublasLt_fake PRIVATE cuda_emulator)
add_executable(cublaslt_check EXCLUDE_FROM_ALL cuda/test/cublaslt_check.cpp cuda/cublaslt.cu)
target_compile_options(cublaslt_check PRIVATE -Wall -Wextra -Werror "SHELL:-x c++")
target_link_libraries(cublaslt_check PRIVATE ${CMAKE_DL_LIBS})
add_test(NAME cuda_products COMMAND vernacular_cuda_products_test)
add_test(NAME cublaslt_declarations COMMAND cublaslt_check)
set_tests_properties(cublaslt_declarations PROPERTIES SKIP_RETURN_CODE 77)

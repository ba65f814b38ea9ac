/* libcuda_stub.c - a libcuda.so.1 with a dozen functions on host memory, so that JCuda's driver binding loads and the
 * Java device code runs in CI without a GPU. JCuda binds lazily: a function missing here fails only if it is called.
 * gcc -shared -fPIC -Wl,-soname,libcuda.so.1 -o stub/libcuda.so.1 libcuda_stub.c */
#include <stdlib.h>
#include <string.h>
extern "C" int cuInit(unsigned flags) { (void)flags; return 0; }
extern "C" int cuDriverGetVersion(int *v) { *v = 13000; return 0; }
extern "C" int cuDeviceGetCount(int *n) { *n = 1; return 0; }
extern "C" int cuDeviceGet(int *d, int i) { *d = i; return i ? 101 : 0; }
extern "C" int cuDeviceGetName(char *name, int n, int d) { (void)d; strncpy(name, "Emulated CUDA device", n); return 0; }
extern "C" int cuDevicePrimaryCtxRetain(void **c, int d) { (void)d; *c = (void *)&cuInit; return 0; }
extern "C" int cuCtxSetCurrent(void *c) { (void)c; return 0; }
extern "C" int cuMemAlloc_v2(void **p, size_t n) { *p = malloc(n); return *p ? 0 : 2; }
extern "C" int cuMemFree_v2(void *p) { free(p); return 0; }
extern "C" int cuMemcpyHtoD_v2(void *d, const void *s, size_t n) { memcpy(d, s, n); return 0; }
extern "C" int cuMemcpyDtoH_v2(void *d, const void *s, size_t n) { memcpy(d, s, n); return 0; }
extern "C" int cuStreamCreate(void **s, unsigned flags) { (void)flags; *s = malloc(1); return 0; }
extern "C" int cuStreamSynchronize(void *s) { (void)s; return 0; }

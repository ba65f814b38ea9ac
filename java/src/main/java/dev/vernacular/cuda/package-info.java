/// The GPU through JCuda's driver API: discovery, memory, streams, graphs. The only package that names a `jcuda`
/// type. Kernels are not launched from here: they go through the C interface of `libvernacular_cuda`, in the
/// same context and on the same stream.
package dev.vernacular.cuda;

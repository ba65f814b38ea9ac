package dev.vernacular.cuda;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.ForwardingKernels;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/// The CUDA kernels with matrix products by JCublas (`cublasGemmEx`): a second opinion on the products, and what
/// the fused ones have to beat. cuBLAS has no epilogues, so bias and activation are calls of their own, on the
/// product as it was rounded.
///
/// cuBLAS thinks in contiguous columns: a row-major `[r, c]` is to it a `[c, r]`. So `y = x Wᵀ` is asked for as
/// `yᵀ = W xᵀ`.
final class JcublasKernels extends ForwardingKernels {
    private static final Pointer ONE = Pointer.to(new float[] {1});
    private static final Pointer ZERO = Pointer.to(new float[] {0});
    private final cublasHandle handle = new cublasHandle();

    /// @param kernels whose unfused operations complete the products
    /// @throws KernelException if JCublas cannot be used
    JcublasKernels(Kernels kernels, CudaDevice device) {
        super(kernels);
        JcudaLibraries.blasFailure().ifPresent(why -> {
            throw KernelException.unavailable("VERNACULAR_GEMM is jcublas, which cannot be used: " + why
                    + "\n  Unset VERNACULAR_GEMM: products then go through cuBLASLt or the built-in kernels.");
        });
        device.enter();
        check(JCublas2.cublasCreate(handle));
        check(JCublas2.cublasSetStream(handle, new cudaStream_t(device.kernelStream())));
    }

    @Override
    public String describe() {
        return inner().describe() + ", products by JCublas";
    }

    @Override
    public void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        if (!reads(weight, x.dtype())) {
            inner().linearForward(y, pre, x, weight, bias, activation);
            return;
        }
        Tensor sums = pre.isPresent() ? pre : y;
        long rows = x.elements() / weight.cols();
        multiply(sums, factor(weight), true, x, false, weight.rows(), rows, weight.cols(), false);
        if (bias.isPresent() || activation != Activation.NONE) {
            inner().biasActivationForward(y, pre, sums, bias, activation);
        }
    }

    @Override
    public void linearBackward(
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dY,
            Tensor x,
            Tensor xPre,
            Weight weight,
            Activation activation,
            boolean accumulate) {
        if (!reads(weight, dY.dtype())) {
            inner().linearBackward(dX, dWeight, dBias, dY, x, xPre, weight, activation, accumulate);
            return;
        }
        long rows = dY.elements() / weight.rows();
        if (dWeight.isPresent()) {
            multiply(dWeight, x, false, dY, true, weight.cols(), weight.rows(), rows, accumulate);
        }
        if (dBias.isPresent()) {
            inner().reduceRows(dBias, dY.reshape(rows, weight.rows()), accumulate);
        }
        if (dX.isPresent()) {
            multiply(dX, factor(weight), false, dY, false, weight.cols(), rows, weight.rows(), false);
            if (xPre.isPresent()) {
                inner().biasActivationBackward(dX, Tensor.NONE, dX, xPre, activation, false);
            }
        }
    }

    @Override
    public void classifierLogits(Tensor logits, Tensor hidden, Weight head) {
        if (reads(head, hidden.dtype())) {
            long rows = hidden.elements() / head.cols();
            multiply(logits, factor(head), true, hidden, false, head.rows(), rows, head.cols(), false);
        } else {
            inner().classifierLogits(logits, hidden, head);
        }
    }

    /// cuBLAS multiplies factors of one type. Copies of that type are plain rows.
    private static boolean reads(Weight weight, Dtype dtype) {
        return factorDtype(weight) == dtype;
    }

    private static Dtype factorDtype(Weight weight) {
        return weight.copy().isPresent() ? weight.copyDtype() : Dtype.F32;
    }

    private static Tensor factor(Weight weight) {
        if (weight.copy().isNone()) {
            return weight.master();
        }
        long bytes = weight.rows() * weight.cols() * weight.copyDtype().bytes();
        return new Tensor(weight.copy().segment().asSlice(0, bytes), weight.copyDtype(), weight.rows(), weight.cols());
    }

    /// `out (+)= op(a) op(b)` in contiguous columns: `out [m, n]`, a sum over k; `op` transposes or does nothing.
    private void multiply(
            Tensor out,
            Tensor a,
            boolean aTransposed,
            Tensor b,
            boolean bTransposed,
            long m,
            long n,
            long k,
            boolean adds) {
        check(JCublas2.cublasGemmEx(
                handle,
                operation(aTransposed),
                operation(bTransposed),
                Math.toIntExact(m),
                Math.toIntExact(n),
                Math.toIntExact(k),
                ONE,
                Pointers.device(a.segment()),
                type(a.dtype()),
                Math.toIntExact(aTransposed ? k : m),
                Pointers.device(b.segment()),
                type(b.dtype()),
                Math.toIntExact(bTransposed ? n : k),
                adds ? ONE : ZERO,
                Pointers.device(out.segment()),
                type(out.dtype()),
                Math.toIntExact(m),
                cublasComputeType.CUBLAS_COMPUTE_32F,
                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT));
    }

    private static int operation(boolean isTransposed) {
        return isTransposed ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
    }

    private static int type(Dtype dtype) {
        return switch (dtype) {
            case F32 -> cudaDataType.CUDA_R_32F;
            case BF16 -> cudaDataType.CUDA_R_16BF;
            case F16 -> cudaDataType.CUDA_R_16F;
            default -> throw new IllegalArgumentException("no product of " + dtype);
        };
    }

    private static void check(int status) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw new KernelException("JCublas: " + cublasStatus.stringFor(status));
        }
    }

    @Override
    public void close() {
        JCublas2.cublasDestroy(handle);
        super.close();
    }
}

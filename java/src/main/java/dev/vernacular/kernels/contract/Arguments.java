package dev.vernacular.kernels.contract;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import java.util.Arrays;

/// The arguments of one call while they are checked; every complaint is one sentence with the operation, the
/// argument and its value.
///
/// @param operation     name in `vernacular.h`, without `vn_`
/// @param allowsDouble  float64 is a storage type here (the reference backend)
record Arguments(String operation, boolean allowsDouble) {

    /// The storage type of activations, as `name` has it.
    Dtype activation(String name, Tensor tensor) {
        present(name, tensor);
        boolean stores = switch (tensor.dtype()) {
            case F32, BF16, F16 -> true;
            case F64 -> allowsDouble;
            case I8, I32 -> false;
        };
        require(stores, name, tensor, "an activation is float32, bfloat16 or float16");
        return tensor.dtype();
    }

    /// The type of masters, statistics and parameter gradients, as `name` has it.
    Dtype parameter(String name, Tensor tensor) {
        present(name, tensor);
        require(
                tensor.dtype() == Dtype.F32 || allowsDouble && tensor.dtype() == Dtype.F64,
                name,
                tensor,
                "it must be float32");
        return tensor.dtype();
    }

    /// The type of masters, statistics and gradients that goes with an activation type.
    static Dtype parameterFor(Dtype activation) {
        return activation == Dtype.F64 ? Dtype.F64 : Dtype.F32;
    }

    /// A tensor of this type with these axes. Axes may be joined or split: [B, T, C] serves as [rows, C].
    void tensor(String name, Tensor tensor, Dtype dtype, long... axes) {
        present(name, tensor);
        long wanted = 1;
        for (long axis : axes) {
            wanted *= axis;
        }
        boolean fits = tensor.dtype() == dtype
                && tensor.elements() == wanted
                && (wanted == 0 || divides(axes[axes.length - 1], tensor.rank() == 0 ? 1 : tensor.size(-1)));
        if (!fits) {
            throw refused(name, tensor, "expected " + dtype + Arrays.toString(axes));
        }
    }

    /// Likewise, or [Tensor#NONE].
    void optional(String name, Tensor tensor, Dtype dtype, long... axes) {
        if (tensor.isPresent()) {
            tensor(name, tensor, dtype, axes);
        }
    }

    void absent(String name, Tensor tensor, String why) {
        require(tensor.isNone(), name, tensor, why);
    }

    void present(String name, Tensor tensor) {
        if (tensor.isNone()) {
            throw new KernelException(operation + ": " + name + " is missing");
        }
    }

    /// Rows of `cols` in `tensor`.
    long rows(String name, Tensor tensor, long cols) {
        present(name, tensor);
        require(cols > 0 && tensor.elements() % cols == 0, name, tensor, "its elements are not a multiple of " + cols);
        return tensor.elements() / cols;
    }

    /// A weight with a master or a copy; master float32, or float64 beside float64 activations.
    void weight(String name, Weight weight, Dtype activation) {
        Dtype master = parameterFor(activation);
        require(
                weight.rows() > 0 && weight.cols() > 0,
                name + " has " + weight.rows() + " rows, " + weight.cols() + " columns");
        if (weight.master().isPresent()) {
            tensor(name, weight.master(), master, weight.rows(), weight.cols());
        } else {
            present(name + "'s copy", weight.copy());
        }
    }

    /// Samples of `sequenceLength` tokens make up the rows.
    void samples(long rows, long sequenceLength) {
        require(
                sequenceLength > 0 && rows % sequenceLength == 0,
                rows + " rows are no whole number of sequences of " + sequenceLength + " tokens");
    }

    void require(boolean holds, String name, Tensor tensor, String complaint) {
        if (!holds) {
            throw refused(name, tensor, complaint);
        }
    }

    void require(boolean holds, String complaint) {
        if (!holds) {
            throw new KernelException(operation + ": " + complaint);
        }
    }

    private KernelException refused(String name, Tensor tensor, String complaint) {
        return new KernelException(operation + ": " + name + " is " + tensor + ", " + complaint);
    }

    private static boolean divides(long a, long b) {
        return a % b == 0 || b % a == 0;
    }
}

package dev.vernacular.kernels;

/// Storage types of tensors; [#code()] is the `vn_dtype` of `vernacular.h`.
public enum Dtype {
    F32(0, 4),
    BF16(1, 2),
    F16(2, 2),
    I8(3, 1),
    /// The reference backend's only, for finite differences.
    F64(4, 8),
    /// Token ids, labels, positions.
    I32(5, 4);

    private final int code;
    private final int bytes;

    Dtype(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    public int code() {
        return code;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }
}

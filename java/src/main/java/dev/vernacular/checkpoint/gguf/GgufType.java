package dev.vernacular.checkpoint.gguf;

import dev.vernacular.kernels.Dtype;
import java.util.List;
import java.util.Optional;

/// ggml's element types that are read and written here.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF, `ggml_type`</a>
public enum GgufType {
    F32(0, 0, 1, 4),
    F16(1, 1, 1, 2),
    /// Blocks of 32 elements, see [Q8Blocks].
    Q8_0(8, 7, 32, 34),
    BF16(30, 32, 1, 2);

    /// The first codes in their order, for errors; codes 4 and 5 are no longer in use.
    private static final List<String> NAMES = List.of(
            "F32", "F16", "Q4_0", "Q4_1", "Q4_2", "Q4_3", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K",
            "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8",
            "I16", "I32", "I64", "F64", "IQ1_M", "BF16");

    private final int code;
    private final int fileType;
    private final int blockElements;
    private final int blockBytes;

    GgufType(int code, int fileType, int blockElements, int blockBytes) {
        this.code = code;
        this.fileType = fileType;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// In the table of tensors.
    int code() {
        return code;
    }

    /// `general.file_type` of a file whose matrices are mostly of this type.
    int fileType() {
        return fileType;
    }

    /// A row is a whole number of blocks of this many elements.
    int blockElements() {
        return blockElements;
    }

    /// Bytes of whole blocks.
    ///
    /// @throws ArithmeticException if they are more than 63 bits can count
    long byteSize(long elements) {
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /// What elements are read as: their own type, or float32 for those in blocks.
    Dtype dtype() {
        return switch (this) {
            case F32, Q8_0 -> Dtype.F32;
            case F16 -> Dtype.F16;
            case BF16 -> Dtype.BF16;
        };
    }

    static Optional<GgufType> ofCode(int code) {
        for (GgufType type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /// `Q4_K`, or `number 77` for a type that came later.
    static String name(int code) {
        return code >= 0 && code < NAMES.size() ? NAMES.get(code) : "number " + code;
    }
}

package dev.vernacular.checkpoint.torch;

import dev.vernacular.kernels.Dtype;
import java.util.Optional;

/// Element types of torch tensors, with the names that pickles use.
public enum TorchDtype {
    F32("FloatStorage", "float32", 4),
    F16("HalfStorage", "float16", 2),
    BF16("BFloat16Storage", "bfloat16", 2),
    F64("DoubleStorage", "float64", 8),
    I64("LongStorage", "int64", 8),
    I32("IntStorage", "int32", 4),
    I16("ShortStorage", "int16", 2),
    I8("CharStorage", "int8", 1),
    U8("ByteStorage", "uint8", 1),
    BOOL("BoolStorage", "bool", 1),
    U16("uint16", 2),
    U32("uint32", 4),
    U64("uint64", 8),
    F8_E4M3("float8_e4m3fn", 1),
    F8_E5M2("float8_e5m2", 1);

    private final String storageClass;
    private final String torchName;
    private final int bytes;

    TorchDtype(String storageClass, String torchName, int bytes) {
        this.storageClass = storageClass;
        this.torchName = torchName;
        this.bytes = bytes;
    }

    /// A type without a storage class of its own: its storages are untyped.
    TorchDtype(String torchName, int bytes) {
        this("UntypedStorage", torchName, bytes);
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// `float32`, as in `torch.float32`.
    public String torchName() {
        return torchName;
    }

    String storageClass() {
        return storageClass;
    }

    static Optional<TorchDtype> ofStorageClass(String name) {
        return find(name, true);
    }

    static Optional<TorchDtype> ofTorchName(String name) {
        return find(name, false);
    }

    private static Optional<TorchDtype> find(String name, boolean isStorageClass) {
        for (TorchDtype dtype : values()) {
            if (name.equals(isStorageClass ? dtype.storageClass : dtype.torchName)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }

    /// The same type as kernels name it; empty for those that no kernel takes.
    public Optional<Dtype> dtype() {
        return switch (this) {
            case F32 -> Optional.of(Dtype.F32);
            case F16 -> Optional.of(Dtype.F16);
            case BF16 -> Optional.of(Dtype.BF16);
            case F64 -> Optional.of(Dtype.F64);
            case I32 -> Optional.of(Dtype.I32);
            case I8 -> Optional.of(Dtype.I8);
            case I64, I16, U8, BOOL, U16, U32, U64, F8_E4M3, F8_E5M2 -> Optional.empty();
        };
    }

    public static TorchDtype of(Dtype dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
            case F64 -> F64;
            case I32 -> I32;
            case I8 -> I8;
        };
    }
}

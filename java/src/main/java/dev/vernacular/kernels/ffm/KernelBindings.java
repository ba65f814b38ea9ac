package dev.vernacular.kernels.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vernacular.kernels.KernelException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/// Bindings of `native/include/vernacular.h`, one handle per declaration, in the header's order. Callers use
/// [NativeKernels], which checks shapes and turns statuses into exceptions.
final class KernelBindings {
    /// `VN_ABI_VERSION`.
    static final int ABI_VERSION = 1;

    private static final MemoryLayout P = ADDRESS;
    private static final MemoryLayout I = JAVA_INT;
    private static final MemoryLayout L = JAVA_LONG;
    private static final MemoryLayout F = JAVA_FLOAT;
    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup symbols;

    // ---- library and context
    final MethodHandle describe;
    final MethodHandle contextOpen;
    final MethodHandle contextClose;
    final MethodHandle contextBind;
    final MethodHandle lastError;
    final MethodHandle scratchBytes;
    // ---- compute copies
    final MethodHandle computeCopyBytes;
    final MethodHandle computeCopyRefresh;
    final MethodHandle computeCopyRows;
    // ---- embedding
    final MethodHandle embeddingForward;
    final MethodHandle embeddingBackward;
    // ---- residual + LayerNorm
    final MethodHandle residualLayerNormForward;
    final MethodHandle residualLayerNormBackward;
    // ---- linear
    final MethodHandle linearForward;
    final MethodHandle linearBackward;
    final MethodHandle biasActivationForward;
    final MethodHandle biasActivationBackward;
    // ---- attention
    final MethodHandle attentionForward;
    final MethodHandle attentionBackward;
    final MethodHandle kvAppend;
    final MethodHandle decodeAttention;
    // ---- classifier
    final MethodHandle classifierForwardBackward;
    final MethodHandle classifierLogits;
    // ---- optimizer
    final MethodHandle gradientNorm;
    final MethodHandle adamwUpdate;
    // ---- sampling
    final MethodHandle sample;
    final MethodHandle penalizeRepetition;
    // ---- glue
    final MethodHandle cast;
    final MethodHandle axpy;
    final MethodHandle scale;
    final MethodHandle reduceRows;

    /// @throws KernelException if the library was built for another version of the header
    KernelBindings(SymbolLookup symbols) {
        this.symbols = symbols;
        requireAbiVersion(bind("vn_abi_version"));
        describe = handle("vn_describe", FunctionDescriptor.of(P));
        contextOpen = bind("vn_context_open", P, I, P, I, P, P, L);
        contextClose = bind("vn_context_close", P);
        contextBind = bind("vn_context_bind", P, P, L, P);
        lastError = handle("vn_last_error", FunctionDescriptor.of(P, P));
        scratchBytes = bind("vn_scratch_bytes", P, P, P);
        computeCopyBytes = bind("vn_compute_copy_bytes", P, P, L, L, I, I);
        computeCopyRefresh = bind("vn_compute_copy_refresh", P, P, P, L, L, I);
        computeCopyRows = bind("vn_compute_copy_rows", P, P, P, L, L, L, L, I);
        embeddingForward = bind("vn_embedding_forward", P, P, P, P, P, P, P, L, L, L, L, L, I, F, I, I);
        embeddingBackward = bind("vn_embedding_backward", P, P, P, P, P, P, P, P, P, P, L, L, L, L, L, I, F, I, I, I);
        residualLayerNormForward =
                bind("vn_residual_layernorm_forward", P, P, P, P, P, P, P, P, P, L, L, L, F, I, I, F, I, I);
        residualLayerNormBackward =
                bind("vn_residual_layernorm_backward", P, P, P, P, P, P, P, P, P, P, L, L, L, I, I, F, I, I, I, I);
        linearForward = bind("vn_linear_forward", P, P, P, P, P, P, P, L, L, L, I, I, I);
        linearBackward = bind("vn_linear_backward", P, P, P, P, P, P, P, P, P, L, L, L, I, I, I, I);
        biasActivationForward = bind("vn_bias_activation_forward", P, P, P, P, P, L, L, I, I);
        biasActivationBackward = bind("vn_bias_activation_backward", P, P, P, P, P, L, L, I, I, I);
        attentionForward = bind("vn_attention_forward", P, P, P, P, P, P, P, L, L, L, L, L, L, L, F, I, F, I);
        attentionBackward = bind("vn_attention_backward", P, P, P, P, P, P, P, P, P, L, L, L, L, L, L, L, F, I, F, I);
        kvAppend = bind("vn_kv_append", P, P, P, P, P, P, L, L, L, L, L, L, L, L, I);
        decodeAttention = bind("vn_decode_attention", P, P, P, P, P, P, P, L, L, L, L, L, L, L, L, F, I);
        classifierForwardBackward =
                bind("vn_classifier_forward_backward", P, P, P, P, P, P, P, P, P, L, L, L, L, I, I, I);
        classifierLogits = bind("vn_classifier_logits", P, P, P, P, P, L, L, L, I, I);
        gradientNorm = bind("vn_gradient_norm", P, P, P, L, F);
        adamwUpdate = bind("vn_adamw_update", P, P, P, P, P, P, L, F, F, F);
        sample = bind("vn_sample", P, P, P, P, L, L, L, F, L, F, L, L);
        penalizeRepetition = bind("vn_penalize_repetition", P, P, P, P, L, L, L, F);
        cast = bind("vn_cast", P, P, P, L, I, I);
        axpy = bind("vn_axpy", P, P, P, L, F);
        scale = bind("vn_scale", P, P, L, F);
        reduceRows = bind("vn_reduce_rows", P, P, P, L, L, I, I);
    }

    private static void requireAbiVersion(MethodHandle abiVersion) {
        int version;
        try {
            version = (int) abiVersion.invokeExact();
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
        if (version != ABI_VERSION) {
            throw KernelException.unavailable("the native library has interface version " + version
                    + ", this program needs " + ABI_VERSION
                    + "\n  Build both from the same sources: ./mvnw clean package");
        }
    }

    private MethodHandle bind(String name, MemoryLayout... parameters) {
        return handle(name, FunctionDescriptor.of(I, parameters));
    }

    private MethodHandle handle(String name, FunctionDescriptor signature) {
        MemorySegment address = symbols.find(name)
                .orElseThrow(() -> KernelException.unavailable("the native library has no function " + name
                        + "\n  Build it from the same sources as this program: ./mvnw clean package"));
        return linker.downcallHandle(address, signature);
    }
}

package dev.vernacular.kernels.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.StepBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The library's own checks, which [NativeKernels] normally leaves nothing to do.
@Tag("native")
class KernelBindingsTest {
    private static final int INVALID_ARGUMENT = 1;

    private static Map<String, MethodHandle> operations(KernelBindings vn) {
        Map<String, MethodHandle> operations = new LinkedHashMap<>();
        operations.put("compute_copy_refresh", vn.computeCopyRefresh);
        operations.put("compute_copy_rows", vn.computeCopyRows);
        operations.put("embedding_forward", vn.embeddingForward);
        operations.put("embedding_backward", vn.embeddingBackward);
        operations.put("residual_layernorm_forward", vn.residualLayerNormForward);
        operations.put("residual_layernorm_backward", vn.residualLayerNormBackward);
        operations.put("linear_forward", vn.linearForward);
        operations.put("linear_backward", vn.linearBackward);
        operations.put("bias_activation_forward", vn.biasActivationForward);
        operations.put("bias_activation_backward", vn.biasActivationBackward);
        operations.put("attention_forward", vn.attentionForward);
        operations.put("attention_backward", vn.attentionBackward);
        operations.put("kv_append", vn.kvAppend);
        operations.put("decode_attention", vn.decodeAttention);
        operations.put("classifier_forward_backward", vn.classifierForwardBackward);
        operations.put("classifier_logits", vn.classifierLogits);
        operations.put("gradient_norm", vn.gradientNorm);
        operations.put("adamw_update", vn.adamwUpdate);
        operations.put("sample", vn.sample);
        operations.put("penalize_repetition", vn.penalizeRepetition);
        operations.put("cast", vn.cast);
        operations.put("axpy", vn.axpy);
        operations.put("scale", vn.scale);
        operations.put("reduce_rows", vn.reduceRows);
        return operations;
    }

    static Stream<String> names() {
        return operations(NativeLibrary.cpu().bindings()).keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("names")
    void nullPointersAreRefusedByName(String name) {
        assertThat(refusal(name, 1L)).contains(name).contains("null");
    }

    @ParameterizedTest
    @MethodSource("names")
    void negativeSizesAreRefused(String name) {
        assertThat(refusal(name, -3L)).contains(name);
    }

    @ParameterizedTest
    @MethodSource("names")
    void sizesWhoseProductOverflowsAreRefused(String name) {
        assertThat(refusal(name, 1L << 40)).contains(name);
    }

    @Test
    void aLibraryOfAnotherKindIsRefusedNamingTheMissingFunction() {
        SymbolLookup empty = name -> Optional.empty();

        assertThatThrownBy(() -> new KernelBindings(empty))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("no function vn_abi_version");
    }

    @Test
    void closedKernelsSaySo() {
        NativeKernels kernels = NativeKernels.open(NativeLibrary.cpu(), 1, Optional.empty());
        kernels.close();
        kernels.close();

        assertThatThrownBy(() -> kernels.computeCopyBytes(1, 1, Dtype.F32, true))
                .hasMessage("these kernels were closed");
    }

    /// Calls with null pointers, every size `size`, every other number small, on an open context.
    private static String refusal(String name, long size) {
        KernelBindings vn = NativeLibrary.cpu().bindings();
        MethodHandle operation = operations(vn).get(name);
        try (Arena arena = Arena.ofConfined();
                NativeContext context = NativeContext.open(vn, new CpuDevice(), 1, Optional.empty())) {
            MemorySegment step = arena.allocate(StepBlock.BYTES, 64);
            context.call(handle -> (int) vn.contextBind.invokeExact(handle, MemorySegment.NULL, 0L, step));
            context.call(handle -> {
                List<Object> arguments = new ArrayList<>();
                for (Class<?> type : operation.type().parameterList()) {
                    arguments.add(argument(type, size));
                }
                arguments.set(0, handle);
                int status = (int) operation.invokeWithArguments(arguments);
                assertThat(status).isEqualTo(INVALID_ARGUMENT);
                return status;
            });
            return "";
        } catch (KernelException e) {
            return e.getMessage();
        }
    }

    private static Object argument(Class<?> type, long size) {
        if (type == MemorySegment.class) {
            return MemorySegment.NULL;
        }
        if (type == long.class) {
            return size;
        }
        return type == float.class ? (Object) 0.5f : (Object) 0;
    }
}

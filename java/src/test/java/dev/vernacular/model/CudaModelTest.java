package dev.vernacular.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.cuda.EmulatedDriver;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device.Recording;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The whole model on the CUDA kernels, as graphs, against the reference in float64.
@Tag("native")
class CudaModelTest {
    /// Of the root mean square of a tensor's gradient; float32 through two layers.
    private static final double FLOAT32 = 1e-3;

    static Stream<Arguments> models() {
        return Stream.of(
                Arguments.of("tied", TinyModel.config()),
                Arguments.of("untied, erf, layernorm1p", TinyModel.untied()),
                Arguments.of("rotary, no biases", TinyModel.rotary()),
                Arguments.of("dropout", TinyModel.withDropout()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void gradientsAreThoseOfTheReference(String name, GptConfig config) {
        ModelMemory want = TinyModel.training(config, Precision.FP64, TinyModel.BATCH);
        TinyModel.load(want.model().batch(), 0);
        want.model().forwardBackward(false);
        want.model().forwardBackward(true);
        try (EmulatedDriver driver = new EmulatedDriver();
                Backend backend = driver.backend()) {
            ModelMemory got =
                    TinyModel.training(config, Precision.FP32, TinyModel.BATCH, backend.kernels(), backend.device());
            TinyModel.load(got.model().batch(), 0);
            Recording first = backend.device().record(() -> got.model().forwardBackward(false));
            Recording next = backend.device().record(() -> got.model().forwardBackward(true));
            for (int replay = 0; replay < 3; replay++) {
                first.replay();
                next.replay();
            }

            float[] gradients = downloaded(backend, got.gradients());

            double[] wanted = want.gradients().segment().toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
            for (Parameter parameter : got.layout().parameters()) {
                assertThat(error(gradients, wanted, parameter))
                        .as(parameter.name())
                        .isLessThan(FLOAT32);
            }
        }
    }

    /// The largest difference over the root mean square of what is wanted.
    private static double error(float[] got, double[] want, Parameter parameter) {
        double squares = 0;
        double largest = 0;
        for (long i = parameter.offset(); i < parameter.offset() + parameter.elements(); i++) {
            squares += want[(int) i] * want[(int) i];
            largest = Math.max(largest, Math.abs(got[(int) i] - want[(int) i]));
        }
        return largest / Math.sqrt(squares / parameter.elements());
    }

    private static float[] downloaded(Backend backend, Tensor tensor) {
        MemorySegment host = backend.device().hostMemory(tensor.bytes());
        backend.device().download(host, tensor);
        return host.toArray(ValueLayout.JAVA_FLOAT);
    }
}

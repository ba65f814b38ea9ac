package dev.vernacular.kernels.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class CpuDeviceTest {
    private static final long HUGE_PAGE = 2 << 20;

    @Test
    void aSmallBlockIsZeroAndAlignedTo256Bytes() {
        try (CpuDevice device = new CpuDevice()) {
            Tensor tensor = device.allocate(Dtype.F32, 3, 7);

            assertThat(tensor.segment().address() % 256).isZero();
            assertThat(tensor.bytes()).isEqualTo(84);
            assertThat(tensor.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
        }
    }

    @Test
    void aBigBlockIsZeroToItsEndAndAlignedToHugePages() {
        try (CpuDevice device = new CpuDevice()) {
            Tensor tensor = device.allocate(Dtype.I8, 3 * HUGE_PAGE + 5);

            assertThat(tensor.segment().address() % HUGE_PAGE).isZero();
            assertThat(tensor.segment().get(ValueLayout.JAVA_BYTE, 3 * HUGE_PAGE + 4))
                    .isZero();
            tensor.segment().fill((byte) 1);
        }
    }

    @Test
    void closingGivesEverythingBack() {
        CpuDevice device = new CpuDevice();
        Tensor small = device.allocate(Dtype.F32, 10);
        Tensor big = device.allocate(Dtype.F32, HUGE_PAGE);
        assertThat(device.liveBytes()).isEqualTo(40 + 4 * HUGE_PAGE);

        device.close();

        assertThat(device.liveBytes()).isZero();
        assertThat(small.segment().scope().isAlive()).isFalse();
        assertThat(big.segment().scope().isAlive()).isFalse();
    }

    @Test
    void memoryThatIsNotThereIsRefusedWithTheSizes() {
        try (CpuDevice device = new CpuDevice()) {
            device.allocate(Dtype.I8, 4_000_000);

            assertThatThrownBy(() -> device.allocate(Dtype.I8, 1L << 60))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("1152921504606 MB more were wanted, 4 MB are in use");
        }
    }

    @Test
    void copiesNeedEqualSizes() {
        try (CpuDevice device = new CpuDevice()) {
            Tensor tensor = device.allocate(Dtype.F32, 3);
            MemorySegment host = device.hostMemory(8);

            assertThatThrownBy(() -> device.upload(tensor, host))
                    .hasMessageContaining("8 bytes to a place of 12 bytes");
            assertThatThrownBy(() -> device.download(host, tensor)).hasMessageContaining("12 bytes to a place of 8");
        }
    }

    @Test
    void aPlanLaysTensorsOutIn256ByteStepsAndCountsThemByKind() {
        MemoryPlan plan = new MemoryPlan();
        MemoryPlan.Entry first = plan.add("activations", "a", Dtype.BF16, 3, 5);
        MemoryPlan.Entry second = plan.add("gradients", "b", Dtype.F32, 65);
        MemoryPlan.Entry third = plan.add("activations", "c", Dtype.I32, 0);

        assertThat(plan.bytes()).isEqualTo(256 + 512);
        assertThat(plan.bytesByKind()).containsEntry("activations", 256L).containsEntry("gradients", 512L);
        assertThat(second.offset()).isEqualTo(256);
        try (CpuDevice device = new CpuDevice()) {
            Tensor block = plan.allocate(device);
            assertThat(first.in(block).shape()).containsExactly(3, 5);
            assertThat(second.in(block).segment().address())
                    .isEqualTo(block.segment().address() + 256);
            assertThat(third.in(block).elements()).isZero();
        }
    }

    @Test
    void aStepBlockCarriesItsHostHalfThereAndItsDeviceHalfBack() {
        try (CpuDevice device = new CpuDevice()) {
            StepBlock step = StepBlock.allocate(device);
            assertThat(StepBlock.lossScale(step.device())).isEqualTo(1f);
            StepBlock.setGradientNorm(step.device(), 3f, 0.25f, true);
            StepBlock.setFault(step.device());

            step.upload(7, 11, 1e-3f, 2f, 5);
            step.download();

            assertThat(StepBlock.seed(step.device())).isEqualTo(7);
            assertThat(StepBlock.firstSample(step.device())).isEqualTo(11);
            assertThat(StepBlock.updates(step.device())).isEqualTo(5);
            assertThat(step.gradientNorm()).isEqualTo(3f);
            assertThat(step.skipped()).isTrue();
            assertThat(step.fault()).isTrue();
            step.clearFault();
            step.download();
            assertThat(step.fault()).isFalse();
            assertThat(step.gradientScale()).isEqualTo(0.25f);
        }
    }
}

package dev.vernacular.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.Device.Recording;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The device over JCuda's own native code, whose calls go to the emulator's driver and are counted there.
@Tag("native")
class CudaDeviceTest {
    private EmulatedDriver driver;
    private Backend backend;
    private Device device;

    @BeforeEach
    void open() {
        driver = new EmulatedDriver().fresh();
        backend = driver.backend();
        device = backend.device();
    }

    @AfterEach
    void close() {
        driver.close();
        backend.close();
    }

    private static float[] ramp(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        return values;
    }

    private Tensor uploaded(float... values) {
        Tensor tensor = device.allocate(Dtype.F32, values.length);
        device.upload(tensor, device.hostMemory(tensor.bytes()).copyFrom(MemorySegment.ofArray(values)));
        return tensor;
    }

    private float[] downloaded(Tensor tensor) {
        MemorySegment host = device.hostMemory(tensor.bytes());
        device.download(host, tensor);
        return host.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void aNewTensorIsZeroAndAlignedAndFromTheDriver() {
        long before = EmulatedDriver.calls("cuMemAlloc_v2");

        Tensor tensor = device.allocate(Dtype.F32, 7, 9);

        assertThat(downloaded(tensor)).hasSize(63).containsOnly(0f);
        assertThat(tensor.segment().address() % 256).isZero();
        assertThat(EmulatedDriver.calls("cuMemAlloc_v2")).isEqualTo(before + 1);
    }

    @Test
    void whatIsUploadedMayBeChangedAtOnce() {
        Tensor tensor = device.allocate(Dtype.F32, 1000);
        MemorySegment host = device.hostMemory(tensor.bytes()).copyFrom(MemorySegment.ofArray(ramp(1000)));

        device.upload(tensor, host);
        host.fill((byte) 1);

        assertThat(downloaded(tensor)).isEqualTo(ramp(1000));
    }

    @Test
    void anUploadMayBeLargerThanWhatItGoesThrough() {
        float[] values = ramp(6_000_011);

        assertThat(Arrays.equals(downloaded(uploaded(values)), values)).isTrue();
    }

    @Test
    void partsOfATensorAreCopiedAlone() {
        Tensor tensor = uploaded(ramp(12)).reshape(4, 3);

        device.upload(tensor.slice(1, 2), MemorySegment.ofArray(new float[6]));

        assertThat(downloaded(tensor)).containsExactly(0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 10, 11);
    }

    @Test
    void aRecordingIsALaunchOfAGraphFromTheSecondReplayOn() {
        Tensor y = uploaded(1, 2, 3);
        Tensor x = uploaded(10, 20, 30);
        AtomicInteger runs = new AtomicInteger();
        long launches = EmulatedDriver.calls("cuGraphLaunch");

        Recording recording = device.record(() -> {
            runs.incrementAndGet();
            backend.kernels().axpy(y, x, 2f);
        });
        for (int i = 0; i < 5; i++) {
            recording.replay();
        }

        assertThat(downloaded(y)).containsExactly(101, 202, 303);
        assertThat(runs).hasValue(2);
        assertThat(EmulatedDriver.calls("cuGraphLaunch")).isEqualTo(launches + 4);
    }

    @Test
    void whatARecordingReadsMayBeUploadedBetweenReplays() {
        Tensor y = uploaded(0, 0);
        Tensor x = uploaded(1, 2);
        Recording recording = device.record(() -> backend.kernels().axpy(y, x, 1f));
        recording.replay();
        recording.replay();

        device.upload(x, MemorySegment.ofArray(new float[] {10, 20}));
        recording.replay();

        assertThat(downloaded(y)).containsExactly(12, 24);
    }

    @Test
    void callsThatCannotBeRecordedAreReportedAndTheStreamGoesOn() {
        Tensor x = uploaded(1, 2);
        Recording recording = device.record(device::synchronize);
        recording.replay();

        assertThatThrownBy(recording::replay).isInstanceOf(KernelException.class);

        assertThat(downloaded(x)).containsExactly(1, 2);
    }

    @Test
    void anotherThreadMayUseTheDevice() throws InterruptedException {
        Tensor x = uploaded(1, 2);
        Thread thread = new Thread(() -> {
            backend.kernels().scale(x, 3f);
            device.upload(x.slice(0, 1), MemorySegment.ofArray(new float[] {7}));
        });

        thread.start();
        thread.join();

        assertThat(downloaded(x)).containsExactly(7, 6);
    }

    @Test
    void sharedMemoryIsSeenByKernelsAndByTheHost() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shared = device.sharedMemory(8, arena);
            shared.setAtIndex(ValueLayout.JAVA_FLOAT, 0, 4f);
            shared.setAtIndex(ValueLayout.JAVA_FLOAT, 1, 5f);

            backend.kernels().scale(new Tensor(shared, Dtype.F32, 2), 2f);
            device.synchronize();

            assertThat(shared.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(8, 10);
        }
    }

    @Test
    void timeIsThatOfTheDevice() {
        Tensor x = uploaded(ramp(1000));

        assertThat(device.seconds(() -> backend.kernels().scale(x, 1f))).isBetween(1e-9, 10.0);
    }

    @Test
    void closingGivesAllMemoryBack() {
        long before = EmulatedDriver.liveBytes();
        Backend other = driver.backend();
        other.device().allocate(Dtype.F32, 1000);
        other.device().hostMemory(1000);
        assertThat(other.device().liveBytes()).isEqualTo(5000);
        assertThat(EmulatedDriver.liveBytes()).isGreaterThanOrEqualTo(before + 5000);

        other.close();

        assertThat(EmulatedDriver.liveBytes()).isEqualTo(before);
    }

    @Test
    void tooLittleMemorySaysWhatIsFreeAndIsAUsersError() {
        driver.with("VN_EMU_MEMORY", "20000000");
        device.allocate(Dtype.I8, 5_000_000);

        assertThatThrownBy(() -> device.allocate(Dtype.I8, 16_000_000))
                .isInstanceOfSatisfying(
                        KernelException.class, e -> assertThat(e.exitStatus()).isEqualTo(2))
                .hasMessageContaining("16 MB more were wanted, 5 MB are in use")
                .hasMessageContaining("MB of 20 MB are free on Emulated GPU")
                .hasMessageContaining("smaller micro batch");
    }

    @Test
    void aLostDeviceIsOneParagraphAndCanBeClosed() {
        Tensor x = uploaded(1, 2);
        driver.with("VN_EMU_LOSE_AFTER", "0");

        assertThatThrownBy(() -> downloaded(x))
                .isInstanceOfSatisfying(
                        KernelException.class, e -> assertThat(e.exitStatus()).isEqualTo(1))
                .hasMessageContaining("CUDA_ERROR_ECC_UNCORRECTABLE")
                .hasMessageContaining("Emulated GPU")
                .hasMessageContaining("last checkpoint");
        backend.close();
    }
}

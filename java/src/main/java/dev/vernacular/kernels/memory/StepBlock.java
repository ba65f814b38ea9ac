package dev.vernacular.kernels.memory;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The `vn_step` of `vernacular.h`: what changes from step to step. Kernels read it from device memory; the
/// host writes its first half and reads its second through a host copy.
///
/// @param device [BYTES] the block that kernels see
/// @param owner  the device it is on
/// @param host   the host's copy
public record StepBlock(Tensor device, Device owner, MemorySegment host) {
    public static final long BYTES = 128;
    private static final long SEED = 0;
    private static final long FIRST_SAMPLE = 8;
    private static final long LEARNING_RATE = 16;
    private static final long LOSS_SCALE = 20;
    private static final long UPDATES = 24;
    private static final long HOST_BYTES = 64;
    private static final long GRADIENT_NORM = 64;
    private static final long GRADIENT_SCALE = 68;
    private static final long SKIP = 72;
    private static final long FAULT = 76;

    /// A block on `owner`, zero but for a loss scale of 1.
    public static StepBlock allocate(Device owner) {
        Tensor device = owner.allocate(Dtype.I8, BYTES);
        StepBlock block = new StepBlock(device, owner, owner.hostMemory(BYTES));
        block.host.fill((byte) 0);
        block.host.set(ValueLayout.JAVA_FLOAT, LOSS_SCALE, 1f);
        owner.upload(device, block.host);
        return block;
    }

    /// Sends the host's half.
    ///
    /// @param firstSample  global index of the micro-batch's first sample
    /// @param updates      optimizer updates done before this one
    public void upload(long seed, long firstSample, float learningRate, float lossScale, long updates) {
        host.set(ValueLayout.JAVA_LONG, SEED, seed);
        host.set(ValueLayout.JAVA_LONG, FIRST_SAMPLE, firstSample);
        host.set(ValueLayout.JAVA_FLOAT, LEARNING_RATE, learningRate);
        host.set(ValueLayout.JAVA_FLOAT, LOSS_SCALE, lossScale);
        host.set(ValueLayout.JAVA_LONG, UPDATES, updates);
        owner.upload(device.slice(0, HOST_BYTES), host.asSlice(0, HOST_BYTES));
    }

    /// Fetches the device's half; the accessors below read what came.
    public void download() {
        owner.download(host.asSlice(HOST_BYTES), device.slice(HOST_BYTES, BYTES - HOST_BYTES));
    }

    /// Forgets an earlier fault; the device's half is otherwise as it was at the last [#download].
    public void clearFault() {
        host.set(ValueLayout.JAVA_INT, FAULT, 0);
        owner.upload(device.slice(FAULT, Integer.BYTES), host.asSlice(FAULT, Integer.BYTES));
    }

    public float gradientNorm() {
        return host.get(ValueLayout.JAVA_FLOAT, GRADIENT_NORM);
    }

    public float gradientScale() {
        return host.get(ValueLayout.JAVA_FLOAT, GRADIENT_SCALE);
    }

    /// A gradient was not finite: the update was left out.
    public boolean skipped() {
        return host.get(ValueLayout.JAVA_INT, SKIP) != 0;
    }

    /// An id, a label or a length was out of range in some call since [#clearFault].
    public boolean fault() {
        return host.get(ValueLayout.JAVA_INT, FAULT) != 0;
    }

    // Java-side kernels (the reference backend) work on the device tensor directly.

    public static long seed(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_LONG, SEED);
    }

    public static long firstSample(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_LONG, FIRST_SAMPLE);
    }

    public static float learningRate(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_FLOAT, LEARNING_RATE);
    }

    public static float lossScale(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_FLOAT, LOSS_SCALE);
    }

    public static long updates(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_LONG, UPDATES);
    }

    public static float gradientScale(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_FLOAT, GRADIENT_SCALE);
    }

    public static boolean skipped(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_INT, SKIP) != 0;
    }

    public static void setGradientNorm(Tensor step, float norm, float scale, boolean skip) {
        step.segment().set(ValueLayout.JAVA_FLOAT, GRADIENT_NORM, norm);
        step.segment().set(ValueLayout.JAVA_FLOAT, GRADIENT_SCALE, scale);
        step.segment().set(ValueLayout.JAVA_INT, SKIP, skip ? 1 : 0);
    }

    /// Marks an id, label or length as out of range. The flag stays until [#clearFault].
    public static void setFault(Tensor step) {
        step.segment().set(ValueLayout.JAVA_INT, FAULT, 1);
    }
}

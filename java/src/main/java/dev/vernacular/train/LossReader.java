package dev.vernacular.train;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.model.ModelMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Brings the losses of a micro-batch to the host, and sums them there: in one order and in double precision,
/// whatever the backend.
final class LossReader {
    private final Device device;
    private final ModelMemory memory;
    private final MemorySegment host;

    LossReader(Device device, ModelMemory memory) {
        this.device = device;
        this.memory = memory;
        host = device.hostMemory(memory.model().losses().bytes());
    }

    /// The mean loss of the last micro-batch; waits for its kernels.
    ///
    /// @param counted tokens that have a label
    double mean(int counted) {
        fetch();
        double sum = 0;
        long rows = memory.model().losses().elements();
        for (long row = 0; row < rows; row++) {
            sum += at(row);
        }
        return counted == 0 ? 0 : sum / counted;
    }

    /// Fetches the losses of the last micro-batch, for [#at].
    void fetch() {
        Tensor losses = memory.model().losses();
        device.download(host, losses);
    }

    /// The loss of a row, in nats; 0 without a label.
    double at(long row) {
        return memory.model().losses().dtype() == Dtype.F64
                ? host.getAtIndex(ValueLayout.JAVA_DOUBLE, row)
                : host.getAtIndex(ValueLayout.JAVA_FLOAT, row);
    }
}

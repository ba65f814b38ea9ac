package dev.vernacular.cuda;

import dev.vernacular.kernels.memory.Device.Recording;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/// Kernel calls as a CUDA graph. The first replay makes the calls themselves, in which the library may choose
/// algorithms and load code; the second captures them instead; from then on a replay is one launch.
final class CudaRecording implements Recording {
    private final CudaDevice device;
    private final Runnable calls;
    private boolean isWarm;
    private CUgraphExec executable;

    CudaRecording(CudaDevice device, Runnable calls) {
        this.device = device;
        this.calls = calls;
    }

    @Override
    public void replay() {
        device.enter();
        if (!isWarm) {
            calls.run();
            isWarm = true;
            return;
        }
        if (executable == null) {
            executable = capture();
        }
        device.check(JCudaDriver.cuGraphLaunch(executable, device.kernelStream()), "a graph's launch");
    }

    /// Only this thread's calls are captured and restricted: others may go on copying.
    private CUgraphExec capture() {
        Pointers.Stream stream = device.kernelStream();
        CUgraph graph = new CUgraph();
        device.check(
                JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "a graph's capture");
        try {
            calls.run();
        } catch (RuntimeException | Error e) {
            // Ends the capture, whose graph is no use; what happened in it is what to report.
            JCudaDriver.cuStreamEndCapture(stream, graph);
            throw e;
        }
        device.check(JCudaDriver.cuStreamEndCapture(stream, graph), "a graph's capture");
        CUgraphExec instance = new CUgraphExec();
        device.check(JCudaDriver.cuGraphInstantiate(instance, graph, 0), "a graph's instantiation");
        device.check(JCudaDriver.cuGraphDestroy(graph), "a graph's instantiation");
        return instance;
    }

    void close() {
        if (executable != null) {
            JCudaDriver.cuGraphExecDestroy(executable);
            executable = null;
        }
    }
}

// Streams, events and graphs. A stream is a queue of work, done at once or, with VN_EMU_LAZY=1, as late as CUDA allows:
// when something waits for it. So a missing wait shows as a missing result.
#include <deque>
#include <vector>

#include "internal.h"

using Work = std::function<void()>;

struct vn_emu_graph {
  std::vector<Work> nodes;
};

struct vn_emu_stream {
  std::deque<Work> waiting;
  uint64_t done = 0;                // how much work was ever begun
  vn_emu_graph* capture = nullptr;  // where calls are recorded instead

  uint64_t end() const { return done + waiting.size(); }
  void reach(uint64_t count) {
    while (done < count && !waiting.empty()) {
      const Work work = std::move(waiting.front());
      waiting.pop_front();
      done++;
      work();
    }
  }
};

struct vn_emu_event {
  vn_emu_stream* stream = nullptr;
  uint64_t at = 0;
  vn_emu_graph* capture = nullptr;  // recorded while this graph was captured
};

namespace vn_emu {

std::recursive_mutex the_lock;

namespace {

struct Streams {
  vn_emu_stream null_stream;
  std::vector<vn_emu_stream*> all{&null_stream};
};

Streams& streams() {
  static Streams streams;
  return streams;
}

vn_emu_stream& of(cudaStream_t stream) { return stream ? *stream : streams().null_stream; }

}  // namespace

void enqueue(vn_emu_stream* stream, Work work) {
  static const bool is_lazy = *setting("VN_EMU_LAZY");
  std::lock_guard lock(the_lock);
  vn_emu_stream& s = of(stream);
  if (s.capture) {
    s.capture->nodes.push_back(std::move(work));
    return;
  }
  s.waiting.push_back(std::move(work));
  if (!is_lazy) s.reach(s.end());
}

}  // namespace vn_emu

using namespace vn_emu;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  std::lock_guard lock(the_lock);
  *stream = new vn_emu_stream;
  streams().all.push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  std::lock_guard lock(the_lock);
  cudaStreamSynchronize(stream);
  std::erase(streams().all, stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  std::lock_guard lock(the_lock);
  of(stream).reach(of(stream).end());
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  std::lock_guard lock(the_lock);
  for (vn_emu_stream* stream : streams().all) stream->reach(stream->end());
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new vn_emu_event;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  std::lock_guard lock(the_lock);
  *event = {&of(stream), of(stream).end(), of(stream).capture};
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  std::lock_guard lock(the_lock);
  if (event->stream) event->stream->reach(event->at);
  return cudaSuccess;
}

// An event of a stream that is being captured takes the waiting stream into the same graph, whose nodes run in the order
// of the calls.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  std::lock_guard lock(the_lock);
  const vn_emu_event recorded = *event;
  if (recorded.capture) {
    of(stream).capture = recorded.capture;
  } else if (recorded.stream) {
    enqueue(stream, [recorded] { recorded.stream->reach(recorded.at); });
  }
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, int) {
  std::lock_guard lock(the_lock);
  of(stream).capture = new vn_emu_graph;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  std::lock_guard lock(the_lock);
  *graph = of(stream).capture;
  if (!*graph) return cudaErrorInvalidValue;
  for (vn_emu_stream* s : streams().all) {
    if (s->capture == *graph) s->capture = nullptr;
  }
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = of(stream).capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new vn_emu_graph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  std::lock_guard lock(the_lock);
  for (const Work& work : executable->nodes) enqueue(stream, work);
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

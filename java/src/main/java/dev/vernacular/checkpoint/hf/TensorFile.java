package dev.vernacular.checkpoint.hf;

import java.util.Map;

/// An open file of weights; its tensors end with [#close()].
interface TensorFile extends AutoCloseable {
    Map<String, FileTensor> tensors();

    @Override
    void close();
}

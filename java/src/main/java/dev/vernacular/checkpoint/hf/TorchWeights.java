package dev.vernacular.checkpoint.hf;

import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// `pytorch_model.bin`: a state dict in `torch.save`'s zip.
record TorchWeights(TorchFile file, Map<String, FileTensor> tensors) implements TensorFile {
    /// @throws HuggingFaceException if it holds anything but tensors by name
    /// @throws dev.vernacular.VernacularException if it is damaged, or names classes that are no data
    static TorchWeights open(Path path) {
        TorchFile file = TorchFile.open(path);
        try {
            Map<String, FileTensor> tensors = new LinkedHashMap<>();
            file.requirePlainData().dictionary().forEach((key, value) -> {
                if (!(key instanceof String name) || !(value instanceof TorchTensor tensor)) {
                    throw new HuggingFaceException(path + ": '" + key + "' is no tensor with a name\n"
                            + "  A pytorch_model.bin holds nothing but the model's weights.");
                }
                if (tensor.byteSize() > tensor.storage().byteSize()) {
                    throw new HuggingFaceException(path + ": " + name + " repeats the numbers of a smaller storage,"
                            + " which no weights do\n  Save the model again with transformers.");
                }
                tensors.put(name, new Weight(tensor));
            });
            return new TorchWeights(file, tensors);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public void close() {
        file.close();
    }

    private record Weight(TorchTensor tensor) implements FileTensor {
        @Override
        public String typeName() {
            return tensor.dtype().torchName();
        }

        @Override
        public Optional<Dtype> dtype() {
            return tensor.dtype().dtype();
        }

        @Override
        public long[] shape() {
            return tensor.shape();
        }

        @Override
        public long byteSize() {
            return tensor.byteSize();
        }

        @Override
        public void readRows(long first, MemorySegment into) {
            tensor.rows(first, into.byteSize() / (byteSize() / shape()[0])).read(into);
        }

        @Override
        public void requireWhole(String name) {
            tensor.requireWhole(name);
        }

        @Override
        public boolean isSame(FileTensor other) {
            boolean isShared = other instanceof Weight weight
                    && weight.tensor().storage() == tensor.storage()
                    && weight.tensor().offset() == tensor.offset()
                    && Arrays.equals(weight.tensor().strides(), tensor.strides())
                    && Arrays.equals(weight.shape(), shape());
            return isShared || FileTensor.super.isSame(other);
        }
    }
}

package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Copies of the golden models with something wrong in them.
public final class BrokenModels {
    private BrokenModels() {}

    /// A copy in which one bit of a float32 tensor that is stored as it is has turned over.
    public static Path withFlippedBit(Path model, String tensor, Path target) throws IOException {
        byte[] file = Files.readAllBytes(model);
        byte[] stored;
        try (ModelFile open = ModelFile.open(model)) {
            StoredTensor found = open.tensors().stream()
                    .filter(some -> some.name().equals(tensor))
                    .findFirst()
                    .orElseThrow();
            stored = new byte[(int) found.byteSize()];
            found.read(MemorySegment.ofArray(stored));
        }
        int at = 0;
        while (!Arrays.equals(file, at, at + stored.length, stored, 0, stored.length)) {
            at++;
        }
        file[at + 7] ^= 0x40;
        return Files.write(target, file);
    }

    /// A whole model with a weight that is not a number.
    public static Path withNaN(Path model, String tensor, Path target) {
        try (ModelFile open = ModelFile.open(model)) {
            List<StoredTensor> tensors = open.tensors().stream()
                    .map(some -> some.name().equals(tensor) ? new Spoiled(some) : some)
                    .toList();
            NemoWriter.write(target, open.section(), open.tokenizer(), tensors, true);
            return target;
        }
    }

    private record Spoiled(StoredTensor source) implements StoredTensor {
        @Override
        public String name() {
            return source.name();
        }

        @Override
        public Dtype dtype() {
            return source.dtype();
        }

        @Override
        public long[] shape() {
            return source.shape();
        }

        @Override
        public void read(MemorySegment into) {
            source.read(into);
            into.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 3, Float.NaN);
        }
    }
}

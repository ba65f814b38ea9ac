package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.databind.util.ByteBufferBackedInputStream;
import dev.vernacular.checkpoint.hf.SafetensorsHeader.Entry;
import dev.vernacular.files.FilesException;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A `.safetensors` file: a length, a JSON table of tensors, their bytes. Mapped; tensors end with [#close()].
///
/// @see <a href="https://huggingface.co/docs/safetensors/index#format">safetensors, format</a>
final class SafetensorsFile implements TensorFile {
    /// The limit of Hugging Face's own reader.
    private static final long LARGEST_HEADER = 100_000_000;

    private static final Map<String, Integer> BYTES = Map.ofEntries(
            Map.entry("F64", 8),
            Map.entry("F32", 4),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I64", 8),
            Map.entry("I32", 4),
            Map.entry("I16", 2),
            Map.entry("I8", 1),
            Map.entry("U64", 8),
            Map.entry("U32", 4),
            Map.entry("U16", 2),
            Map.entry("U8", 1),
            Map.entry("BOOL", 1),
            Map.entry("F8_E4M3", 1),
            Map.entry("F8_E5M2", 1));
    private static final Map<String, Dtype> DTYPES =
            Map.of("F64", Dtype.F64, "F32", Dtype.F32, "F16", Dtype.F16, "BF16", Dtype.BF16);

    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final Map<String, FileTensor> tensors = new LinkedHashMap<>();

    /// A tensor as it lies in the file, row-major.
    record SafeTensor(String typeName, long[] shape, MemorySegment bytes) implements FileTensor {
        @Override
        public Optional<Dtype> dtype() {
            return Optional.ofNullable(DTYPES.get(typeName));
        }

        @Override
        public long byteSize() {
            return bytes.byteSize();
        }

        @Override
        public void readRows(long first, MemorySegment into) {
            into.copyFrom(bytes.asSlice(first * (byteSize() / shape[0]), into.byteSize()));
        }
    }

    private SafetensorsFile(Path path) {
        this.path = path;
    }

    /// @throws FilesException       if the file cannot be read
    /// @throws HuggingFaceException if it is damaged, naming the tensor
    static SafetensorsFile open(Path path) {
        SafetensorsFile file = new SafetensorsFile(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            file.read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), file.arena));
            return file;
        } catch (IOException e) {
            file.close();
            throw FilesException.reading(path, e);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public Map<String, FileTensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        arena.close();
    }

    private void read(MemorySegment file) {
        if (file.byteSize() < 8) {
            throw new HuggingFaceException(path + " has " + file.byteSize() + " bytes, too few for a safetensors file");
        }
        long length = file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 2 || length > LARGEST_HEADER || length > file.byteSize() - 8) {
            throw new HuggingFaceException(path + " has a header of " + Long.toUnsignedString(length)
                    + " bytes in a file of " + file.byteSize() + "\n  It is no safetensors file, or it is cut short.");
        }
        MemorySegment header = file.asSlice(8, length);
        MemorySegment data = file.asSlice(8 + length);
        Map<String, Entry> entries =
                SafetensorsHeader.read(new ByteBufferBackedInputStream(header.asByteBuffer()), path.toString());
        requireOneAfterTheOther(entries, data.byteSize());
        entries.forEach((name, entry) -> tensors.put(
                name,
                new SafeTensor(
                        entry.dtype(), entry.shape(), data.asSlice(entry.begin(), entry.end() - entry.begin()))));
    }

    /// Bytes of tensors fill the file, without a gap and without one lying over another.
    private void requireOneAfterTheOther(Map<String, Entry> entries, long dataBytes) {
        List<Map.Entry<String, Entry>> inOrder = entries.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Entry> entry) ->
                                entry.getValue().begin())
                        .thenComparingLong(entry -> entry.getValue().end()))
                .toList();
        long at = 0;
        for (Map.Entry<String, Entry> next : inOrder) {
            Entry entry = next.getValue();
            if (entry.begin() != at || entry.end() < at || entry.end() > dataBytes) {
                throw new HuggingFaceException(path + ": " + next.getKey() + " lies at bytes " + entry.begin() + " to "
                        + entry.end() + " of " + dataBytes + ", where byte " + at
                        + " is the next\n  The file is cut short or damaged.");
            }
            requireSize(next.getKey(), entry);
            at = entry.end();
        }
        if (at != dataBytes) {
            throw new HuggingFaceException(
                    path + ": its tensors end at byte " + at + " of " + dataBytes + "\n  The file is damaged.");
        }
    }

    private void requireSize(String name, Entry entry) {
        Integer width = BYTES.get(entry.dtype());
        if (width == null) {
            throw new HuggingFaceException(
                    path + ": " + name + " is of type " + entry.dtype() + ", which is not supported");
        }
        long bytes = width;
        for (long size : entry.shape()) {
            bytes = Math.multiplyHigh(bytes, size) == 0 && bytes * size >= 0 ? bytes * size : Long.MAX_VALUE;
        }
        if (bytes != entry.end() - entry.begin()) {
            throw new HuggingFaceException(path + ": " + name + " has " + (entry.end() - entry.begin()) + " bytes, "
                    + entry.dtype() + Arrays.toString(entry.shape()) + " does not");
        }
    }
}

package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.JsonProblem;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// A `.safetensors` file: a length, a JSON table of tensors, their bytes. Mapped; tensors end with [#close()].
///
/// @see <a href="https://huggingface.co/docs/safetensors/index#format">safetensors, format</a>
final class SafetensorsFile implements AutoCloseable {
    private static final long LARGEST_HEADER = 100L << 20;
    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final Map<String, SafeTensor> tensors = new LinkedHashMap<>();

    /// A tensor as it lies in the file, row-major.
    record SafeTensor(Dtype dtype, long[] shape, MemorySegment bytes) {}

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

    Map<String, SafeTensor> tensors() {
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
            throw new HuggingFaceException(path + " has a header of " + length + " bytes in a file of "
                    + file.byteSize() + "\n  It is no safetensors file, or it is cut short.");
        }
        String header = new String(file.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        MemorySegment data = file.asSlice(8 + length);
        JsonNode table = parse(header);
        table.properties().forEach(entry -> {
            if (!entry.getKey().equals("__metadata__")) {
                tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue(), data));
            }
        });
    }

    private JsonNode parse(String header) {
        try {
            JsonNode table = new ObjectMapper().readTree(header);
            if (table != null && table.isObject()) {
                return table;
            }
            throw new HuggingFaceException(path + ": its header is no JSON object");
        } catch (JsonProcessingException e) {
            throw new HuggingFaceException(path + ": its header is no JSON: " + JsonProblem.describe(e));
        }
    }

    private SafeTensor tensor(String name, JsonNode entry, MemorySegment data) {
        Dtype dtype = switch (entry.path("dtype").asText()) {
            case "F32" -> Dtype.F32;
            case "F16" -> Dtype.F16;
            case "BF16" -> Dtype.BF16;
            case "F64" -> Dtype.F64;
            default -> Dtype.I8;
        };
        long begin = entry.path("data_offsets").path(0).asLong(-1);
        long end = entry.path("data_offsets").path(1).asLong(-1);
        if (begin < 0 || end < begin || end > data.byteSize()) {
            throw new HuggingFaceException(path + ": " + name + " lies at bytes " + begin + " to " + end + " of "
                    + data.byteSize() + "\n  The file is cut short or damaged.");
        }
        long[] shape = new long[entry.path("shape").size()];
        Arrays.setAll(shape, axis -> entry.path("shape").path(axis).asLong(-1));
        return new SafeTensor(dtype, shape, data.asSlice(begin, end - begin));
    }
}

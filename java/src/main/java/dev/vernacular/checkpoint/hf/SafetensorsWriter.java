package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.files.AtomicFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes a `.safetensors` file, one tensor in memory at a time. The same tensors give the same bytes.
///
/// @see <a href="https://huggingface.co/docs/safetensors/index#format">safetensors, format</a>
final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;

    private SafetensorsWriter() {}

    /// @param tensors under the names they are written with
    static void write(Path file, List<StoredTensor> tensors) {
        byte[] header = header(tensors);
        AtomicFile.write(file, channel -> {
            ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeAll(
                    channel, start.putLong(header.length).put(header).flip());
            for (StoredTensor tensor : tensors) {
                tensor.writeTo(channel);
            }
        });
    }

    private static byte[] header(List<StoredTensor> tensors) {
        Map<String, Object> table = new LinkedHashMap<>();
        table.put("__metadata__", Map.of("format", "pt"));
        long at = 0;
        for (StoredTensor tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.dtype().name());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", new long[] {at, at + tensor.byteSize()});
            table.put(tensor.name(), entry);
            at += tensor.byteSize();
        }
        try {
            byte[] json = new ObjectMapper().writeValueAsString(table).getBytes(StandardCharsets.UTF_8);
            byte[] padded = Arrays.copyOf(json, (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
            Arrays.fill(padded, json.length, padded.length, (byte) ' ');
            return padded;
        } catch (JsonProcessingException e) {
            throw new AssertionError("a table of tensors that is no JSON", e);
        }
    }
}

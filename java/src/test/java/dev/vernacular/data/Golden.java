package dev.vernacular.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.StreamSupport;

/// The files of `golden/data`, made by independent Python.
final class Golden {
    private Golden() {}

    static Path file(String name) {
        try {
            return Path.of(Objects.requireNonNull(Golden.class.getResource("/golden/data/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static JsonNode sampling() throws IOException {
        return new ObjectMapper().readTree(file("sampling.json").toFile());
    }

    static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    /// A dataset whose ids count up from 0 through all documents.
    static IndexedDataset counting(Path prefix, int... lengths) {
        IndexedDatasetWriter.write(prefix, TokenType.INT32, true, writer -> {
            int next = 0;
            for (int length : lengths) {
                int[] ids = new int[length];
                for (int i = 0; i < length; i++) {
                    ids[i] = next++;
                }
                writer.add(ids);
                writer.endDocument();
            }
        });
        return IndexedDataset.open(prefix);
    }
}

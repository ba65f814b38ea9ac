package dev.vernacular.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `metrics.jsonl`: a JSON object a step, and one a validation. A number that is not finite is null, as JSON
/// has none.
final class MetricsLog implements StepListener, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Path file;
    private final BufferedWriter out;
    private final boolean isValidated;

    private MetricsLog(Path file, BufferedWriter out, boolean isValidated) {
        this.file = file;
        this.out = out;
        this.isValidated = isValidated;
    }

    /// Opens the file for steps after `step`; what it has beyond, from a run that was stopped without saving,
    /// goes, so that the file is one curve.
    static MetricsLog openAfter(Path file, int step) {
        try {
            if (Files.exists(file)) {
                dropAfter(file, step);
            }
            boolean isValidated = Files.exists(file) && endsWithValidation(file, step);
            BufferedWriter out = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return new MetricsLog(file, out, isValidated);
        } catch (IOException e) {
            throw FilesException.writing(file, e);
        }
    }

    /// Whether the last step that the file had when it was opened was validated: a run may have been stopped
    /// between the two.
    boolean isValidated() {
        return isValidated;
    }

    @Override
    public void stepDone(Step step) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step.step());
        line.put("loss", finite(step.loss()));
        line.put("lr", step.learningRate());
        line.put("grad_norm", finite(step.gradientNorm()));
        line.put("loss_scale", step.lossScale());
        line.put("consumed_samples", step.consumedSamples());
        line.put("tokens_per_s", Math.rint(step.tokensPerSecond() * 10) / 10);
        line.put("ms", Math.rint(step.milliseconds() * 1000) / 1000);
        write(line);
    }

    @Override
    public void validated(Validated validation) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", validation.step());
        line.put("val_loss", finite(validation.loss()));
        if (!validation.bitsPerByte().isEmpty()) {
            line.put("bits_per_byte", validation.bitsPerByte());
        }
        write(line);
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw FilesException.writing(file, e);
        }
    }

    private void write(Map<String, Object> line) {
        try {
            out.write(JSON.writeValueAsString(line));
            out.newLine();
            out.flush();
        } catch (IOException e) {
            throw FilesException.writing(file, e);
        }
    }

    private static Object finite(double value) {
        return Double.isFinite(value) ? (Object) value : NullNode.getInstance();
    }

    private static void dropAfter(Path file, int step) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<String> kept = lines.stream().filter(line -> isUpTo(step, line)).toList();
        if (kept.size() < lines.size()) {
            byte[] text = (String.join("\n", kept) + (kept.isEmpty() ? "" : "\n")).getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(file, text);
        }
    }

    private static boolean endsWithValidation(Path file, int step) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (lines.isEmpty()) {
            return false;
        }
        JsonNode last = JSON.readTree(lines.getLast());
        return last.has("val_loss") && last.path("step").asInt() == step;
    }

    /// A line that a kill cut short is no JSON and goes too.
    private static boolean isUpTo(int step, String line) {
        try {
            JsonNode node = JSON.readTree(line);
            return node.has("step") && node.get("step").asInt() <= step;
        } catch (JsonProcessingException torn) {
            return false;
        }
    }
}

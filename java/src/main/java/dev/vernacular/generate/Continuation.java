package dev.vernacular.generate;

import dev.vernacular.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// One sequence of a batch while it grows.
final class Continuation {
    private final int[] prompt;
    private final GenerationOptions options;
    private final Optional<Tokenizer> tokenizer;
    private final int[] tokens;
    private final List<Float> logprobs = new ArrayList<>();
    private final TextStream stream = new TextStream();
    private final StringBuilder text = new StringBuilder();
    private final long started = System.nanoTime();
    private int count;
    private Optional<Stop> stop;
    private double seconds;

    Continuation(int[] prompt, GenerationOptions options, Optional<Tokenizer> tokenizer) {
        this.prompt = prompt.clone();
        this.options = options;
        this.tokenizer = tokenizer;
        tokens = Arrays.copyOf(prompt, prompt.length + options.tokens());
        count = prompt.length;
        stop = options.tokens() == 0 ? Optional.of(Stop.LENGTH) : Optional.empty();
    }

    boolean isActive() {
        return stop.isEmpty();
    }

    /// Prompt and new tokens, [#count] of them.
    int[] tokens() {
        return tokens;
    }

    int count() {
        return count;
    }

    int generated() {
        return count - prompt.length;
    }

    int lastToken() {
        return tokens[count - 1];
    }

    /// Takes a new token.
    ///
    /// @return the text that can be shown now
    String add(int id, float logprob) {
        tokens[count++] = id;
        logprobs.add(logprob);
        String shown = "";
        if (tokenizer.isPresent() && id == tokenizer.get().endOfText()) {
            stop = Optional.of(Stop.END_OF_TEXT);
        } else {
            shown = show(tokenizer
                    .map(t -> stream.add(t.decodeBytes(new int[] {id})))
                    .orElse(""));
            if (endsWithEndString()) {
                stop = Optional.of(Stop.END_STRING);
            } else if (count == tokens.length) {
                stop = Optional.of(Stop.LENGTH);
            }
        }
        if (stop.isPresent()) {
            shown += show(stream.finish());
            seconds = (System.nanoTime() - started) * 1e-9;
        }
        return shown;
    }

    Generation finished(float[] promptLogprobs) {
        return new Generation(
                Arrays.stream(prompt).boxed().toList(),
                Arrays.stream(tokens, prompt.length, count).boxed().toList(),
                List.copyOf(logprobs),
                IntStream.range(0, promptLogprobs.length)
                        .mapToObj(i -> promptLogprobs[i])
                        .toList(),
                text.toString(),
                stop.orElseThrow(),
                seconds);
    }

    private String show(String piece) {
        text.append(piece);
        return piece;
    }

    private boolean endsWithEndString() {
        return options.endStrings().stream().anyMatch(this::endsWith);
    }

    private boolean endsWith(String end) {
        int from = text.length() - end.length();
        return !end.isEmpty() && from >= 0 && text.substring(from).equals(end);
    }
}

package dev.vernacular.tokenizer.training;

import dev.vernacular.tokenizer.ByteAlphabet;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.stream.Stream;

/// Learns merges from counted pieces: the most frequent adjacent pair becomes a token, of equally frequent ones
/// the pair with the smaller ids, until the vocabulary is full. The vocabulary and the merges are those of
/// Hugging Face `tokenizers` (`BpeTrainer`), ties included.
///
/// Counts change only where a pair was merged; a heap holds the pairs, and a stale count is mended when its
/// pair comes up (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, with the bookkeeping of
/// `subword-nmt`).
public final class BpeTrainer {
    private static final Comparator<Candidate> MOST_FREQUENT_FIRST = Comparator.comparingLong(Candidate::count)
            .reversed()
            .thenComparingInt(Candidate::left)
            .thenComparingInt(Candidate::right);

    /// A pair to merge in `pieces`, with its count when it was last looked at.
    private record Candidate(long count, int left, int right, int pair, int[] pieces) {}

    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final LinkedHashSet<Merge> merges = new LinkedHashSet<>();
    private final List<int[]> symbols = new ArrayList<>(); // of each piece of two bytes or more
    private final List<Integer> lengths = new ArrayList<>();
    private final List<Long> frequencies = new ArrayList<>();
    private final PairCounts pairs = new PairCounts();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(MOST_FREQUENT_FIRST);

    private BpeTrainer(PieceCounts pieces) {
        for (char c : ByteAlphabet.inOrder()) {
            idOf(String.valueOf(c));
        }
        pieces.forEach(this::add);
        for (int pair = 0; pair < pairs.size(); pair++) {
            enqueue(pair);
        }
    }

    /// Trains on documents.
    ///
    /// @throws TokenizerException if there is no text
    public static Tokenizer train(TrainingSettings settings, Stream<String> documents) {
        PieceCounts pieces = new PieceCounts(settings.preTokenizer(), settings.words());
        documents.forEach(pieces::add);
        return train(settings, pieces);
    }

    /// Trains on pieces counted before, with the settings' pre-tokenizer and words.
    ///
    /// @throws TokenizerException if there are none
    public static Tokenizer train(TrainingSettings settings, PieceCounts pieces) {
        if (pieces.size() == 0) {
            throw new TokenizerException("there is no text to train a tokenizer on");
        }
        BpeTrainer trainer = new BpeTrainer(pieces);
        trainer.learn(settings.vocabularySize() - settings.specials().size(), settings.minFrequency());
        return Tokenizer.of(trainer.vocabulary(settings));
    }

    private void add(byte[] piece, long frequency) {
        if (piece.length < 2) {
            return;
        }
        int[] bytes = new int[piece.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = ids.get(String.valueOf(ByteAlphabet.character(piece[i] & 0xFF)));
        }
        for (int i = 0; i + 1 < bytes.length; i++) {
            int pair = pairs.indexOf(bytes[i], bytes[i + 1]);
            pairs.add(pair, frequency);
            pairs.addPlace(pair, symbols.size());
        }
        symbols.add(bytes);
        lengths.add(bytes.length);
        frequencies.add(frequency);
    }

    private void learn(int size, long minFrequency) {
        while (tokens.size() < size && !queue.isEmpty()) {
            Candidate top = queue.poll();
            long count = pairs.count(top.pair());
            if (count != top.count()) {
                queue.add(new Candidate(count, top.left(), top.right(), top.pair(), top.pieces()));
            } else if (count < minFrequency) {
                return;
            } else {
                merge(top);
            }
        }
    }

    private void merge(Candidate pair) {
        Merge merge = new Merge(tokens.get(pair.left()), tokens.get(pair.right()));
        int product = idOf(merge.product()); // it may be there already, from another pair
        merges.remove(merge); // a pair that came up again, through such a product, has its last rank
        merges.add(merge);
        List<Integer> found = new ArrayList<>();
        for (int piece : pair.pieces()) {
            replace(piece, pair.left(), pair.right(), product, found);
        }
        found.forEach(this::enqueue);
    }

    private int idOf(String token) {
        Integer known = ids.putIfAbsent(token, tokens.size());
        if (known == null) {
            tokens.add(token);
        }
        return ids.get(token);
    }

    private void enqueue(int pair) {
        int[] places = pairs.takePlaces(pair);
        if (pairs.count(pair) > 0) {
            queue.add(new Candidate(pairs.count(pair), pairs.left(pair), pairs.right(pair), pair, places));
        }
    }

    /// Replaces the pair in a piece from left to right and counts the pairs that vanish and appear beside it.
    ///
    /// @param found receives pairs that appear for the first time in this round
    private void replace(int piece, int left, int right, int product, List<Integer> found) {
        int[] s = symbols.get(piece);
        int length = lengths.get(piece);
        long frequency = frequencies.get(piece);
        int write = 0;
        int read = 0;
        while (read < length) {
            if (read + 1 == length || s[read] != left || s[read + 1] != right) {
                s[write++] = s[read++];
                continue;
            }
            if (write > 0) {
                pairs.add(pairs.indexOf(s[write - 1], left), -frequency);
                appear(s[write - 1], product, frequency, piece, found);
            }
            s[write++] = product;
            read += 2;
            if (read < length) {
                pairs.add(pairs.indexOf(right, s[read]), -frequency);
                appear(product, s[read], frequency, piece, found);
            }
        }
        lengths.set(piece, write);
    }

    private void appear(int left, int right, long frequency, int piece, List<Integer> found) {
        int pair = pairs.indexOf(left, right);
        pairs.add(pair, frequency);
        if (pairs.addPlace(pair, piece)) {
            found.add(pair);
        }
    }

    private Vocabulary vocabulary(TrainingSettings settings) {
        List<AddedToken> specials = new ArrayList<>();
        for (String special : settings.specials()) {
            if (ids.containsKey(special)) {
                throw new TokenizerException("the special token '" + special + "' is an ordinary token of this text too"
                        + "\n  Choose one that does not occur in the text.");
            }
            specials.add(new AddedToken(tokens.size(), special, true));
            tokens.add(special);
        }
        return new Vocabulary(tokens, List.copyOf(merges), specials, settings.preTokenizer());
    }
}

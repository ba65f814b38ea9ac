package dev.vernacular.tokenizer.training;

import dev.vernacular.files.Utf8;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How often each piece occurs in the text: all that training keeps of it, so memory grows with distinct
/// pieces, not with the text. An open-addressed hash table, at most half full.
public final class PieceCounts {
    private static final class Piece {
        final byte[] bytes;
        final int hash;
        long count;

        Piece(byte[] bytes, int hash) {
            this.bytes = bytes;
            this.hash = hash;
        }
    }

    private final PreTokenizer preTokenizer;
    private final Optional<WordBoundaries> words;
    private Piece[] table = new Piece[1 << 12];
    private int size;

    /// @param words a language at whose word boundaries pieces are cut once more
    public PieceCounts(PreTokenizer preTokenizer, Optional<Locale> words) {
        this.preTokenizer = preTokenizer;
        this.words = words.map(WordBoundaries::new);
    }

    /// Counts the pieces of one document.
    public void add(String document) {
        byte[] text = Utf8.bytes(document);
        int[] cuts = words.map(w -> w.offsets(document)).orElse(new int[0]);
        int cut = 0;
        int at = 0;
        while (at < text.length) {
            int end = preTokenizer.pieceEnd(text, at, text.length);
            for (; cut < cuts.length && cuts[cut] < end; cut++) {
                boolean behindLeadingSpace = cuts[cut] == at + 1 && text[at] == ' ';
                if (cuts[cut] > at && !behindLeadingSpace) {
                    count(text, at, cuts[cut]);
                    at = cuts[cut];
                }
            }
            count(text, at, end);
            at = end;
        }
    }

    private void count(byte[] text, int from, int to) {
        int hash = hash(text, from, to);
        int slot = hash & table.length - 1;
        while (table[slot] != null) {
            Piece piece = table[slot];
            if (piece.hash == hash && Arrays.equals(piece.bytes, 0, piece.bytes.length, text, from, to)) {
                piece.count++;
                return;
            }
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = new Piece(Arrays.copyOfRange(text, from, to), hash);
        table[slot].count = 1;
        if (++size > table.length >> 1) {
            grow();
        }
    }

    private static int hash(byte[] text, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + text[i];
        }
        hash *= 0x9E3779B9;
        return hash ^ hash >>> 15;
    }

    private void grow() {
        Piece[] old = table;
        table = new Piece[old.length << 1];
        for (Piece piece : old) {
            if (piece != null) {
                int slot = piece.hash & table.length - 1;
                while (table[slot] != null) {
                    slot = slot + 1 & table.length - 1;
                }
                table[slot] = piece;
            }
        }
    }

    /// How many distinct pieces there are.
    public int size() {
        return size;
    }

    /// Receives a piece and how often it occurs.
    @FunctionalInterface
    public interface Visitor {
        void visit(byte[] piece, long count);
    }

    /// Visits every piece, in no order to rely on.
    public void forEach(Visitor visitor) {
        for (Piece piece : table) {
            if (piece != null) {
                visitor.visit(piece.bytes, piece.count);
            }
        }
    }
}

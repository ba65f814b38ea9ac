package dev.vernacular.tokenizer;

import dev.vernacular.files.Utf8;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.bpe.BytePairs;
import dev.vernacular.tokenizer.bpe.MergeTable;
import dev.vernacular.tokenizer.bpe.PieceCache;
import dev.vernacular.tokenizer.bpe.TokenBuffer;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/// GPT-2's byte-level byte-pair encoding: text ↔ token ids, the same ids as Hugging Face `tokenizers` and
/// `tiktoken` give for the same files. There is no unknown token and nothing is normalised:
/// `decode(encode(text))` is `text`.
///
/// Immutable but for a cache that threads share safely.
public final class Tokenizer {
    private final Vocabulary vocabulary;
    private final TokenizerFiles given;
    private final byte[][] tokenBytes;
    private final BytePairs pairs;
    private final PieceCache pieces;
    private final SpecialTokens specials;
    private final int endOfText;

    private Tokenizer(Vocabulary vocabulary, TokenizerFiles given) {
        this.vocabulary = vocabulary;
        this.given = given;
        Map<String, Integer> ids = vocabulary.ids();
        this.tokenBytes = vocabulary.tokens().stream().map(ByteAlphabet::bytes).toArray(byte[][]::new);
        for (AddedToken token : vocabulary.added()) {
            tokenBytes[token.id()] = Utf8.bytes(token.content());
        }
        this.pairs = new BytePairs(byteIds(ids), mergeTable(vocabulary, ids));
        this.pieces = new PieceCache(pairs);
        this.specials = new SpecialTokens(vocabulary.added());
        this.endOfText = ids.getOrDefault(Vocabulary.END_OF_TEXT, -1);
    }

    /// The tokenizer of a folder with `tokenizer.json`, or `vocab.json` and `merges.txt`, or all three.
    ///
    /// @throws TokenizerException if a file is missing or damaged, if the files disagree, or if they ask for
    ///                            something that byte-level BPE does not have
    public static Tokenizer load(Path folder) {
        return TokenizerFolder.load(folder);
    }

    /// @throws TokenizerException as [#load]
    public static Tokenizer of(TokenizerFiles files) {
        return of(files, "");
    }

    /// @param where the start of file names in messages, such as `folder/`
    static Tokenizer of(TokenizerFiles files, String where) {
        return new Tokenizer(VocabularyReader.read(files, where), files);
    }

    public static Tokenizer of(Vocabulary vocabulary) {
        return new Tokenizer(vocabulary, new TokenizerFiles(new byte[0], new byte[0], new byte[0]));
    }

    private static int[] byteIds(Map<String, Integer> ids) {
        int[] byteIds = new int[256];
        for (int b = 0; b < 256; b++) {
            byteIds[b] = ids.get(String.valueOf(ByteAlphabet.character(b)));
        }
        return byteIds;
    }

    private static MergeTable mergeTable(Vocabulary vocabulary, Map<String, Integer> ids) {
        MergeTable table = new MergeTable(vocabulary.merges().size());
        int rank = 0;
        for (Vocabulary.Merge merge : vocabulary.merges()) {
            table.put(ids.get(merge.left()), ids.get(merge.right()), rank++, ids.get(merge.product()));
        }
        return table;
    }

    /// The largest id + 1.
    public int size() {
        return tokenBytes.length;
    }

    /// The id of `<|endoftext|>`, or -1 if the vocabulary has none.
    public int endOfText() {
        return endOfText;
    }

    /// `gpt2` or `marks`.
    public String preTokenizer() {
        return vocabulary.preTokenizer().label();
    }

    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /// The ids of `text`. Added tokens such as `<|endoftext|>` in the text become their id: for text of unknown
    /// origin use [#encodeOrdinary].
    ///
    /// @param text a lone surrogate in it counts as U+FFFD
    public int[] encode(String text) {
        byte[] utf8 = Utf8.bytes(text);
        TokenBuffer ids = new TokenBuffer(utf8.length / 3 + 8);
        int from = 0;
        while (from < utf8.length) {
            SpecialTokens.Match special = specials.next(utf8, from);
            encode(utf8, from, special.from(), ids);
            if (special.id() >= 0) {
                ids.add(special.id());
            }
            from = special.to();
        }
        return ids.toArray();
    }

    /// The ids of `text`, in which `<|endoftext|>` is thirteen characters like any others.
    public int[] encodeOrdinary(String text) {
        byte[] utf8 = Utf8.bytes(text);
        TokenBuffer ids = new TokenBuffer(utf8.length / 3 + 8);
        encode(utf8, 0, utf8.length, ids);
        return ids.toArray();
    }

    /// The ids of one piece that the pre-tokenizer does not cut again.
    public int[] encodePiece(byte[] piece) {
        return piece.length == 0
                ? new int[0]
                : pieces.encode(piece, 0, piece.length).clone();
    }

    /// Receives the rank of each merge that a piece goes through, in their order.
    public void trace(byte[] piece, IntConsumer rank) {
        pairs.trace(piece, rank);
    }

    private void encode(byte[] text, int from, int to, TokenBuffer ids) {
        PreTokenizer cutter = vocabulary.preTokenizer();
        int at = from;
        while (at < to) {
            int end = cutter.pieceEnd(text, at, to);
            ids.add(pieces.encode(text, at, end));
            at = end;
        }
    }

    /// The text of `ids`, added tokens included; bytes that are no UTF-8 become U+FFFD.
    ///
    /// @throws TokenizerException if the vocabulary lacks an id
    public String decode(int[] ids) {
        return Utf8.text(decodeBytes(ids));
    }

    /// The bytes of `ids`: what a stream of text is built from, where a character may end in a later token.
    ///
    /// @throws TokenizerException if the vocabulary lacks an id
    public byte[] decodeBytes(int[] ids) {
        int length = 0;
        for (int id : ids) {
            length = Math.addExact(length, bytesOf(id).length);
        }
        byte[] bytes = new byte[length];
        int at = 0;
        for (int id : ids) {
            System.arraycopy(tokenBytes[id], 0, bytes, at, tokenBytes[id].length);
            at += tokenBytes[id].length;
        }
        return bytes;
    }

    /// How many bytes of text token `id` stands for.
    ///
    /// @throws TokenizerException if the vocabulary lacks it
    public int length(int id) {
        return bytesOf(id).length;
    }

    /// Whether the text that token `id` stands for is encoded to it: base merges that come first, or the cuts
    /// between pieces, can leave a token that no text reaches. Added tokens always are.
    public boolean isReachable(int id) {
        byte[] bytes = bytesOf(id);
        byte[] text = Utf8.bytes(Utf8.text(bytes));
        int[] ids = Arrays.equals(bytes, text) ? encode(Utf8.text(bytes)) : encodePiece(bytes);
        return ids.length == 1 && ids[0] == id;
    }

    private byte[] bytesOf(int id) {
        if (id < 0 || id >= tokenBytes.length) {
            throw new TokenizerException(
                    "id " + id + " is in no token: the vocabulary has ids 0 to " + (tokenBytes.length - 1));
        }
        return tokenBytes[id];
    }

    /// All three files. Those that the tokenizer was read from come back byte for byte.
    public TokenizerFiles files() {
        return VocabularyWriter.complete(given, vocabulary);
    }

    /// Writes `vocab.json`, `merges.txt` and `tokenizer.json`.
    ///
    /// @throws dev.vernacular.files.FilesException if one exists and `force` is false, or if it cannot be
    ///   written
    public void save(Path folder, boolean force) {
        TokenizerFolder.save(files(), folder, force);
    }

    /// For a check before long work.
    ///
    /// @throws dev.vernacular.files.FilesException if `folder` has a tokenizer's file and `force` is false
    public static void refuseToReplace(Path folder, boolean force) {
        TokenizerFolder.refuseToReplace(folder, force);
    }

    /// Ids of added tokens, such as `<|endoftext|>`, in ascending order.
    public List<Integer> addedIds() {
        return vocabulary.added().stream().map(AddedToken::id).sorted().toList();
    }
}

package dev.vernacular.data;

import java.util.Locale;
import java.util.Optional;

/// How a `.bin` file stores a token id; `code` is the byte in the `.idx` header. Megatron's codes 6 and 7 are
/// floats, which are no ids.
public enum TokenType {
    UINT8(1, 1, 0, 0xFF),
    INT8(2, 1, Byte.MIN_VALUE, Byte.MAX_VALUE),
    INT16(3, 2, Short.MIN_VALUE, Short.MAX_VALUE),
    INT32(4, 4, Integer.MIN_VALUE, Integer.MAX_VALUE),
    INT64(5, 8, Long.MIN_VALUE, Long.MAX_VALUE),
    UINT16(8, 2, 0, 0xFFFF);

    private static final int UINT16_VOCABULARY_LIMIT = 65_500;

    private final int code;
    private final int bytes;
    private final long smallest;
    private final long largest;

    TokenType(int code, int bytes, long smallest, long largest) {
        this.code = code;
        this.bytes = bytes;
        this.smallest = smallest;
        this.largest = largest;
    }

    /// The type Megatron's `preprocess_data.py` chooses: two bytes below 65,500 tokens, else four.
    public static TokenType forVocabulary(int vocabularySize) {
        return vocabularySize < UINT16_VOCABULARY_LIMIT ? UINT16 : INT32;
    }

    static Optional<TokenType> ofCode(int code) {
        for (TokenType type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    public int code() {
        return code;
    }

    public int bytes() {
        return bytes;
    }

    public boolean holds(long id) {
        return id >= smallest && id <= largest;
    }

    /// NumPy's name, such as `uint16`.
    public String numpyName() {
        return name().toLowerCase(Locale.ROOT);
    }
}

package dev.vernacular.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The first 34 bytes of an `.idx` file and the places of the arrays behind them, which they leave unaligned:
///
/// | at | what |
/// |---|---|
/// | 0 | `MMIDIDX\0\0` |
/// | 9 | u64 version, 1 |
/// | 17 | u8 code of the token type |
/// | 18 | u64 number of sequences N |
/// | 26 | u64 number of document boundaries D: documents + 1 |
/// | 34 | i32 lengths[N], tokens |
/// | 34 + 4N | i64 pointers[N], bytes into `.bin` |
/// | 34 + 12N | i64 boundaries[D], sequence numbers, first 0, last N |
///
/// i8 modes[N] of multimodal datasets may follow and are ignored. All numbers are little-endian.
record IndexHeader(TokenType type, long sequences, long boundaries) {
    static final int BYTES = 34;

    private static final byte[] MAGIC = "MMIDIDX\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] OLD_MAGIC = "TNTIDX".getBytes(StandardCharsets.ISO_8859_1);
    private static final int VERSION_AT = 9;
    private static final int TYPE_AT = 17;
    private static final int SEQUENCES_AT = 18;
    private static final int BOUNDARIES_AT = 26;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    long lengthsAt() {
        return BYTES;
    }

    long pointersAt() {
        return BYTES + 4 * sequences;
    }

    long boundariesAt() {
        return BYTES + 12 * sequences;
    }

    long fileBytes() {
        return boundariesAt() + 8 * boundaries;
    }

    ByteBuffer toBytes() {
        return ByteBuffer.allocate(BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putLong(1)
                .put((byte) type.code())
                .putLong(sequences)
                .putLong(boundaries)
                .flip();
    }

    /// @throws DataException if this is no such header, or the file has not the length it describes
    static IndexHeader read(Path file, MemorySegment index) {
        requireMagic(file, index);
        if (index.byteSize() < BYTES) {
            throw new DataException(file + " ends after " + index.byteSize() + " bytes, within its header of " + BYTES
                    + "\n  The file is truncated: copy it again, or run `vernacular preprocess` again.");
        }
        long version = index.get(LONG, VERSION_AT);
        if (version != 1) {
            throw new DataException(file + " at byte " + VERSION_AT + ": version " + Long.toUnsignedString(version)
                    + ", only version 1 is known");
        }
        int code = index.get(ValueLayout.JAVA_BYTE, TYPE_AT) & 0xFF;
        TokenType type = TokenType.ofCode(code)
                .orElseThrow(() -> new DataException(file + " at byte " + TYPE_AT + ": token type " + code
                        + (code == 6 || code == 7 ? " is floating point, which holds no token ids" : " is unknown")));
        IndexHeader header = new IndexHeader(type, index.get(LONG, SEQUENCES_AT), index.get(LONG, BOUNDARIES_AT));
        header.requireLength(file, index.byteSize());
        return header;
    }

    private static void requireMagic(Path file, MemorySegment index) {
        if (startsWith(index, OLD_MAGIC)) {
            throw new DataException(file + " is an index of the old kind (TNTIDX), which is not memory-mapped\n"
                    + "  Build the dataset again: vernacular preprocess --dataset-impl mmap …");
        }
        if (!startsWith(index, MAGIC)) {
            throw new DataException(file + " at byte 0: no Megatron index, it does not start with MMIDIDX"
                    + (index.byteSize() == 0 ? ": the file is empty" : ""));
        }
    }

    private static boolean startsWith(MemorySegment index, byte[] magic) {
        return index.byteSize() >= magic.length
                && MemorySegment.ofArray(magic).mismatch(index.asSlice(0, magic.length)) < 0;
    }

    private void requireLength(Path file, long fileBytes) {
        long room = fileBytes - BYTES;
        boolean countsFit = sequences >= 0
                && sequences <= room / 12
                && boundaries >= 1
                && boundaries <= (room - 12 * sequences) / 8;
        if (!countsFit || (fileBytes != fileBytes() && fileBytes != fileBytes() + sequences)) {
            throw new DataException(file + " at byte " + SEQUENCES_AT + ": the header names "
                    + Long.toUnsignedString(sequences) + " sequences and " + Long.toUnsignedString(boundaries)
                    + " document boundaries, which does not agree with the file's length of " + fileBytes + " bytes"
                    + "\n  The file is truncated or damaged: copy it again, or run `vernacular preprocess` again.");
        }
    }
}

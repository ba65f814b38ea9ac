package dev.vernacular.data.text;

import dev.vernacular.files.Document;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// The first 128 bits of SHA-256 over a document's texts: equal for equal documents, and for no others that
/// anyone will meet.
record Digest(long high, long low) {
    /// Stands for a digest nobody asked for.
    static final Digest NONE = new Digest(0, 0);

    static Digest of(Document document) {
        MessageDigest sha = sha256();
        for (String text : document.texts()) {
            sha.update(text.getBytes(StandardCharsets.UTF_8));
            sha.update((byte) 0xFF); // no byte of UTF-8: two texts are not one that reads the same
        }
        byte[] hash = sha.digest();
        return new Digest(bigEndian(hash, 0), bigEndian(hash, Long.BYTES));
    }

    private static long bigEndian(byte[] bytes, int from) {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << Byte.SIZE | bytes[from + i] & 0xFF;
        }
        return value;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}

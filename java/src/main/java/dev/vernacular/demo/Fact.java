package dev.vernacular.demo;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Something that the world's texts state: a relation and the country it is about.
record Fact(Relation relation, Country country) {
    /// What a fact tells about a country.
    enum Relation {
        CAPITAL,
        CURRENCY,
        LANGUAGE
    }

    /// A number from 0 to `buckets - 1` that depends on the fact and the purpose alone: which facts and which
    /// wordings are held out is the same in every run and in every language.
    int bucket(int buckets, String purpose) {
        String key = purpose + "/" + relation + "/" + country.code();
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(key.getBytes(StandardCharsets.UTF_8));
            int head = (digest[0] & 0xff) << 16 | (digest[1] & 0xff) << 8 | digest[2] & 0xff;
            return head % buckets;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has MD5", e);
        }
    }
}

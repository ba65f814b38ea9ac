package dev.vernacular.tokenizer.merge;

import dev.vernacular.tokenizer.ByteAlphabet;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.lang.Character.UnicodeScript;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// Adds the tokens and merges of one tokenizer to another. Every base id and merge stays as it is, so embedding
/// rows keep their meaning; new merges follow all of the base's, new tokens its largest id, both in the order
/// of the added tokenizer.
public final class TokenizerMerger {
    /// The merged tokenizer and what was done.
    public record Result(Tokenizer tokenizer, MergeReport report) {}

    /// One pass over the added merges.
    private static final class Admission {
        final List<Merge> merges = new ArrayList<>();
        final Set<String> products = new HashSet<>();
        int inBase;
        int byGuard;
        int withParts;
    }

    private final Tokenizer base;
    private final Vocabulary add;
    private final Guard guard;
    private final PreTokenizer preTokenizer;
    private final Map<String, Integer> baseIds;
    private final Set<Merge> baseMerges;

    private TokenizerMerger(Tokenizer base, Vocabulary add, Guard guard, PreTokenizer preTokenizer) {
        this.base = base;
        this.add = add;
        this.guard = guard;
        this.preTokenizer = preTokenizer;
        this.baseIds = base.vocabulary().ids();
        this.baseMerges = new HashSet<>(base.vocabulary().merges());
    }

    /// @param preTokenizer of the merged tokenizer; the base's own keeps base text cut into the same pieces
    public static Result merge(Tokenizer base, Tokenizer add, Guard guard, PreTokenizer preTokenizer) {
        return new TokenizerMerger(base, add.vocabulary(), guard, preTokenizer).merge();
    }

    private Result merge() {
        Admission admitted = switch (guard) {
            case Guard.None() -> admit(merge -> true);
            case Guard.Script(Set<UnicodeScript> scripts) -> {
                ForeignScripts foreign = new ForeignScripts(scripts);
                yield admit(merge -> foreign.isIn(ByteAlphabet.bytes(merge.product())));
            }
            case Guard.BaseText text -> admitSilent(text);
        };
        Tokenizer merged = Tokenizer.of(vocabulary(admitted));
        return new Result(merged, report(admitted, merged));
    }

    private Admission admit(Predicate<Merge> admits) {
        Admission admission = new Admission();
        for (Merge merge : add.merges()) {
            if (baseMerges.contains(merge)) {
                admission.inBase++;
            } else if (!isThere(merge.left(), admission) || !isThere(merge.right(), admission)) {
                admission.withParts++;
            } else if (!admits.test(merge)) {
                admission.byGuard++;
            } else {
                admission.merges.add(merge);
                admission.products.add(merge.product());
            }
        }
        return admission;
    }

    private boolean isThere(String token, Admission admission) {
        return baseIds.containsKey(token) || admission.products.contains(token);
    }

    /// Takes merges away until none fires on the base text. Taking some away can let others fire, but only in
    /// pieces where one fired before, so each round looks at fewer.
    private Admission admitSilent(Guard.BaseText text) {
        List<byte[]> pieces = new ArrayList<>();
        text.pieces().forEach((piece, count) -> pieces.add(piece));
        Set<Merge> loud = new HashSet<>();
        while (true) {
            Admission admission = admit(merge -> !loud.contains(merge));
            BitSet fired = new BitSet();
            Tokenizer merged = Tokenizer.of(vocabulary(admission));
            pieces.removeIf(piece -> !fires(merged, piece, fired));
            if (fired.isEmpty()) {
                return admission;
            }
            fired.stream().forEach(i -> loud.add(admission.merges.get(i)));
        }
    }

    /// Whether an added merge fires on `piece`; marks which.
    private boolean fires(Tokenizer merged, byte[] piece, BitSet fired) {
        int first = base.vocabulary().merges().size();
        boolean[] any = {false};
        merged.trace(piece, rank -> {
            if (rank >= first) {
                fired.set(rank - first);
                any[0] = true;
            }
        });
        return any[0];
    }

    private Vocabulary vocabulary(Admission admission) {
        Vocabulary old = base.vocabulary();
        List<Merge> merges = new ArrayList<>(old.merges());
        merges.addAll(admission.merges);
        List<String> tokens = new ArrayList<>(old.tokens());
        List<AddedToken> added = new ArrayList<>(old.added());
        AddedToken[] special = new AddedToken[add.tokens().size()];
        add.added().forEach(token -> special[token.id()] = token);
        for (int id = 0; id < special.length; id++) {
            String token = add.tokens().get(id);
            boolean isWanted = special[id] != null || guard instanceof Guard.None || admission.products.contains(token);
            if (isWanted && !baseIds.containsKey(token)) {
                if (special[id] != null) {
                    added.add(new AddedToken(tokens.size(), token, special[id].special()));
                }
                tokens.add(token);
            }
        }
        return new Vocabulary(tokens, merges, added, preTokenizer);
    }

    private MergeReport report(Admission admission, Tokenizer merged) {
        int unreachable = (int) IntStream.range(base.size(), merged.size())
                .filter(id -> !merged.isReachable(id))
                .count();
        return new MergeReport(
                guard.label(),
                merged.preTokenizer(),
                base.size(),
                merged.size(),
                merged.size() - base.size(),
                admission.merges.size(),
                admission.inBase,
                admission.byGuard,
                admission.withParts,
                unreachable,
                changedCharacters(merged));
    }

    private List<String> changedCharacters(Tokenizer merged) {
        Set<UnicodeScript> scripts = guard instanceof Guard.Script script ? script.baseScripts() : Guard.LATIN;
        return IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                .filter(c -> scripts.contains(UnicodeScript.of(c)))
                .mapToObj(Character::toString)
                .filter(c -> isChanged(merged, c) || isChanged(merged, " " + c))
                .toList();
    }

    private boolean isChanged(Tokenizer merged, String text) {
        return !Arrays.equals(base.encodeOrdinary(text), merged.encodeOrdinary(text));
    }
}

package dev.vernacular.eval;

/// How far a model has moved from the one it was made from, on a text in the ids that both know.
///
/// @param positions   tokens compared
/// @param klBaseIds   mean of KL(before ‖ after) over the base tokenizer's ids, each renormalised, nats
/// @param greedy      share of positions where both would choose the same token
/// @param newIdMass   mean probability that the later model gives to ids that the base tokenizer lacks
public record Agreement(long positions, double klBaseIds, double greedy, double newIdMass) {}

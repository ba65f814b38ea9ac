/// The whole job on one model: tokenizer, expansion, data, continual pre-training with replay, evaluation,
/// report. Each stage is skipped when its output is whole and its inputs are unchanged.
package dev.vernacular.adapt;

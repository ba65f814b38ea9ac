/// JMH benchmarks, one class per operation or pipeline stage.
package dev.vernacular.bench;

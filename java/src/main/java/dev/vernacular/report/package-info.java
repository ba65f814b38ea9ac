/// One self-contained HTML page that shows what a model gained and lost: numbers in, page out.
package dev.vernacular.report;

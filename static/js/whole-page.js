// Nothing to do: a module runs when the whole page has been read, and this one holds the first
// paint until then (blocking="render"). Rows are justified, so a half-read grid would move.

"""From a document's text to a result: measure, validate, execute, mask. Knows no room."""

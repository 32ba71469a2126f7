"""Pure words that every floor speaks: ids, moments, money, refusals, events, pages. Imports nothing of Fedele."""
